"""Markdown to safe HTML, rendered once when a text is written."""

import html
import re
from contextvars import ContextVar
from itertools import product
from threading import Lock
from time import thread_time

import nh3
import pygments
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.tasklists import tasklists_plugin
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

# Longer texts come by import alone and are shown as they are, so that no page waits for them.
RENDER_LIMIT = 64 * 1024
HIGHLIGHT_LIMIT = 20_000
# Lexers are made of expressions, and some take the square of what they read: of a line, or of all that follows.
HIGHLIGHT_SECONDS = 0.1
LONG_LINE = re.compile(r"[^\n]{1000}")
# Links that are made of plain text, and boxes of task lists, are found in the square of their number.
LINK_BEGINS = re.compile(r"//|www\.|mailto:|@")
LINKIFY_LIMIT = 1_000_000
# From each bracket the parser looks for its end.
BRACKETS_LIMIT = 5000
BOX = re.compile(r"\[[ xX]\]")
BOXES_LIMIT = 500
NESTING_LIMIT = 20
# Words and punctuation on one line, in which nothing can mean anything: most comments, and quick to show.
PLAIN = re.compile(r"(?![0-9])WORD(?:[,;?!.]? WORD)*[?!.]?".replace("WORD", r"[^\W_]+(?:['’-][^\W_]+)*"))

# Files of our own, whose address tells nothing; a picture from elsewhere would tell others who reads here.
ATTACHED = re.compile(r"/attachments/[0-9a-f]{32}/")
PICTURE = re.compile(rf"!\[([^\[\]\n]{{0,500}})\]\(({ATTACHED.pattern})\)")

ELSEWHERE = re.compile(r"!\[([^\[\]\n]{0,500})\]\((https?://[^\s()<>]{1,2000})(?: +\"[^\"\n]{0,500}\")?\)")

# The key of an issue by itself: not as a part of a longer word, an address or the name of a file.
KEY = re.compile(r"([A-Z](?<![\w/.@#&=?%+-].)[A-Z0-9]{1,9})-[1-9][0-9]{0,17}(?![\w/@-]|\.\w)")

# What long texts are folded up with on GitHub, on lines of their own.
FOLD = re.compile(
    r"(?P<opens><details(?: open)?>)|(?P<closes></details>)|<summary>(?P<words>.*?)</summary>", re.IGNORECASE
)

TAGS = {
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "details",
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
    "summary",
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
    "img": {"src", "alt", "loading"},
    "details": {"open"},
    "input": {"type", "checked", "disabled"},
}


# A lexer is prepared as it is first asked for, and those within it as they are come to: a second thread would break it.
# Nobody waits for longer than a text may take.
_preparing = Lock()


class _TooSlow(Exception):
    """The code of a text takes longer to highlight than it may."""


def _highlighted(code, language, _attributes):
    if not language or len(code) > HIGHLIGHT_LIMIT or LONG_LINE.search(code):
        return ""
    try:
        with _preparing:
            lexer = get_lexer_by_name(language, stripnl=False)
            return pygments.format(_in_time(lexer.get_tokens(code)), HtmlFormatter(nowrap=True))
    except (ClassNotFound, _TooSlow):
        return ""


def _in_time(tokens):
    """Yield `tokens` while the text has any of its time left. Raises _TooSlow."""
    left = _time_left.get()
    begun = thread_time()
    try:
        for token in tokens:
            yield token
            if thread_time() - begun > left[0]:
                raise _TooSlow
    finally:
        left[0] -= thread_time() - begun


_time_left: ContextVar[list] = ContextVar("seconds that the code of a text may still take")

# The boxes of task lists as the sanitiser prints them, and what a screen reader is to say.
BOXES = {
    '<input checked="checked" disabled="disabled" type="checkbox">': "done",
    '<input disabled="disabled" type="checkbox">': "to do",
}


def _picture(state, silent):
    """Read ![words](address): the picture that an attached file is; of any other a link, by its words if it has any."""
    match = PICTURE.match(state.src, state.pos) or ELSEWHERE.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        # Beside a text a picture is small: what is within no link leads to its full size.
        around = state.linkLevel == 0
        if around:
            state.push("link_open", "a", 1).attrs = {"href": state.md.normalizeLink(match[2])}
        if match.re is PICTURE:
            state.push("picture", "img", 0).attrs = {"src": match[2], "alt": match[1], "loading": "lazy"}
        else:
            state.push("text", "", 0).content = match[1].strip() or match[2]
        if around:
            state.push("link_close", "a", -1)
    state.pos = match.end()
    return True


def _link_keys(state):
    """Make links of the keys of issues in all text that is in no link yet; `env["keys"]` are those of products."""
    keys = state.env["keys"]
    for block in state.tokens if keys else ():
        if block.type == "inline":
            block.children = list(_with_links(block.children, keys))


