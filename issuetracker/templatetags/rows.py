"""A row of the list of issues, made without a template: a page shows a hundred of them, and it is most of its work."""

from functools import lru_cache
from html import escape
from math import ceil
from urllib.parse import quote

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from issues.choices import Severity
from issuetracker.templatetags.ui import ago, avatar_of, icon, priority_glyph, status_glyph

register = template.Library()

REMEMBERED = 2000
# Below this a severity is not said in a row.
SAID_FROM = Severity.S2


@register.simple_tag
def issue_row(issue, columns, reference=""):
    """Return the row of `issue`, a Row, with these columns; `reference` says which list it stands in.

    All that people wrote is escaped.
    """
    key = issue.key
    address = f"/issues/{key}/"
    link = f"{address}?list={quote(reference, safe='')}" if reference else address
    closed = " is-closed" if issue.closed_at else ""
    cells = "".join([CELLS[name](issue, address) for name in columns])
    parts = (
        f'<tr class="issue-row{closed}" data-issue="{key}" data-seen="{issue.lock_version}">',
        f'<td class="select-cell">{_box(issue, key)}</td>',
        f'<td class="col-priority">{_cell(issue, address, "priority", priority_glyph(issue))}</td>',
        f'<td class="col-key key">{key}</td>',
        f'<td class="col-status">{_status(issue, address)}</td>',
        f'<td class="col-title">{_title(issue, key, address, link)}{_snippet(issue)}</td>',
        cells,
        _meta(issue, key),
        "</tr>",
    )
    return mark_safe("".join(parts))  # noqa: S308 (escaped piece by piece)


@register.simple_tag
def column_head(name, said, heads, *, css="", quiet=False):
    """Return the head of a column, which is a link where `heads`, as `Listing.heads` has them, holds an order for it.

    The words of a `quiet` one are for screen readers, and for who points at it.
    """
    shown = format_html('<span class="visually-hidden">{}</span>', said) if quiet else said
    way = ""
    if heads and name in heads:
        address, descending, chosen = heads[name]
        way = ("descending" if descending else "ascending") if chosen else ""
        sign = icon("chevron-down" if descending else "chevron-up")
        shown = format_html('<a class="sort-head" href="{}" title="{}">{}{}</a>', address, said, shown, sign)
    sort = format_html(' aria-sort="{}"', way) if way else ""
    return format_html('<th scope="col" class="col-{} {}"{}>{}</th>', name, css, sort, shown)


@register.filter
def key_width(issues):
    """Return the class of a column in which the longest key of `issues` has room; M and W count for more."""
    longest = max((len(issue.key) + (issue.key.count("M") + issue.key.count("W")) / 2 for issue in issues), default=0)
    return f"key-{2 * ceil(longest / 2)}"


def _cell(issue, address, field, shown, css="cell"):
    """Return what is `shown` of a field: a link to change it, which a script opens as a menu, for who may."""
    if field not in issue.in_place:
        return shown
    return f'<a class="{css}" href="{address}" data-field="{field}">{shown}</a>'


def _box(issue, key):
    """Return the box that selects the row, in the form `selection` of the page, for who may change something in it."""
    if not issue.in_place:
        return ""
    said = _words(get_language()).select
    return f'<input type="checkbox" name="ids" value="{issue.id}" form="selection" aria-label="{said} {key}">'


def _status(issue, address):
    shown = status_glyph(issue.status__category, issue.resolution, issue.status__name)
    if "status" in issue.in_place:
        shown = f'<span class="visually-hidden">{_("Status")}: </span>{shown}'
    return _cell(issue, address, "status", shown)


def _title(issue, key, address, link):
    words = _words(get_language())
    title = _marked(issue.marked) or escape(issue.title)
    return (
        f'<div class="issue-title"><a class="issue-link" href="{link}">{title}</a>'
        f"{words.confidential if issue.confidential else ''}{_severity(issue)}{_labels(issue, address, words)}"
        f'<button type="button" class="peek-button" data-peek title="{words.peek}">{icon("eye", "icon-s")}'
        f'<span class="visually-hidden">{words.peek_at} {key}</span></button></div>'
    )


def _labels(issue, address, words):
    shown = "".join([_label(label["name"], label["colour"]) for label in issue.label_rows])
    if "labels" in issue.in_place:
        css = "labels cell" if shown else "labels cell is-empty"
        return _cell(issue, address, "labels", (shown or icon("tag", "icon-s")) + words.labels, css)
    return f'<span class="labels">{shown}</span>' if shown else ""


