"""Both engines find the same: on each database the same plain matcher over the same document is the judge."""

import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from issues import fulltext
from issues.fulltext.documents import COLUMNS, FILLER, Document, _limited, _unlimited
from issues.fulltext.tokens import tokenize
from issues.models import Issue
from issues.services import create_issue
from tests.examples import examples

CASES = [
    # title, description, comment; word, prefix, columns; is it found
    ("NullPointerException", "", "", "nullpointerexception", False, None, True),
    ("NullPointerException", "", "", "NullPointerException", False, None, True),
    ("NullPointerException", "", "", "pointer", False, None, True),
    ("NullPointerException", "", "", "nullp", True, None, True),
    ("NullPointerException", "", "", "nullp", False, None, False),
    ("nullpointerexception", "", "", "NullPointerException", False, None, True),
    ("nullpointerexception", "", "", "NullPointer", False, None, False),
    ("nullpointerexception", "", "", "NullPointer", True, None, True),
    ("null pointer exception", "", "", "NullPointerException", False, None, True),
    ("github", "", "", "GitHub", False, ["title"], True),
    ("github", "", "", "GitHub", False, ["body", "comments"], False),
    ("GITHUB", "", "", "GitHub", False, None, True),
    ("github actions", "", "", "GitHub actions", False, None, True),
    ("Since GitHub Actions failed", "", "", "github actions", False, None, True),
    ("Since GitHub Actions failed", "", "", "since github actions failed", False, ["title"], True),
    ("Since GitHub Actions failed", "", "", "github act", True, None, True),
    ("Since GitHub Actions failed", "", "", "github failed", False, None, False),
    ("a", "an error. JavaScript", "", "error javascript", False, ["body"], True),
    ("a", "", "The JavaScript error", "javascript error", False, ["comments"], True),
    ("a", "", "The JavaScript error", "javascript error", False, ["body"], False),
    ("one GitHub", "", "", "github one", False, None, False),
    ("the libfoo.so.3 of foo_bar", "", "", "libfoo.so.3", False, None, True),
    ("the libfoo.so.3 of foo_bar", "", "", "foo_bar", False, None, True),
    ("foo", "bar", "", "foo bar", False, None, False),
    ("a", "foo bar", "", "foo bar", False, ["body"], True),
    ("a", "foo bar", "", "foo bar", False, ["title", "comments"], False),
    ("a", "", "foo bar", "foo ba", True, ["comments"], True),
    ("日本語のエラー", "", "", "本語", False, None, True),
    ("日本語のエラー", "", "", "日本語", False, None, True),
    ("日本語のエラー", "", "", "ー", False, None, True),
    ("日本語のエラー", "", "", "語", False, ["title"], True),
    ("日本語のエラー", "", "", "日語", False, None, False),
    ("Bindings for C++, and C#", "", "", "C++", False, None, True),
    ("Bindings for C++, and C#", "", "", "c#", False, None, True),
    ("Bindings for C++, and C#", "", "", "C", False, None, True),
    ("Bindings for Visual C++11", "", "", "visual c", False, None, True),
    ("Bindings for Visual C++11", "", "", "c++", False, ["title"], True),
    ("C, c + +, cc++, C ++, c#1, C-#", "", "", "C++", False, None, False),
    ("C, c + +, cc++, C ++, c#1, C-#", "", "", "C#", False, None, False),
    ("hi @ana", "", "", "@ana", False, None, True),
    ("hi ana", "", "", "@ana", False, None, False),
    ("hi @jane.doe-x", "", "", "@Jane.Doe-X", False, None, True),
    ("hi @jane.doe-x", "", "", "@Jane", True, None, True),
    ("AltName FooBar", "", "", "altname foobar", False, None, True),
    ("it's a back\\slash", "", "", "it's", False, None, True),
    ("Straße İstanbul", "", "", "STRASSE i̇stanbul", False, None, True),
]


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="x")


