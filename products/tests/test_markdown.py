"""Markdown: what people write looks as they mean it, and can never act."""

import subprocess
import sys
from html.parser import HTMLParser
from time import thread_time

import pytest
from django.conf import settings
from hypothesis import example, given
from hypothesis import strategies as st

from products.markdown import PLAIN, RENDER_LIMIT, _rendered, render


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("**bold** and `code`", "<p><strong>bold</strong> and <code>code</code></p>\n"),
        ("~~gone~~ ~too~", "<p><s>gone</s> <s>too</s></p>\n"),
        ("~5 or ~6, in ~/a and ~~~x~~~", "<p>~5 or ~6, in ~/a and ~~~x~~~</p>\n"),
        ("one\ntwo", "<p>one<br>\ntwo</p>\n"),
        ("a < b & c", "<p>a &lt; b &amp; c</p>\n"),
    ],
)
def test_text_is_rendered(text, html):
    assert render(text) == html


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("| a | b |\n|---|---|\n| 1 | 2 |", "<td>1</td>"),
        ("see https://example.org/x", 'href="https://example.org/x"'),
        ("[x](https://example.org)", 'rel="nofollow noopener noreferrer"'),
        ("[x](mailto:a@example.org)", 'href="mailto:a@example.org"'),
        ("- [x] done\n- [ ] open", 'checked="checked" disabled="disabled" type="checkbox" aria-label="done">'),
        ("```python\nimport os\n```", '<span class="kn">import</span>'),
        ("```klingon\nqapla\n```", "qapla"),
    ],
)
def test_what_a_tracker_needs_is_there(text, part):
    assert part in render(text)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "Before\n<details><summary>All *of* it</summary>\n\n- one\n\n</details>\nAfter",
            "<p>Before</p>\n<details>\n<summary>All <em>of</em> it</summary>\n<ul>\n<li>one</li>\n</ul>\n</details>\n"
            "<p>After</p>\n",
        ),
        (
            "<details open>\n<summary>a</summary>\nb\n</details>",
            '<details open="">\n<summary>a</summary>\n<p>b</p>\n</details>\n',
        ),
        ("> <DETAILS>\n> a\n\nb", "<blockquote>\n<details>\n<p>a</p>\n</details></blockquote>\n<p>b</p>\n"),
        ("</details>", "\n"),
        ("<summary><img src=x></summary>", "<summary>&lt;img src=x&gt;</summary>\n"),
    ],
)
def test_what_is_folded_on_github_is_folded_here(text, html):
    assert render(text) == html


@pytest.mark.parametrize(
    "text",
    [
        "`<details>`",
        "```\n<details>\n```",
        "    <details>",
        "see <details>",
        "<details onclick=a>",
        "<details> a",
        "<summary>a",
    ],
)
def test_what_is_not_a_line_of_such_tags_stays_text(text):
    assert "<details>" not in render(text) and "<summary>" not in render(text)


