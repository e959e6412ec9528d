"""How fast a queue is worked by keys in a real browser: `python benchmarks/triage.py FILE.archive.json.gz`.

Imports the issues of an archive (format `ietf`) with `--triage` into a fresh SQLite database, serves it, and decides on
each open one by keyboard alone: accept, decline, snooze and ask in turn. Prints seconds a decision, as far as the
program has a part in it (from the first key to the next issue on the screen, with its answer saved), and the
milliseconds from the last key of a decision to the next issue on the screen.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
KEYS = (["1"], ["3", "2"], ["h", "1"], ["n"])
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
    """Decide on the issue that is shown. Return seconds of the whole, and from the last key to the next issue."""
    key = page.locator("article[data-shown]").get_attribute("data-shown")
    begun = time.perf_counter()
    for one in keys:
        page.keyboard.press(one)
    last = time.perf_counter()
    if keys == ["n"]:
        # Whoever filed them came in by the import, and cannot be asked.
        page.locator("#decide-ask:focus").wait_for()
        page.keyboard.type("ben")
        page.keyboard.press("Tab")
        page.keyboard.type(QUESTION)
        last = time.perf_counter()
        page.keyboard.press("Control+Enter")
    page.wait_for_function("key => document.querySelector('article[data-shown]')?.dataset.shown !== key", arg=key)
    shown = time.perf_counter()
    page.locator(".toast", has_text=key).wait_for()
    return time.perf_counter() - begun, shown - last


def main():
    """Import, serve, decide, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--port", default="8190")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "DATA_DIR": folder, "PORT": options.port, "DATABASE_URL": ""}
        manage(env, "migrate")
        manage({**env, **PERSON}, "createsuperuser", "--noinput")
        manage(env, "import_issues", "--format", "ietf", "--product", "IETF", "--triage", str(options.file))
        server = subprocess.Popen([sys.executable, ROOT / "manage.py", "serve"], env=env, stdout=subprocess.DEVNULL)
        try:
            work(f"http://localhost:{options.port}")
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
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}/accounts/login/")
        page.fill("[name=username]", "ben")
        page.fill("[name=password]", PASSWORD)
        page.click(".signin-card .button-primary")
        page.wait_for_url(lambda url: "login" not in url)
        page.goto(f"{address}/triage/")
        page.locator("html[data-ready]").wait_for(state="attached")
        wholes, nexts = [], []
        while page.locator("article[data-shown]").count():
            left = page.locator(".queue-row").count()
            page.wait_for_load_state("networkidle")
            whole, following = decide(page, KEYS[len(wholes) % len(KEYS)])
            wholes.append(whole)
            if left > 1:
                nexts.append(following)
        browser.close()
    print(f"{len(wholes)} decisions: {statistics.median(wholes):.2f} s each at the median, {max(wholes):.2f} s at most")
    print(
        f"next issue after the last key: {statistics.median(nexts) * 1000:.0f} ms, {max(nexts) * 1000:.0f} ms at most"
    )


if __name__ == "__main__":
    main()
