"""How long one change of ten thousand issues takes, and how long others wait for it: `python benchmarks/bulk.py`.

On the PostgreSQL server of DATABASE_URL, or one started for the purpose, with invented issues. Prints seconds for the
preview, the change and its undo, and for the change the longest transaction: no other writer waits for longer.
"""

import argparse
import json
import time

import machine


def measure(count):
    """Fill the database of DATABASE_URL, change all of it, and print what it took as JSON."""
    import django

    django.setup()
    from django.core.management import call_command

    from accounts.services import create_user
    from issues import services
    from issues.models import Issue
    from issues.services import bulk
    from products.models import Product

    call_command("migrate", verbosity=0)
    call_command("load_volume", issues=count, products=6, verbosity=0)
    actor = create_user(actor=None, via="web", username="bench", is_staff=True, is_superuser=True)
    ids = list(Issue.objects.order_by("pk").values_list("pk", flat=True)[:count])
    products = Product.objects.values_list("pk", flat=True)
    plan = bulk.Plan({pk: {"priority": 4, "due_on": None} for pk in products})
    told = {}
    begun = time.perf_counter()
    told["matched"] = len(ids)
    told["changes"] = bulk.preview(ids, plan, actor=actor).changes
    told["preview"] = time.perf_counter() - begun
    begun, longest = time.perf_counter(), 0
    batch = bulk.change(ids, plan, actor=actor, via="api")
    while batch.state == batch.State.RUNNING:
        step = time.perf_counter()
        batch = bulk.carry_on(batch)
        longest = max(longest, time.perf_counter() - step)
    told |= {"change": time.perf_counter() - begun, "longest": longest, "changed": batch.todo["changes"]}
    begun = time.perf_counter()
    services.resume(services.undo(batch, actor=actor, via="api"))
    told["undo"] = time.perf_counter() - begun
    print(json.dumps(told))


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--issues", type=int, default=10_000)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.issues)
        return
    with machine.postgresql() as server, machine.database(server, "bench_bulk") as url, machine.environment(url) as env:
        told = json.loads(machine.run(env, __file__, "--measure", "--issues", str(options.issues)).splitlines()[-1])
    print(f"{told['matched']:,} issues: preview {told['preview']:.1f} s, {told['changes']:,} would change")
    print(
        f"{told['changed']:,} changed in {told['change']:.1f} s; the longest transaction took {told['longest']:.2f} s"
    )
    print(f"undone in {told['undo']:.1f} s")


if __name__ == "__main__":
    main()