@lru_cache(REMEMBERED)
def _label(name, colour):
    name = escape(name)
    dot = f'<span class="dot is-{colour}"></span>'
    return f'<span class="label" title="{name}">{dot}<span class="name">{name}</span></span>'


def _severity(issue):
    return _severity_mark(issue.severity, get_language()) if issue.severity >= SAID_FROM else ""


@lru_cache(REMEMBERED)
def _severity_mark(rank, _language):
    rank = Severity(rank)
    said = f'<span class="visually-hidden">{_("Severity")} </span>{rank.label}'
    return f'<span class="severity is-{rank.name.lower()}">{said}</span>'


def _snippet(issue):
    if not issue.snippet:
        return ""
    return f'<div class="snippet">{_marked(issue.snippet)}</div>'


def _marked(pieces):
    return "".join([f"<mark>{escape(piece)}</mark>" if is_hit else escape(piece) for piece, is_hit in pieces])


def _named(column, name):
    return f'<td class="col-{column}">{escape(name or "")}</td>'


def _time(when):
    local = timezone.localtime(when)
    # Of the framework's formats, each would take as long as all the rest of a cell.
    full = f"{local.day} {local:%B %Y, %H:%M}"
    return f'<time datetime="{local.replace(microsecond=0).isoformat()}" title="{full}">{ago(when)}</time>'


def _due(issue, _address):
    if not issue.due_on:
        return '<td class="col-due"></td>'
    day = f"{issue.due_on.day} {issue.due_on:%b %Y}"
    return f'<td class="col-due"><time datetime="{issue.due_on.isoformat()}">{day}</time></td>'


def _comments(issue, _address):
    count = issue.comment_count
    words = _words(get_language())
    said = words.comment if count == 1 else words.comments
    shown = f'<span class="comments">{icon("comment")}{count}{said}</span>' if count else ""
    return f'<td class="col-comments">{shown}</td>'


def _assignee(issue, address):
    username, name = issue.assignee__username, issue.assignee__display_name
    shown = _avatar(username, name or username) if username else _avatar("", _("Nobody"))
    if "assignee" in issue.in_place:
        shown = f'<span class="visually-hidden">{_("Assignee")}: </span>{shown}'
    return f'<td class="col-assignee">{_cell(issue, address, "assignee", shown)}</td>'


@lru_cache(REMEMBERED)
def _avatar(username, name):
    return f'{avatar_of(username, name)}<span class="visually-hidden">{escape(name)}</span>'


def _meta(issue, key):
    """Return the second line of a row on a small screen, where the cells that say the same are left out."""
    labels = "".join([_short_label(label["name"], label["colour"]) for label in issue.label_rows])
    component = escape(issue.component__name or "")
    return (
        f'<td class="col-meta">{priority_glyph(issue)}<span class="nowrap">{key}</span>'
        f'{_severity(issue)}<span class="nowrap">{component}</span>{labels}</td>'
    )


@lru_cache(REMEMBERED)
def _short_label(name, colour):
    return f'<span class="nowrap meta-label"><span class="dot is-{colour}"></span> {escape(name)}</span>'


class Words:
    """The fixed words of a row in the present language."""

    def __init__(self):
        hidden = '<span class="visually-hidden">{}</span>'
        self.confidential = icon("lock", "icon-s") + hidden.format(_("confidential"))
        self.labels = hidden.format(_("Labels"))
        self.comment, self.comments = hidden.format(f" {_('comment')}"), hidden.format(f" {_('comments')}")
        self.select = _("Select")
        self.peek, self.peek_at = _("Peek"), _("Peek at")


@lru_cache
def _words(_language):
    return Words()


CELLS = {
    "component": lambda issue, _address: _named("component", issue.component__name),
    "milestone": lambda issue, _address: _named("milestone", issue.milestone__name),
    "version": lambda issue, _address: _named("version", issue.version__name),
    "author": lambda issue, _address: _named("author", issue.author__display_name or issue.author__username),
    "created": lambda issue, _address: f'<td class="col-created">{_time(issue.created_at)}</td>',
    "due": _due,
    "votes": lambda issue, _address: f'<td class="col-votes">{issue.votes or ""}</td>',
    "comments": _comments,
    "assignee": _assignee,
    "updated": lambda issue, _address: f'<td class="col-updated updated">{_time(issue.updated_at)}</td>',
}
