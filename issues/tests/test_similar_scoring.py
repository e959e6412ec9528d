"""How alike two texts are: the pure functions that the tracker and its benchmark share."""

from concurrent.futures import ThreadPoolExecutor
from operator import mul

import pytest

from issues.similar import scoring, weights
from issues.similar.scoring import BODY, TITLE, Facts
from issues.similar.words import number_of, stem, words_of

DAY = 86_400


def query_for(title, description="", known=None, **home):
    weighed = scoring.weigh(title, description)
    return scoring.make_query(title, weighed, known or {TITLE: ({}, 10), BODY: ({}, 10)}, **home)


def rank(query, found, facts, canonical=(), duplicates=(), **options):
    options = {"now": 0, "limit": 5, **options}
    return scoring.rank(query, found, facts, dict(canonical), dict(duplicates), **options)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The crashes of a crashing Crash", ["crash", "crash", "crash"]),
        ("NullPointerException", ["null", "pointer", "except", "nullpointerexcept"]),
        ("Don't use it's", ["use"]),
        ("日本語", ["日本", "本語", "語"]),
        ("", []),
    ],
)
def test_words(text, words):
    assert words_of(text) == words


def test_threads_do_not_disturb_one_another():
    stem.cache_clear()
    with ThreadPoolExecutor(8) as threads:
        found = set(
            threads.map(lambda word: (word, stem.__wrapped__(word)), ["crashes", "organizing", "editors"] * 500)
        )
    assert found == {("crashes", "crash"), ("organizing", "organiz"), ("editors", "editor")}


def test_numbers_of_words_do_not_change():
    assert number_of("crash") == 3_905_337_331_420


def test_a_word_weighs_less_in_a_longer_text_and_more_when_repeated():
    short, long = scoring.weigh("cart", "")[TITLE], scoring.weigh("cart with many other words inside", "")[TITLE]
    twice = scoring.weigh("cart cart", "")[TITLE]
    assert long["cart"] < short["cart"] < twice["cart"] < 1.6
    assert scoring.weigh("cart", "")[BODY] == {}
    body = scoring.weigh("cart", "login")[BODY]
    assert body["cart"] > body["login"]


def test_what_comes_late_in_a_long_text_is_left_out():
    body = scoring.weigh("cart", "early " + 20_000 * "x " + "late")[BODY]
    assert ("earli" in body, "late" in body) == (True, False)


def test_rare_words_tell_more_and_common_ones_are_not_looked_up(monkeypatch):
    assert scoring.idf(1, 100) > scoring.idf(50, 100) > scoring.idf(100, 100) > 0
    assert scoring.idf(5, 0) > 0
    monkeypatch.setattr("issues.similar.weights.READ", 10)
    assert scoring.affordable(["a", "b", "c"], {"a": 4, "b": 5, "c": 6}) == ["a", "b"]
    assert scoring.affordable(["a", "b"], {"a": 400, "b": 50}) == ["b"]
    assert scoring.affordable([], {}) == []


def test_trigrams():
    assert scoring.trigrams("Ab, c") == {" ab", "ab ", "b c", " c "}
    assert scoring.overlap(scoring.trigrams("cart"), scoring.trigrams("Cart!")) == 1
    assert scoring.overlap(set(), set()) == 0


def test_a_group_is_as_alike_as_the_most_alike_of_it():
    query = query_for("coupon breaks")
    facts = {1: Facts("something else", 1, 1, 0), 2: Facts("coupon breaks", 1, 1, 0), 3: Facts("coupon", 1, 1, 0)}
    own = query.own[TITLE]
    found = {2: (own, 0), 3: (own / 2, 0)}
    assert [(one.issue, one.best) for one in rank(query, found, facts)] == [(2, 2), (3, 3)]
    (first, second) = rank(query, found, facts, canonical={2: 1}, duplicates={1: 1})
    assert (first.issue, first.best, first.duplicates) == (1, 2, 1)
    assert second.issue == 3
    assert len(rank(query, found, facts, limit=1)) == 1


@pytest.mark.parametrize(
    ("asker", "title", "body", "is_shown"),
    [
        (1, 0.1, 0, True),
        (2, 0.1, 0, False),
        (2, 0.4, 0, False),
        (2, 0.4, 0.1, True),
        (2, 0.6, 0, True),
        (2, 0, 0.2, False),
        (2, 0, 0.3, True),
        (None, 0.1, 0, True),
    ],
)
def test_an_issue_of_another_product_has_to_be_more_alike(asker, title, body, is_shown):
    query = query_for("coupon breaks", "A voucher too", product=asker)
    found = {1: (title * query.own[TITLE], body * query.own[BODY])}
    assert [one.issue for one in rank(query, found, {1: Facts("", 1, None, 0)})] == [1] * is_shown


def test_what_speaks_for_an_issue_beside_its_text():
    query = query_for("coupon", product=1, component=7)

    def standing(product=None, component=None, created=0, closed=None, duplicates=0):
        return points(query, Facts("", product, component, created, closed), duplicates, 1000 * DAY)

    def points(query, *facts):
        return sum(map(mul, query.weights[3:], scoring.standing(query, *facts)))

    assert standing() < standing(product=1) < standing(product=1, component=7)
    assert standing(created=0) < standing(created=900 * DAY)
    assert standing(closed=0) < standing(closed=990 * DAY) < standing()
    assert standing() < standing(duplicates=1) < standing(duplicates=5)
    unknown = query_for("coupon")
    assert points(unknown, Facts("", None, None, 0), 0, 0) == weights.SHIPPED["open"]


@pytest.mark.parametrize(
    ("fitted", "name", "weight"),
    [
        (None, "open", 2.1),
        ({}, "open", 2.1),
        ({"open": 3}, "open", 3),
        ({"open": 1e9}, "open", 4.2),
        ({"open": -1e9}, "open", 0),
        ({"open": float("nan")}, "open", 2.1),
        ({"open": "9"}, "open", 2.1),
        ({"months": 7}, "months", 0),
        ({"months": -9}, "months", -1.05),
        ({"text": 50}, "text", 5),
        ({"body": 0}, "body", 6.5),
        ({"words": 9}, "words", 0.36),
        ({"unheard of": 9}, "text", 5),
    ],
)
def test_fitted_weights_have_bounds(fitted, name, weight):
    assert weights.bounded(fitted)[list(weights.SHIPPED).index(name)] == pytest.approx(weight)


def test_votes():
    cast = [(1, 0, "a"), (1, 0, "b"), (1, 365 * DAY, "a"), (0, 0, "c")]
    told = [(vote.value, round(vote.score, 3), vote.count) for vote in scoring.votes(cast)]
    assert told == [("a", 0.6, 2), ("b", 0.4, 1), ("c", 0, 1)]
    assert scoring.votes([]) == []
