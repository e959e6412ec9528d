"""The table of keys in templates: the whole of it as a sheet, and the cap of one action's key."""

from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import get_language

from issues.keys import BY_NAME, caps, grouped, is_character

register = template.Library()
SEPARATOR = "|"


@register.simple_tag
def key_sheet():
    """Return the sheet of all keys, which is the same for everybody: scripts hide what a page does not offer."""
    return _sheet(get_language())


@lru_cache
def _sheet(_language):
    return mark_safe(render_to_string("includes/_shortcuts.html", {"groups": grouped()}))  # noqa: S308 (a template)


@register.filter
def written(keys):
    """Return the keys of an action as the scripts read them."""
    return SEPARATOR.join(keys)


@register.simple_tag
def key_cap(name):
    """Return the caps of the first key of the action `name`, for the eyes alone: no screen reader says them."""
    return _cap(name, get_language())


@lru_cache
def _cap(name, _language):
    key = BY_NAME[name].keys[0]
    shown = format_html_join(" ", "{}", ((cap,) for cap in caps(key)))
    if is_character(key):
        return format_html('<kbd aria-hidden="true" data-character>{}</kbd>', shown)
    return format_html('<kbd aria-hidden="true">{}</kbd>', shown)