def test_folded_texts_are_not_nested_without_end():
    assert render("<details>\n" * 6000).count("<details>") == 20


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x]( java\nscript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](vbscript:x)",
        "![x](https://example.org/pixel.png)",
        '<a href="x" onclick="alert(1)">x</a>',
        "<svg onload=alert(1)>",
        "<style>*{display:none}</style>",
        '[x](https://example.org "\\" onmouseover=alert(1) x=\\"")',
        "```<img/src=x onerror=alert(1)>\nx\n```",
        "<iframe src=//example.org></iframe>",
    ],
)
def test_nothing_that_acts_gets_through(text):
    tags = Tags()
    tags.feed(render(text))
    for tag, attributes in tags.seen:
        assert tag not in {"script", "img", "svg", "style", "iframe"}
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("href", "https:").startswith(("http:", "https:", "mailto:"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![a screen](https://example.org/x.png)", "a screen"),
        ('![a screen](https://example.org/x.png "its title")', "a screen"),
        ("![](https://example.org/x.png)", "https://example.org/x.png"),
        ("[![a screen](https://elsewhere.example/y.png)](https://example.org/x.png)", "a screen"),
    ],
)
def test_a_picture_from_elsewhere_is_a_link(text, shown):
    link = f'<a href="https://example.org/x.png" rel="nofollow noopener noreferrer">{shown}</a>'
    assert render(f"Look: {text} there") == f"<p>Look: {link} there</p>\n"


@pytest.mark.parametrize("text", ["Wow![a](b)", "![a](javascript:alert(1))", "![a]", "Wow!"])
def test_an_exclamation_mark_stays_one(text):
    assert "!" in render(text)


class Tags(HTMLParser):
    """Collects the tags that a browser would see."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def test_a_text_above_the_limit_is_shown_as_it_is():
    assert render("**x**" + "y" * RENDER_LIMIT).startswith("<pre>**x**yyy")


@pytest.mark.parametrize(
    "bomb",
    [
        "[" * 30000,
        "> " * 30000,
        "*a_ " * 15000,
        "![" * 30000,
        "`" * 60000,
        "a" * 60000,
        "- " * 30000,
        "|" * 60000,
        "<" * 60000,
        "http://" * 8000,
        "&" * 60000,
        "((" * 30000,
        "www." * 15000,
        "~a " * 20000,
        "a~" * 30000,
        "<summary>" * 6000,
        "a\n<details>\n" * 5000,
    ],
)
@pytest.mark.untraced
def test_work_grows_no_faster_than_the_text(bomb):
    # Quadratic rendering would take minutes. Calls are counted, not seconds: those of a busy machine tell nothing.
    half, whole = (calls_of(render, bomb[: len(bomb) // part]) for part in (8, 4))
    assert whole < 2.5 * half


@pytest.mark.parametrize(
    "bomb",
    [
        "https://a." * 6000,
        "//a.b/" * 10_000,
        "ftp://a" * 9000,
        "https://a.b/(" * 4900,
        "- [ ] a\n" * 8000,
        "```java\n" + "a " * 9900 + "\n```",
        "```java\n" + "a \n" * 6600 + "```",
        32 * ("```java\n" + "a \n" * 660 + "```\n"),
        "```make\n" + "(" * 19_900 + "\n```",
        "```apache\n" + "<" * 19_900 + "\n```",
        "```js\n" + '"\\' * 9900 + "\n```",
    ],
)
@pytest.mark.untraced
def test_what_is_not_linear_by_itself_is_cut_short(bomb):
    # Each took between four and fourteen seconds; not of the clock, which a busy machine would make go wrong.
    begun = thread_time()
    assert render(bomb)
    assert thread_time() - begun < 2


def test_many_links_and_boxes_are_still_found():
    assert render("https://example.org/issues/1 \n" * 2000).count("<a ") == 2000
    assert render("- [x] done\n" * 500).count("<input") == 500
    assert render("[x](https://a.b) " * 2000).count("<a ") == 2000
    assert "<a " not in render("[x](/a) " * 6000)


def calls_of(function, *arguments):
    """Return how many calls and returns, of Python and of C, `function` makes."""
    count = 0

    def see(*_event):
        nonlocal count
        count += 1

    sys.setprofile(see)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return count


# Built by hand, since what is made from the expression itself takes its time to be made.
PIECES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
JOINTS = st.sampled_from(["'", "’", "-", " ", ", ", "; ", "? ", "! ", ". "])
TEXTS = st.builds(
    lambda first, rest, end: "".join([first, *(part for pair in rest for part in pair), end]),
    PIECES,
    st.lists(st.tuples(JOINTS, PIECES), max_size=8),
    st.sampled_from(["", "?", "!", "."]),
).filter(PLAIN.fullmatch)


@given(TEXTS)
@example("Don't stop-and-go, 3 times. Ever?")
def test_plain_text_is_shown_as_the_parser_shows_it(text):
    assert render(text) == _rendered(text)


def test_code_that_takes_too_long_is_shown_without_colours(monkeypatch):
    monkeypatch.setattr("products.markdown.HIGHLIGHT_SECONDS", -1)
    assert _rendered("```python\nimport os\n```") == '<pre><code class="language-python">import os\n</code></pre>\n'


COLD = """
import mdurl._decode, mdurl._encode
from products import markdown
for parser in markdown._parsers.values():
    rulers = [parser.core.ruler, parser.block.ruler, parser.inline.ruler, parser.inline.ruler2]
    print(all(ruler.__cache__ for ruler in rulers))
print(bool(mdurl._encode.encode_cache), bool(mdurl._decode.decode_cache))
"""


@pytest.mark.one_python
def test_nothing_is_left_to_be_made_by_the_first_who_write_at_once():
    told = subprocess.run(
        [sys.executable, "-c", COLD], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["True"] * 10
