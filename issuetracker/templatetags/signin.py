"""What the pages of sign-in hand to their script."""

import json

from django import template

register = template.Library()


@register.filter
def as_json(value):
    """Return `value` as JSON, to stand in an attribute."""
    return json.dumps(value)
