"""The parts of pages that many tests look at."""


def row(page, key):
    """Return the row of an issue in a list."""
    return page.locator(f'.issue-row[data-issue="{key}"]')


def link(page, key):
    """Return the link of a row to its issue."""
    return row(page, key).locator(".issue-link")


def heading(page):
    """Return the title of the report that the queue shows."""
    return page.locator(".triage-issue-title")


def toast(page):
    """Return the newest message."""
    return page.locator(".toast").last