@pytest.mark.parametrize(("title", "body", "comment", "word", "prefix", "columns", "found"), CASES)
def test_what_is_found(issue, title, body, comment, word, prefix, columns, found):
    fulltext.index_new([(issue.pk, fulltext.build(title, body, [comment]))])
    assert finds(issue, [fulltext.needle(word, prefix)], columns) == found


def finds(issue, needles, columns=None, whole=False):
    """Return whether the database finds `issue`; all ways of asking agree."""
    found = Issue.objects.filter(fulltext.matches(needles, columns, whole), pk=issue.pk).exists()
    assert Issue.objects.exclude(fulltext.matches(needles, columns, whole)).filter(pk=issue.pk).exists() == (not found)
    among = [issue.product_id] if whole else None
    listed = fulltext.candidates(needles, columns, whole_products=among)
    assert Issue.objects.filter(listed, pk=issue.pk).exists() == found
    return found


# Few letters, so that words meet: of several scripts, of cases that fold oddly, and of what parts words.
LETTERS = "abAB12 _.@-'\"\\:*&|!()<>%\n日本ーกั한नı̇İßſﬁ①Ⅳ½㍿́"
NAMES = ["foo", "fooBar", "foobar", "foo_bar", "a++", "b#", "HTTPServer", "httpserver", "@foo", "日本語", "a", "b."]
TEXTS = st.one_of(
    st.text(st.sampled_from(LETTERS), max_size=40),
    st.lists(st.sampled_from(NAMES), max_size=8).map(" ".join),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20),
)
WORDS = st.tuples(TEXTS, st.booleans())
ASKED = st.one_of(st.none(), st.lists(st.sampled_from(COLUMNS), min_size=1, unique=True))


def holds(document, one, columns=None):
    """Return whether `document` holds a Needle in one of `columns`, found out step by step."""
    return any(_column_holds(document.columns[name], one) for name in columns or COLUMNS)


def _column_holds(column, one):
    return any(_holds_way(column, way) for way in one.ways)


def _holds_way(column, one):
    *before, last = one.terms
    fits = (lambda term: term.startswith(last)) if one.prefix else (lambda term: term == last)
    ends = ((terms, at) for terms in (column.terms, column.runs) for at, term in enumerate(terms) if fits(term))
    follows = any(terms[max(at - len(before), 0) : at] == before for terms, at in ends)
    return follows or (not before and any(fits(extra) for extra in column.extras))


