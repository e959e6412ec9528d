"""Markdown to safe HTML, rendered once when a text is written."""

import html
import re

import nh3
from markdown_it import MarkdownIt
from mdit_py_plugins.tasklists import tasklists_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

# Longer texts come by import alone and are shown as they are, so that no page waits for them.
RENDER_LIMIT = 64 * 1024
HIGHLIGHT_LIMIT = 20_000
NESTING_LIMIT = 20
# Words and punctuation on one line, in which nothing can mean anything: most comments, and quick to show.
PLAIN = re.compile(r"(?![0-9])WORD(?:[,;?!.]? WORD)*[?!.]?".replace("WORD", r"[^\W_]+(?:['’-][^\W_]+)*"))

TAGS = {
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "input",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "span",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
}
ATTRIBUTES = {
    "a": {"href", "title"},
    "code": {"class"},
    "span": {"class"},
    "li": {"class"},
    "ul": {"class"},
    "ol": {"start"},
    "th": {"align"},
    "td": {"align"},
    "input": {"type", "checked", "disabled"},
}


def _highlighted(code, language, _attributes):
    if not language or len(code) > HIGHLIGHT_LIMIT:
        return ""
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return ""
    return highlight(code, lexer, HtmlFormatter(nowrap=True))


# The boxes of task lists as the sanitiser prints them, and what a screen reader is to say.
BOXES = {
    '<input checked="checked" disabled="disabled" type="checkbox">': "done",
    '<input disabled="disabled" type="checkbox">': "to do",
}

_parser = (
    MarkdownIt(
        "gfm-like",
        {"html": False, "linkify": True, "breaks": True, "highlight": _highlighted, "maxNesting": NESTING_LIMIT},
    )
    .disable("image")
    .use(tasklists_plugin)
)


def render(text):
    """Return safe HTML for a Markdown `text`; above 64 KiB the plain text, escaped."""
    if not text:
        return ""
    if len(text.encode()) > RENDER_LIMIT:
        return f"<pre>{html.escape(text)}</pre>"
    return f"<p>{text}</p>\n" if PLAIN.fullmatch(text) else _rendered(text)


def _rendered(text):
    safe = nh3.clean(
        _parser.render(text),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer",
    )
    for box, said in BOXES.items():
        safe = safe.replace(box, f'{box[:-1]} aria-label="{said}">')
    return safe
