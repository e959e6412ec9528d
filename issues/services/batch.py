"""The door for many issues at once: imports, the loading of volumes, demonstrations.

It takes plain records with their past and writes issues, numbers, labels, comments, events and changes set-wise, in
transactions of at most 500 issues. Rules and record are those of the door for a single issue.
"""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain, islice

from django.db import Error, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from history import log
from history.errors import Conflict
from history.models import Batch, Change, Event, Kind
from issues import fulltext, rules, similar
from issues.choices import Resolution
from issues.models import Category, Issue, IssueCounter, IssueLabel, IssueNumber, Watch
from issues.services.issues import count_votes, lock_family
from issues.services.records import build_rows, told
from issues.services.rows import commit_without_waiting, insert_rows, insert_values, next_ids, number_rows
from products.access import authorize
from products.linking import known_keys

CHUNK = 500


def write_batch(records, *, actor, via, batch=None, on_progress=None):
    """Write `records` (IssueRecords; any iterable, taken in a thread of its own, where it cannot ask the database).

    Returns the Batch.
    `actor` None is the site itself. `batch` carries on with one begun before; `on_progress(count)` is called after
    each transaction. Events of an import are born delivered. Raises Forbidden, Conflict where the batch was undone
    meanwhile, or ValidationError that says which record it is: then nothing of its transaction is written, what came
    before stays, and the batch has failed, as it has where this is interrupted.
    """
    batch = batch or log.open_batch(actor=actor, via=via, total=0, done=0, state=Batch.State.RUNNING)
    first_status, known = rules.first_status(Category.TRIAGE), known_keys()
    records = iter(records)

    def build():
        return build_rows(islice(records, CHUNK), batch, first_status, known)

    try:
        # The next rows are built while those before them are written.
        with ThreadPoolExecutor(1) as builder:
            ahead = builder.submit(build)
            while (rows := ahead.result()).issues:
                ahead = builder.submit(build)
                _write(rows, batch, on_progress)
    except BaseException:
        # What has ended it is told, also where the database takes nothing more.
        with suppress(Error):
            _end(batch, Batch.State.FAILED)
        raise
    with transaction.atomic():
        _refuse_undone(batch)
        return _end(batch, Batch.State.DONE)


def _end(batch, state):
    batch.state = state
    batch.save(update_fields=["state"])
    return batch


def _write(rows, batch, on_progress):
    count = len(rows.issues)
    with transaction.atomic():
        # The last commit, that the batch is done, waits for the disk, and so for all that came before it.
        commit_without_waiting()
        _refuse_undone(batch)
        if batch.actor is not None:
            for product in {issue.product_id: issue.product for issue in rows.issues}.values():
                authorize(batch.actor, "import", product)
        _number(rows.issues)
        _insert(rows)
        batch.total += count
        batch.done += count
        batch.save(update_fields=["total", "done"])
    if on_progress:
        on_progress(count)


def _refuse_undone(batch):
    """Lock `batch`. Raises Conflict where it is undone: nothing of it may come in any more."""
    if Batch.objects.select_for_update().values_list("undone_by", flat=True).get(pk=batch.pk) is not None:
        raise Conflict(_("This has been undone meanwhile."), "undone")


def _number(issues):
    """Give the issues their ids and numbers; the counters of their products are locked until the end."""
    by_product = defaultdict(list)
    for issue in issues:
        by_product[issue.product_id].append(issue)
    counters = _locked_counters(by_product)
    for counter in counters:
        _count(by_product[counter.product_id], counter)
    _save_counters(counters)
    number_rows(issues)


def _locked_counters(products):
    # All products at once: the issues of one transaction may belong to hundreds.
    new = [IssueCounter(product_id=product) for product in sorted(products)]
    IssueCounter.objects.bulk_create(new, ignore_conflicts=True)
    return list(IssueCounter.objects.select_for_update().filter(product__in=products).order_by("product"))


def _save_counters(counters):
    IssueCounter.objects.bulk_create(counters, update_conflicts=True, update_fields=["last"], unique_fields=["product"])


def reserve_numbers(highest):
    """Leave the numbers up to the `highest`, `{id of the product: number}`, to what is imported from now on.

    The counters of the products are locked until the transaction ends.
    """
    counters = _locked_counters(highest)
    for counter in counters:
        counter.last = max(counter.last, highest[counter.product_id])
    _save_counters(counters)


def _count(issues, counter):
    """Number the `issues` of one product that have no number, above all that were ever given, and move `counter`."""
    counter.last = max([counter.last, *(issue.number for issue in issues)])
    for issue in issues:
        if not issue.number:
            counter.last += 1
            issue.number = counter.last