@given(
    st.tuples(TEXTS, TEXTS, st.lists(TEXTS, max_size=3), st.lists(TEXTS, max_size=2)),
    st.lists(WORDS, max_size=3),
    ASKED,
)
@settings(
    max_examples=examples(80),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(("a b", "a", ["b"], []), [("a b", False)], None)
@pytest.mark.untraced
def test_the_database_finds_what_the_plain_matcher_finds(issue, texts, words, asked):
    title, body, public, internal = texts
    documents = fulltext.build(title, body, public, internal)
    fulltext.forget([issue.pk])
    fulltext.index_new([(issue.pk, documents)])
    # Beside words of the query's own, pieces of the texts: most of those are found.
    pieces = [(piece, prefix) for text in texts[:2] for piece in text.split()[:2] for prefix in (True, False)]
    needles = [one for one in (fulltext.needle(*word) for word in [*words, *pieces]) if one]
    for some in [[one] for one in needles] + [needles[:2], needles]:
        if some:
            check(issue, documents, some, asked)


def check(issue, documents, needles, asked):
    public, whole = documents
    expected = all(holds(public, one, asked) for one in needles)
    assert finds(issue, needles, asked) == expected
    assert finds(issue, needles, asked, whole=True) == all(holds(whole or public, one, asked) for one in needles)
    for document, whole_ids in ((public, ()), (whole or public, [issue.pk])):
        found = {(n, name) for n, one in enumerate(needles) for name in COLUMNS if holds(document, one, [name])}
        assert fulltext.hits([issue.pk], needles, whole_ids)[issue.pk] == found


LONG = {
    "one word, very often": "spam " * 20_000 + "eggs last",
    "many words": " ".join(f"w{n}" for n in range(20_000)) + " eggs last",
    "more words than a document takes": " ".join(f"{n:x}" * 8 for n in range(20_000)) + " eggs last",
    "one long word": "x" * 100_000 + " eggs last",
    "long words of four bytes": " ".join(chr(0x10450 + n % 30) * 60 + str(n) for n in range(9000)) + " eggs last",
    "camel humps": "aB" * 50_000 + " eggs last",
    "names without end": "spam gitHub " * 5000 + " ".join(f"aB{n} b" for n in range(5000)) + " eggs last",
    "ligatures that grow": "ﷺ" * 20_000 + " eggs last",
    "Chinese": "".join(chr(0x4E00 + n * 7 % 20_000) for n in range(60_000)) + " eggs last",
}


@pytest.mark.parametrize("kind", LONG)
@pytest.mark.untraced
def test_limits_are_the_same_everywhere(issue, kind):
    text = LONG[kind]
    documents = fulltext.build("spam " * 80, text, [text, "more eggs"], [text, "eggs too"])
    fulltext.index_new([(issue.pk, documents)])
    words = [
        "eggs",
        "spam spam",
        "eggs last",
        "w19999",
        "w7998 w7999",
        "w7999 w8000",
        "more eggs",
        "spam github",
        "github spam github",
        "ab1 b",
        "ab4999 b",
        text[:40],
        text[-40:],
    ]
    needles = [one for word in words for prefix in (False, True) if (one := fulltext.needle(word, prefix))]
    for document, whole_ids in zip(documents, ((), [issue.pk]), strict=True):
        found = fulltext.hits([issue.pk], needles, whole_ids)[issue.pk]
        expected = {(n, name) for n, one in enumerate(needles) for name in COLUMNS if holds(document, one, [name])}
        assert found == expected
    for place, one in enumerate(needles):
        assert finds(issue, [one], whole=True) == any(place == hit for hit, _name in found)


@pytest.mark.once
@pytest.mark.untraced
def test_whatever_the_public_document_holds_the_whole_one_holds():
    for text in LONG.values():
        public, whole = fulltext.build("a title", text, [text, "more eggs"], ["secret " * 300, text[::-1]])
        for name in COLUMNS:
            assert whole.columns[name].terms[: len(public.columns[name].terms)] == public.columns[name].terms
            assert whole.columns[name].runs[: len(public.columns[name].runs)] == public.columns[name].runs
            assert public.columns[name].extras.keys() <= whole.columns[name].extras.keys()


@pytest.mark.once
def test_texts_within_the_limits_are_read_the_same_with_and_without_them():
    texts = [
        ("title", ["a", "b"], ["ab"], [["ab"]]),
        ("body", ["c"], [], []),
        ("comments", ["d", "e"], ["d"], [["d", "e"], ["e"]]),
        ("comments", ["f"], [], [["f"]]),
    ]
    assert _unlimited(texts) == _limited(texts)


@pytest.mark.once
def test_terms_have_nothing_that_an_engine_takes_for_its_own():
    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
    @settings(max_examples=examples(1000), deadline=None)
    def check_terms(text):
        for term in (term for terms in tokenize(text) for term in terms):
            assert term
            assert len(term) <= 64
            assert re.fullmatch(r"@[a-z0-9._+\-@\[\]]+|[a-z0-9]+", re.sub(r"[^\x00-\x7f]", "a", term))
            assert term != FILLER

    check_terms()


def test_an_empty_document_holds_nothing(issue):
    fulltext.index_new([(issue.pk, (Document(), None))])
    assert not finds(issue, [fulltext.needle("x")])
