"""What a text becomes, what a word of a query looks for, and where that is in the text."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from issues.fulltext import Needle, needle, snippet, spans
from issues.fulltext.tokens import normalize, signs, tokenize, tokenize_with_runs
from tests.examples import examples

CASES = [
    ("Hello, world!", ["hello", "world"], []),
    ("NullPointerException", ["null", "pointer", "exception"], ["nullpointerexception"]),
    ("HTTPServer", ["http", "server"], ["httpserver"]),
    ("UTF8Decode utf8 2fa", ["utf8", "decode", "utf8", "2fa"], ["utf8decode"]),
    ("foo_bar __init__ _", ["foo", "bar", "init"], []),
    ("libfoo.so.3", ["libfoo", "so", "3"], []),
    ("fooBar_bazQux", ["foo", "bar", "baz", "qux"], ["foobar", "bazqux"]),
    ("it's a C:\\path", ["it", "s", "a", "c", "path"], []),
    ("@ana, ask @jane.doe-x.", ["ana", "ask", "jane", "doe", "x"], ["@ana", "@jane.doe-x"]),
    ("ana@example.org @dependabot[bot]", ["ana", "example", "org", "dependabot", "bot"], ["@dependabot[bot]"]),
    ("日本語", ["日本", "本語"], ["語"]),
    ("日", ["日"], []),
    ("iPhoneケース", ["i", "phone", "ケー", "ース"], ["iphone", "ス"]),
    ("สวัส", ["สว", "วั", "ัส"], ["ส"]),
    ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"], []),
    ("ＦＵＬＬ ﬁne Straße", ["full", "fine", "strasse"], []),
    ("葛\U000e0100飾", ["葛飾"], ["飾"]),
    ("cafe\u0301 CAFÉ", ["café", "café"], []),
    ("x" * 70, ["x" * 64], []),
    ("", [], []),
    ("... — !", [], []),
]


@pytest.mark.parametrize(("text", "terms", "extras"), CASES)
def test_what_a_text_becomes(text, terms, extras):
    assert tokenize(text) == (terms, extras)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no name here, Nor HERE", []),
        ("GitHub", [["github"]]),
        ("all the new GitHub Actions of today fail", [["the", "new", "github", "actions", "of"]]),
        ("a GitHub b GitLab c d e f g fooBar", [["a", "github", "b", "gitlab", "c", "d"], ["f", "g", "foobar"]]),
        ("a GitHub b c d e GitLab", [["a", "github", "b", "c", "d", "e", "gitlab"]]),
        ("foo_barBaz.qux", [["foo", "barbaz", "qux"]]),
        ("新しいiPhoneケース", [["新し", "しい", "iphone", "ケー", "ース"]]),
    ],
)
def test_what_stands_around_a_name_is_told_with_it_as_one_term(text, found):
    assert tokenize_with_runs(text) == (*tokenize(text), found)


@pytest.mark.parametrize(
    ("text", "prefix", "wanted"),
    [
        ("Foo", False, Needle(("foo",))),
        ("foo", True, Needle(("foo",), True)),
        ("NullPoint", True, Needle(("null", "point"), True, ("nullpoint",))),
        ("GitHub", False, Needle(("git", "hub"), False, ("github",))),
        ("GitHub GitLab", False, Needle(("git", "hub", "git", "lab"), False, ("github", "gitlab"))),
        ("see GitHub", False, Needle(("see", "git", "hub"), False, ("see", "github"))),
        ("fooBar_baz", False, Needle(("foo", "bar", "baz"), False, ("foobar", "baz"))),
        ("iPhoneケース", False, Needle(("i", "phone", "ケー", "ース"), False, ("iphone", "ケー", "ース"))),
        ("login loop", False, Needle(("login", "loop"))),
        ("@Ana", False, Needle(("@ana",))),
        ("@ana said", False, Needle(("ana", "said"))),
        ("C++", False, Needle(("c++",))),
        ("f＃", False, Needle(("f♯",))),
        ("notepad++", False, Needle(("notepad",))),
        ("C++ templates", False, Needle(("c", "templates"))),
        ("日本語", False, Needle(("日本", "本語"))),
        ("日", False, Needle(("日",), True)),
        ("a 日", False, Needle(("a", "日"), True)),
        ("日 a", False, Needle(("日", "a"))),
        ("::", False, None),
    ],
)
def test_what_a_word_of_a_query_looks_for(text, prefix, wanted):
    assert needle(text, prefix) == wanted


@pytest.mark.parametrize(
    ("text", "words", "marked"),
    [
        ("Foo bar foo", ["foo"], "[Foo] bar [foo]"),
        ("Null pointer in NullPointerException", ["nullpointerexception"], "Null pointer in [NullPointerException]"),
        ("NullPointerException", ["pointer"], "Null[Pointer]Exception"),
        ("GitHub, github, git hub and hub", ["GitHub"], "[GitHub], [github], [git hub] and hub"),
        ("GitHub Actions on a Mac", ["github actions"], "[GitHub Actions] on a Mac"),
        ("a login  loop", ["login loop"], "a [login  loop]"),
        ("日本語のエラー", ["本語"], "日[本語]のエラー"),
        ("日本語のエラー", ["本"], "日[本]語のエラー"),
        ("日本語のエラー", ["ー"], "日本語のエラ[ー]"),
        ("ＢＡＲ，ｂａｚ", ["baz"], "ＢＡＲ，[ｂａｚ]"),
        ("㍿ foo ①", ["foo", "1"], "㍿ [foo] [①]"),
        ("cafe\u0301 noir", ["café"], "[cafe\u0301] noir"),
        ("ask @ana", ["@ana"], "ask [@ana]"),
        ("C++, C#, C and g++", ["c++", "C#"], "[C++], [C#], C and g++"),
        ("C++, C#", ["c"], "[C]++, [C]#"),
        ("nothing", ["foo"], "nothing"),
    ],
)
def test_where_words_are_in_a_text(text, words, marked):
    pieces, at = [], 0
    for start, end in spans(text, [needle(word) for word in words]):
        pieces += [text[at:start], "[", text[start:end], "]"]
        at = end
    assert "".join([*pieces, text[at:]]) == marked


TEXTS = st.text(
    st.one_of(st.sampled_from("abAB1_ .@+#日本ー가ᄀㅏﾊﾞéﬁ①㍿กั\u0301\ufe0f"), st.characters(exclude_categories=["Cs"])),
    max_size=40,
)


@given(TEXTS, TEXTS)
@settings(max_examples=examples(400), deadline=None)
@example("ᄀㅏ ㄱㅏ", "가")
@example("ﾊﾞ", "バ")
@pytest.mark.untraced
def test_a_piece_of_a_text_is_found_in_it_and_marked(before, text):
    whole = f"{before} {text} {before}"
    one = needle(text)
    if one is None or one.terms[0].startswith("@"):
        return
    found = spans(whole, [one])
    assert found
    assert found == sorted(found)
    for (start, end), (after, _end) in zip(found, [*found[1:], (len(whole), None)], strict=True):
        assert 0 <= start < end <= len(whole)
        assert end <= after
    assert all(start < end for start, end in found)
    held = (" ".join([*tokenize(whole[start:end])[0], *signs(whole[start:end])]) for start, end in found)
    assert len(one.terms) > 1 or any(one.terms[0] in line for line in held)


# Of some letters the small form is taken apart, and put together again.
@example("\N{GREEK SMALL LETTER UPSILON WITH DIALYTIKA AND VARIA}")
@given(TEXTS)
@settings(max_examples=examples(300), deadline=None)
def test_the_case_and_the_form_of_a_text_do_not_matter(text):
    assert tokenize(normalize(text))[0] == tokenize(text)[0]
    for term in tokenize(text.lower())[0]:
        assert normalize(term.casefold()) == term


@given(
    st.lists(st.sampled_from(["foo", "bar", "long" * 20, "日本語", "\n", "fooBar", "é"]), max_size=60),
    st.integers(1, 90),
)
@settings(max_examples=examples(300), deadline=None)
def test_a_snippet_is_a_piece_of_the_text_with_a_hit(words, length):
    text = " ".join(words)
    pieces = snippet(text, [needle("foo"), needle("bar")], length)
    assert bool(pieces) == bool({"foo", "bar", "fooBar"} & set(words))
    assert "".join(piece for piece, _is_hit in pieces if piece != "…") in text
    assert not pieces or any(is_hit for _piece, is_hit in pieces)
    assert sum(len(piece) for piece, _is_hit in pieces) <= 2 * length + 200


def test_a_snippet_shows_what_is_around_the_first_hit():
    text = "lorem ipsum " * 20 + "the needle in the hay " + "dolor " * 40
    assert snippet(text, [needle("needle in")], 60) == [
        ("…", False),
        ("ipsum the ", False),
        ("needle in", True),
        (" the hay dolor dolor dolor dolor dolor", False),
        ("…", False),
    ]
    assert snippet("no such thing", [needle("needle")]) == []


@pytest.mark.parametrize("unit", ["a ", "aB", "日", "\u0301\u0316", "@a.", "_", "ﷺ", "Ａ", "@@", "a\u0301", "["])
@pytest.mark.untraced
def test_reading_takes_time_in_proportion_to_the_text(unit):
    def seconds(size):
        begun = time.process_time()
        tokenize((unit * size)[:size])
        return time.process_time() - begun

    seconds(1000)
    assert min(seconds(200_000) for _n in range(2)) < 40 * max(min(seconds(20_000) for _n in range(3)), 0.001)
