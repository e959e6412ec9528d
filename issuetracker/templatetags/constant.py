"""Tags of the framework whose text is the same on every page: found out when a template is read, or first shown.

A page has a hundred constant words and twenty constant addresses. These tags are in all templates, with the others for
translation: who loads `i18n` has the framework's again.
"""

from django import template
from django.conf import settings
from django.template import Context, Node, defaulttags
from django.template.base import TextNode
from django.templatetags import i18n
from django.urls import get_script_prefix

register = template.Library()
register.tags.update(i18n.register.tags)
register.filters.update(i18n.register.filters)


@register.tag("trans")
@register.tag
def translate(parser, token):
    """Return the node of a text to translate: plain text, where it is constant and there is but one language."""
    node = i18n.do_translate(parser, token)
    varies = settings.USE_I18N or node.asvar or node.message_context or node.filter_expression.filters
    if varies or not isinstance(node.filter_expression.var.literal, str):
        return node
    return TextNode(node.render(Context()))


@register.tag
def url(parser, token):
    """Return the node of an address, which is kept where nothing but its name is given."""
    node = defaulttags.url(parser, token)
    name = node.view_name.var
    is_plain = isinstance(name, str) and ":" not in name and not node.view_name.filters
    return Kept(node) if is_plain and not (node.args or node.kwargs or node.asvar) else node


class Kept(Node):
    """What a node shows the first time below each prefix of the site, which is one."""

    child_nodelists = ()

    def __init__(self, node):
        self.node = node
        self.shown = {}

    def render(self, context):
        """Return the text."""
        prefix = get_script_prefix()
        if prefix not in self.shown:
            self.shown[prefix] = self.node.render(context)
        return self.shown[prefix]
