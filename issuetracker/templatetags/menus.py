"""What stands in the menus of an issue's fields, and in the side bar.

A template could say it, and takes several times as long for these dozens of lines: about half of the whole page.
"""

from functools import lru_cache

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from issues.choices import Category, Resolution
from issuetracker.templatetags.ui import REMEMBERED, glyph_of, invalid, letters, status_glyph, tint_of

register = template.Library()

# A site has a few hundred, of which each issue shows some fifty.
REMEMBERED_ITEMS = 5000
# The others are found by typing.
OFFERED_PEOPLE = 30
# So many of a menu have a digit each.
DIGITS = 9
NO_MORE = SafeString("")
PRESSED, CHECKED = SafeString(' aria-pressed="true"'), SafeString(" checked")
CURRENT, DECLINES = SafeString(' aria-current="page"'), SafeString(' data-action="decline" data-only-focus')


def _items(name, rows):
    """Return buttons that set the field `name`; rows are `(value, whether it is set to that, what it says, more)`."""
    return SafeString("".join([_item(name, *row) for row in rows]))


def _numbered(name, rows):
    """Return the same with a digit that chooses each, where there is one for all."""
    rows = list(rows)
    return _items(name, [(*row, digit) for digit, row in enumerate(rows, 1)] if len(rows) <= DIGITS else rows)


# What is safe is no text like any other, though it may be equal to one.
@lru_cache(REMEMBERED_ITEMS, typed=True)
def _item(name, value, present, said, more, digit=None):
    item = '<button class="menu-item" name="{}" value="{}"{}{}>{}</button>'
    if digit:
        more += format_html(' data-digit="{}"', digit)
        said = format_html('<kbd aria-hidden="true">{}</kbd>{}', digit, said)
    return format_html(item, name, value, PRESSED if present else "", more, said)


@register.simple_tag
def part_items(name, parts, chosen):
    """Return the buttons that set the field `name` to one of `parts`, Facts; `chosen` is the id of the present one."""
    return _items(name, ((one.ident, one.ident == chosen, one.name, "") for one in parts))


@register.simple_tag
def person_items(name, people, chosen, without):
    """Return the same of the first Facts of `people`, who are called by their user names, `without` one of them."""
    others = (one for one in people[:OFFERED_PEOPLE] if one.t1 != without)
    return _items(name, ((one.t1, one.ident == chosen, _person(one.t1, one.t2), "") for one in others))


@lru_cache(REMEMBERED)
def _person(username, name):
    # The name stands beside the avatar, which need not say it.
    mark, said = '<span class="avatar is-tint{}" aria-hidden="true">{}</span>{}', name or username
    return format_html(mark, tint_of(username), letters(said), said)


@register.simple_tag
def people_options(people):
    """Return the options of a list of suggestions of the Facts of `people`."""
    return format_html_join("", '<option value="{}">{}</option>', ((one.t1, one.t2) for one in people))


@register.simple_tag
def rank_items(name, ranks, chosen):
    """Return the buttons that set a priority or a severity to one of `ranks`, `(slug, rank)`; one is `chosen`."""
    return _numbered(name, ((slug, rank == chosen, _rank(name, slug, rank.label), NO_MORE) for slug, rank in ranks))


@lru_cache(REMEMBERED)
def _rank(name, slug, label):
    if name == "severity":
        return format_html('<span class="severity is-{}">{}</span>', slug, label)
    return format_html("{}{}", glyph_of(name, slug), capfirst(label))


@register.simple_tag
def status_items(statuses, issue, may_edit):
    """Return the buttons that open an issue, or move it on while it is open: for who may not edit, only the first."""
    offered = (one for one in statuses if one.t3 != Category.CLOSED and (may_edit or _reopens(one, issue)))
    return _numbered(
        "status", ((one.t2, one.ident == issue.status_id, _status(one.t3, "", one.name), NO_MORE) for one in offered)
    )


def _reopens(status, issue):
    return not issue.is_open and status.t3 == Category.TRIAGE


@register.simple_tag
def resolution_items(resolutions, issue, may_edit):
    """Return the buttons that close an issue as one of `resolutions`, `(value, name)`: one is the action to decline."""
    declines = may_edit and not issue.is_in_triage
    rows = (
        (
            value,
            value == issue.resolution,
            _status(Category.CLOSED, value, capfirst(said)),
            DECLINES if declines and value == Resolution.WONT_DO else "",
        )
        for value, said in resolutions
    )
    return _items("resolution", rows)


@lru_cache(REMEMBERED)
def _status(category, resolution, name):
    return format_html("{}{}", status_glyph(category, resolution, ""), name)


@register.simple_tag
def label_items(offered, chosen, field=None):
    """Return the boxes of the Facts of the labels that are `offered`, with those that are `chosen` ticked.

    Where a form's `field` was refused, those that were sent are ticked instead.
    """
    if not (field and field.errors):
        return _labels(offered, {str(one.ident) for one in chosen})
    # The link above the page leads to the first box.
    first = format_html(' id="{}_0" {}', field.auto_id, invalid(field))
    return _labels(offered, set(field.value()), first)


def _labels(offered, ticked, more=NO_MORE):
    rows = ((one, NO_MORE if number else more) for number, one in enumerate(offered))
    return SafeString(
        "".join([_label(one.ident, str(one.ident) in ticked, one.colour, one.name, more) for one, more in rows])
    )


@lru_cache(REMEMBERED_ITEMS)
def _label(ident, is_ticked, colour, name, more):
    item = (
        '<label class="menu-item"><input type="checkbox" name="labels" value="{}"{}{}>'
        '<span class="dot is-{}"></span>{}</label>'
    )
    return format_html(item, ident, CHECKED if is_ticked else "", more, colour, name)


@register.simple_tag
def product_links(places, key):
    """Return the lines of the side bar for products, Places; `key` is that of the product of this page."""
    return SafeString("".join([_product(one.url, one.key == key, one.key, one.name) for one in places]))


@lru_cache(REMEMBERED_ITEMS)
def _product(url, is_current, key, name):
    line = (
        '<li><a class="sidebar-link" href="{}"{}><span class="key-box">{}</span><span class="name">{}</span></a></li>'
    )
    return format_html(line, url, CURRENT if is_current else "", key, name)
