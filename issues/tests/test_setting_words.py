"""The words that set fields: what they say, what is wrong with them, and that nothing else comes of any text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from issues.setting.parsing import LETTERS, Setting, WordsError, parse, written


def said(text):
    return [(one.field, f"-{one.value.text}" if one.removed else one.value.text) for one in parse(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p high a @me l ui", [("priority", "high"), ("assignee", "@me"), ("labels", "ui")]),
        ("sp s2 s closed", [("severity", "s2"), ("status", "closed")]),
        ("l one l two -l three", [("labels", "one"), ("labels", "two"), ("labels", "-three")]),
        ('c "User accounts" m 26.12', [("component", "User accounts"), ("milestone", "26.12")]),
        ('l "say \\"so\\""', [("labels", 'say "so"')]),
        ("v 1.4 t bug d +2w", [("version", "1.4"), ("type", "bug"), ("due_on", "+2w")]),
        ("  P   High  ", [("priority", "High")]),
        ("priority low label ui due today", [("priority", "low"), ("labels", "ui"), ("due_on", "today")]),
        ("s p", [("status", "p")]),
        ("", []),
    ],
)
def test_words_set_fields(text, expected):
    assert said(text) == expected


@pytest.mark.parametrize(
    ("text", "word", "place", "message", "suggestions"),
    [
        ("q high", "q", (0, 1), "There is no field “q”", ()),
        ("p high prioriti low", "prioriti", (7, 8), "There is no field “prioriti”", ("priority",)),
        ("p", "", (1, 0), "“p” needs a value.", ()),
        ("a tom p", "", (7, 0), "“p” needs a value.", ()),
        ("p high p low", "p", (7, 1), "“p” is there twice.", ()),
        ("-p high", "-p", (0, 2), "Only labels are taken away", ()),
        ('l "needs design', '"needs design', (2, 13), "A quote is not closed.", ()),
        ("\U0001f6d2 x", "\U0001f6d2", (0, 1), "There is no field", ()),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text, word, place, message, suggestions):
    with pytest.raises(WordsError) as caught:
        parse(text)
    problem = caught.value.problems[-1]
    assert (problem.word.text, (problem.word.position, problem.word.length)) == (word, place)
    assert problem.message.startswith(message)
    assert problem.suggestions == suggestions


def test_what_is_right_beside_a_mistake_is_kept():
    with pytest.raises(WordsError) as caught:
        parse("p high q x l ui")
    assert [one.field for one in caught.value.settings] == ["priority", "labels"]
    assert len(caught.value.problems) == 1


WORDS = st.sampled_from([*LETTERS, "-l", "-", '"', "\\", "none", "@me", "high", " "])


@given(st.one_of(st.text(), st.lists(WORDS).map(" ".join)))
@example("\x00 \ud800 p")
@example('p "')
@example("l " * 400)
def test_no_text_does_anything_else(text):
    try:
        settings = parse(text)
    except WordsError as error:
        assert error.problems
        assert all(0 <= one.word.position <= len(text) for one in error.problems)
        settings = error.settings
    assert all(isinstance(one, Setting) for one in settings)


@given(st.text(min_size=1, max_size=50).filter(str.strip))
def test_a_name_that_is_written_is_read_again(name):
    assert said(f"l {written(name)}") == [("labels", name)]