def _insert(rows):
    """Insert all rows; the log of each issue is told in the order of its numbers."""
    comments = number_rows([one.comment for one in rows.told if one.comment])
    for one, pk in zip(rows.told, next_ids(Event, len(rows.told)), strict=True):
        if one.event["kind"] == Kind.CREATED:
            one.event["state"]["number"] = one.issue.number
        about = one.comment or one.issue
        one.event |= {"id": pk, "issue_id": one.issue.pk, "about_id": about.pk}
        if one.comment:
            # Not by setattr: it would forget the issue, whose id is known only now.
            one.comment.__dict__["issue_id"] = one.issue.pk
    insert_rows(rows.issues)
    numbers = ((issue.product_id, issue.number, issue.pk) for issue in rows.issues)
    insert_values(IssueNumber, ("product_id", "number", "issue_id"), numbers)
    labels = ((issue.pk, label.pk) for issue in rows.issues for label in issue.label_list)
    insert_values(IssueLabel, ("issue_id", "label_id"), labels)
    watches = (
        (issue.pk, user.pk, True, issue.created_at)
        for issue, watchers in zip(rows.issues, rows.watchers, strict=True)
        for user in watchers
    )
    insert_values(Watch, ("issue_id", "user_id", "wanted", "created_at"), watches)
    insert_rows(comments)
    fulltext.index_spelled(zip((issue.pk for issue in rows.issues), rows.documents, strict=True))
    similar.post_later([issue.pk for issue in rows.issues])
    insert_values(Event, list(rows.told[0].event), (one.event.values() for one in rows.told))
    changes = ((one.event["id"], one.issue.pk, *change, one.event["at"]) for one in rows.told for change in one.changes)
    insert_values(Change, ("event_id", "issue_id", *log.Row._fields, "at"), changes)


def link_duplicates(pairs, *, batch):
    """Note which issues of an import are duplicates: `pairs` of `(id, id of the original)`. Return how many were set.

    What has, or once had, an original is left alone, and so is what would close a circle. The event goes into
    `batch`, is dated like the closing of the issue, and does not move when it was updated. Raises Conflict where the
    batch was undone meanwhile.
    """
    originals = dict(Issue.objects.filter(duplicate_of__isnull=False).values_list("pk", "duplicate_of"))
    pairs, written = list(pairs), 0
    while pairs:
        chunk, pairs = dict(pairs[:CHUNK]), pairs[CHUNK:]
        count, left = _link_chunk(chunk, originals, batch)
        written += count
        pairs += left
    return written


@transaction.atomic
def _link_chunk(wanted, originals, batch):
    """Return how many of the pairs `wanted` were linked, and those whose way up has become another meanwhile."""
    _refuse_undone(batch)
    named = {*wanted, *chain.from_iterable(_way_up(originals, target) for target in wanted.values())}
    lock_family(*named)
    originals |= dict(Issue.objects.filter(pk__in=named).values_list("pk", "duplicate_of"))
    ways = {pk: _way_up(originals, target) for pk, target in wanted.items()}
    left = [(pk, wanted[pk]) for pk, way in ways.items() if not named.issuperset(way)]
    wanted = {pk: way[-1] for pk, way in ways.items() if named.issuperset(way)}
    known = Change.objects.filter(issue__in=wanted, field="duplicate_of").values("issue")
    issues = Issue.objects.select_related("product").order_by("pk")
    issues = issues.filter(pk__in=wanted, duplicate_of=None, resolution=Resolution.DUPLICATE).exclude(pk__in=known)
    targets = Issue.objects.select_related("product").in_bulk(set(wanted.values()))
    linked, built = [], []
    for issue in issues:
        target = targets.get(wanted[issue.pk])
        if target is None or issue.pk in _way_up(originals, target.pk):
            continue
        originals[issue.pk] = target.pk
        issue.duplicate_of = target
        issue.lock_version += 1
        linked.append(issue)
        change = {"duplicate_of": (None, log.freeze(target))}
        one = told(batch, Kind.CHANGED, issue, None, issue.closed_at, changes=change)
        built.append((one.event, one.changes))
    Issue.objects.bulk_update(linked, ["duplicate_of"])
    counted = Issue.objects.filter(pk__in=[issue.pk for issue in linked])
    counted.update(lock_version=F("lock_version") + 1, event_count=F("event_count") + 1)
    log.record_all(built)
    count_votes(*{issue.duplicate_of_id for issue in linked})
    return len(linked), left


def _way_up(originals, pk):
    """Return the issue `pk` and those above it, of which the last, its original, is none's duplicate itself."""
    way = [pk]
    while (above := originals.get(way[-1])) is not None and above not in way:
        way.append(above)
    return way
