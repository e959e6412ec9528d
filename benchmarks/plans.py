"""Whether every list that a page links to walks an index: `python benchmarks/plans.py --issues 100000`.

Opens the lists of all that three readers are offered on their first pages, with every order and filter that these link
to, explains each statement, and prints those that go through a whole table of issues, comments or history, or that read
more than a few thousand pages of the database. Ends with an error where there is one.
"""

import argparse
import re
import sys
from html import unescape
from urllib.parse import urljoin

import machine
from pages import READING, explain, filled
from points import ROLES, Reader, begin

LARGE = {"issues_issue", "issues_comment", "issues_issuelabel", "history_event", "history_change", "issue_document"}
LINK = re.compile(r'href="([^"#]+)"')
LIST = re.compile(r"^(/products/[A-Z0-9]+)?/issues/(\?.*)?$|^/views/\d+/|^/$|^/triage/")
# Counts and sections go to a thousand rows, each of which may be on a page of its own.
PAGES = 12_000


def linked(client, address):
    """Return the addresses of lists that the page at `address` links to."""
    text = client.get(address).content.decode()
    found = (urljoin(address, unescape(link)) for link in LINK.findall(text))
    return {link for link in found if LIST.match(link) and "cursor=" not in link}


def statements(client, address):
    """Return the statements that read, as they are sent for the page at `address`."""
    from django.db import connection

    caught = []

    def catch(execute, sql, params, many, context):
        caught.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(catch):
        answer = client.get(address)
    if answer.status_code not in (200, 302):
        sys.exit(f"{address}: {answer.status_code}")
    return [(sql, params) for sql, params in caught if sql.startswith(READING)]


def scanned(plan):
    """Yield the large tables that a plan goes through from end to end, as far as it was executed."""
    if plan["Node Type"] == "Seq Scan" and plan["Relation Name"] in LARGE and plan.get("Actual Loops"):
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from scanned(part)


def check(reader):
    """Return `(number of lists, rows of a table)` of what is wrong for one reader."""
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    if reader.user:
        client.force_login(reader.user)
    pages = ["/issues/", f"/products/{reader.home}/issues/"]
    wanted = sorted({*pages, *(link for page in pages for link in linked(client, page))})
    wrong = []
    for address in wanted:
        plans = [explain(sql, params) for sql, params in statements(client, address)]
        tables = sorted({table for plan in plans for table in scanned(plan)})
        read = sum(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for plan in plans)
        if tables or read > PAGES:
            wrong.append([reader.role, address, ", ".join(tables) or None, f"{read:,}"])
    return len(wanted), wrong


def main():
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--issues", type=int, default=100_000)
    parser.add_argument("--products", type=int, default=1000)
    parser.add_argument("--database", metavar="URL", help="one that is filled already")
    options = parser.parse_args()
    options.sqlite, options.port = False, None
    with filled(options) as env:
        begin(env)
        found = [check(Reader(role)) for role in ROLES]
    wrong = [row for _count, rows in found for row in rows]
    print(f"{machine.describe()}; {sum(count for count, _rows in found)} lists, {len(wrong)} not by an index alone\n")
    if wrong:
        machine.print_table(["reader", "list", "goes through", "database pages"], wrong)
        sys.exit(1)


if __name__ == "__main__":
    main()
