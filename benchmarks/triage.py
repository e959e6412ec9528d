"""How fast a queue is worked by keys in a real browser: `python benchmarks/triage.py FILE.archive.json.gz`.

Imports the issues of an archive (format `ietf`) with `--triage` into a fresh SQLite database, serves it, and decides on
each open one by keyboard alone: accept, decline, snooze and ask in turn. Prints seconds a decision, as far as the
program has a part in it (from the first key to the next issue on the screen, with its answer saved), and the
milliseconds from the last key of a decision to the next issue on the screen, as the browser itself counts them: until
the frame after the one in which it is drawn.
"""

import argparse
import itertools
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import machine
from playwright.sync_api import sync_playwright

from tests import browsers

ROOT = Path(__file__).resolve().parent.parent
DECISIONS = {"accept": ["1"], "decline": ["3", "2"], "snooze": ["h", "1"], "ask": ["n"]}
HEADINGS = ("decision", "how many", "seconds, median", "most", "next issue, ms, median", "most")
CLOCK = """
addEventListener("keydown", (event) => { window.pressed = event.timeStamp; }, true);
new MutationObserver(() => {
  const shown = document.querySelector("article[data-shown]")?.dataset.shown;
  if (shown === window.shown) return;
  window.shown = shown;
  requestAnimationFrame(() => requestAnimationFrame((now) => { window.took = now - window.pressed; }));
}).observe(document, { subtree: true, childList: true, attributes: true });
"""
QUESTION = "Which version is this about?"
PASSWORD = "only-for-this-run"  # noqa: S105 (of a database that is removed at the end)
PERSON = {
    "DJANGO_SUPERUSER_USERNAME": "ben",
    "DJANGO_SUPERUSER_EMAIL": "ben@example.org",
    "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
}


def manage(env, *arguments):
    """Run a command of the project."""
    subprocess.run([sys.executable, ROOT / "manage.py", *arguments], env=env, check=True, capture_output=True)


def decide(page, keys):
    """Decide on the issue that is shown. Return seconds of the whole, and milliseconds until the next issue."""
    key = page.locator("article[data-shown]").get_attribute("data-shown")
    page.evaluate("window.took = null")
    begun = time.perf_counter()
    for one in keys:
        page.keyboard.press(one)
    if keys == ["n"]:
        # Whoever filed them came in by the import, and cannot be asked.
        page.locator("#decide-ask:focus").wait_for()
        page.keyboard.type("ben")
        page.keyboard.press("Tab")
        page.keyboard.type(QUESTION)
        page.keyboard.press("Control+Enter")
    page.wait_for_function("key => document.querySelector('article[data-shown]')?.dataset.shown !== key", arg=key)
    page.locator(".toast", has_text=key).wait_for()
    seconds = time.perf_counter() - begun
    return seconds, page.wait_for_function("window.took").json_value()


def main():
    """Import, serve, decide, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--port", default="8190")
    options = parser.parse_args()
    with machine.environment("", options.port) as env:
        manage(env, "migrate")
        manage({**env, **PERSON}, "createsuperuser", "--noinput")
        manage(env, "import_issues", "--format", "ietf", "--product", "IETF", "--triage", str(options.file))
        server = subprocess.Popen([sys.executable, ROOT / "manage.py", "serve"], env=env, stdout=subprocess.DEVNULL)
        try:
            work(env["SITE_URL"])
        finally:
            server.terminate()
            server.wait()


def work(address):
    """Sign in, decide on all that is in the queue, and print how long it took."""
    for _attempt in range(120):
        try:
            urllib.request.urlopen(f"{address}/status/")
            break
        except OSError:
            time.sleep(0.5)
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=browsers.find(windows=True), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(CLOCK)
        page.goto(f"{address}/accounts/login/")
        page.fill("[name=username]", "ben")
        page.fill("[name=password]", PASSWORD)
        page.click(".signin-card .button-primary")
        page.wait_for_url(lambda url: "login" not in url)
        page.goto(f"{address}/triage/")
        page.locator("html[data-ready]").wait_for(state="attached")
        took = {name: [] for name in DECISIONS}
        for name in itertools.cycle(DECISIONS):
            left = page.locator(".queue-row").count()
            if not left:
                break
            page.wait_for_load_state("networkidle")
            whole, following = decide(page, DECISIONS[name])
            # After the last one there is none to be shown.
            took[name].append((whole, following if left > 1 else None))
        browser.close()
    rows = [row(name, some) for name, some in took.items()]
    machine.print_table(HEADINGS, [*rows, row("all", list(itertools.chain(*took.values())))])


def row(name, took):
    """Return a row of the table of `took`, pairs of seconds and milliseconds."""
    wholes, nexts = [whole for whole, _next in took], [one for _whole, one in took if one is not None]
    seconds = [f"{statistics.median(wholes):.2f}", f"{max(wholes):.2f}"]
    return [name, str(len(took)), *seconds, f"{statistics.median(nexts):.0f}", f"{max(nexts):.0f}"]


if __name__ == "__main__":
    main()