def _with_links(tokens, keys):
    depth = 0
    for token in tokens:
        if token.tag == "a":
            depth += token.nesting
        if token.type == "text" and not depth:
            yield from _split(token.content, keys)
        else:
            yield token


def _split(text, keys):
    end = 0
    for match in KEY.finditer(text):
        if match[1] in keys:
            yield Token("text", "", 0, content=text[end : match.start()])
            yield Token("link_open", "a", 1, attrs={"href": f"/issues/{match[0]}/"})
            yield Token("text", "", 0, content=match[0])
            yield Token("link_close", "a", -1)
            end = match.end()
    yield Token("text", "", 0, content=text[end:])


def _folds(state, start, _end, silent):
    """Read a line of nothing but <details>, <summary>words</summary> and </details>."""
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]].rstrip()
    parts, at, depth = [], 0, state.env.get("folds", 0)
    while at < len(line) and (part := FOLD.match(line, at)):
        parts.append(part)
        at = part.end()
        depth = max(depth + bool(part["opens"]) - bool(part["closes"]), 0)
    if not parts or at < len(line) or depth > NESTING_LIMIT or state.is_code_block(start):
        return False
    if not silent:
        state.env["folds"] = depth
        for part in parts:
            _push_fold(state, part)
        state.line = start + 1
    return True


def _push_fold(state, part):
    if part["words"] is None:
        # What opens may never close, or the other way round: the sanitiser mends that.
        state.push("fold", "", 0).content = f"{part[0].lower()}\n"
        return
    state.push("fold", "", 0).content = "<summary>"
    state.push("inline", "", 0).content = part["words"].strip()
    state.tokens[-1].children = []
    state.push("fold", "", 0).content = "</summary>\n"


def _of_our_own(element, attribute, value):
    """Return the `value` of an attribute, or None for the address of a picture that is not of our own."""
    return None if element == "img" and attribute == "src" and not ATTACHED.fullmatch(value) else value


def _make_parser(linkify, tasks, links):
    options = {"html": False, "breaks": True, "highlight": _highlighted, "maxNesting": NESTING_LIMIT}
    options |= {"linkify": linkify, "strikethrough_single_tilde": True}
    parser = MarkdownIt("gfm-like", options).disable("image")
    if tasks:
        parser.use(tasklists_plugin)
    parser.inline.ruler.before("link", "picture", _picture)
    parser.core.ruler.push("keys", _link_keys)
    parser.block.ruler.before("html_block", "fold", _folds, {"alt": ["paragraph", "reference", "blockquote"]})
    parser.add_render_rule("fold", lambda _renderer, tokens, at, _options, _env: tokens[at].content)
    return parser if links else parser.disable("link")


_parsers = {each: _make_parser(*each) for each in product((True, False), repeat=3)}
for _each in _parsers.values():
    # Its rules, and the tables for addresses, are made as they are first come to, and to a second thread they are not
    # whole meanwhile. Here there is one, and processes that begin as copies of this one have them.
    _each.render("a https://example.org/%20 b", {"keys": frozenset()})


def _parser_of(text):
    """Return the parser for `text`: one without what would take the square of its length."""
    # From each place where a link may begin, the rest of the word is read.
    work = sum(len(word) * len(LINK_BEGINS.findall(word)) for word in text.split())
    few_boxes, few_brackets = len(BOX.findall(text)) <= BOXES_LIMIT, text.count("[") <= BRACKETS_LIMIT
    return _parsers[work <= LINKIFY_LIMIT, few_boxes, few_brackets]


def is_plain(text):
    """Return whether `text` is too long to be rendered, and is shown as it is."""
    return len(text.encode()) > RENDER_LIMIT


def render(text, keys=frozenset()):
    """Return safe HTML for a Markdown `text`, with links to issues of the products `keys`.

    Above 64 KiB it is the plain text, escaped.
    """
    if not text:
        return ""
    if is_plain(text):
        return f"<pre>{html.escape(text)}</pre>"
    return f"<p>{text}</p>\n" if not keys and PLAIN.fullmatch(text) else _rendered(text, keys)


def _rendered(text, keys=frozenset()):
    _time_left.set([HIGHLIGHT_SECONDS])
    drawn = _parser_of(text).render(text, {"keys": keys})
    # To ask for each attribute takes longer than all the rest: only texts with pictures need that.
    with_pictures = {"tags": TAGS | {"img"}, "attribute_filter": _of_our_own} if "<img " in drawn else {"tags": TAGS}
    safe = nh3.clean(
        drawn,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer",
        **with_pictures,
    )
    for box, said in BOXES.items():
        safe = safe.replace(box, f'{box[:-1]} aria-label="{said}">')
    return safe
