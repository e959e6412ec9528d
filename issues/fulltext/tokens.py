"""The one tokenizer, of texts and queries alike: what is found does not depend on the database.

A text becomes terms in their order and *extras*: terms that are found, but have no place in a phrase. Words are split
where a reader sees parts (`HTTPServer`, `foo_bar`, `libfoo.so.3`); scripts that are written without spaces become
pairs of characters. There are no stop words and there is no stemming. What stands around a *name*, a word in camel
case, is told once more with the name as one term (its *run*), since others write it so: GitHub Actions, github actions.
"""

import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

TERM_LENGTH = 64
SNIPPET_LENGTH = 200
# Longer words seldom come twice, and are not worth the memory.
REMEMBERED_LENGTH = 32
REMEMBERED_WORDS = 16384
# So many terms on either side of a name are in a phrase with it as one term.
AROUND = 2

# Han, Hiragana, Katakana, Thai, Lao, Myanmar, Khmer.
SPACELESS = (
    "\u2e80-\u2fdf\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U000323af"
    "\u0e00-\u0eff\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f\u1780-\u17ff"
)


def _marks():
    """Return the combining marks as a class of characters: for `re` they belong to no word."""
    ranges: list[list[int]] = []
    for point in (*range(0x300, 0x1F000), *range(0xE0100, 0xE01F0)):
        if unicodedata.category(chr(point))[0] != "M":
            continue
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


MARKS = _marks()
ASCII_WORD = re.compile(r"\w+", re.ASCII)
WORD = re.compile(rf"\w[\w{MARKS}]*")
# As user names are written, without what ends the sentence.
MENTION = re.compile(rf"(?<!\w)@\w[\w{MARKS}]*(?:[.@+-]+\w[\w{MARKS}]*|\[\w+\])*")
# What only its signs tell from a letter: C++, g++, C#.
SIGNED = re.compile(r"(?<!\w)(?:[a-z]{1,2}\+\+|[a-z]#(?!\w))", re.IGNORECASE)
RUN = re.compile(f"([{SPACELESS}]+)|[^_{SPACELESS}]+")
CHARACTER = re.compile(f"[{SPACELESS}]")
# Variation selectors, which nobody types; and marks without end, in whose number normalizing would be quadratic.
JUNK = re.compile(f"([{MARKS}]{{30}})[{MARKS}]+|[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# A character with all that it may merge with: marks, the later letters of a Hangul syllable, voicing of narrow kana.
CLUSTER = re.compile(f".[{MARKS}\u1160-\u11ff\u3131-\u318e\uff9e-\uffdc]*", re.DOTALL)
CHUNK = re.compile(r"\s+|\S+")
SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Needle:
    """What to look for: terms that follow one another, the last perhaps only the beginning of one.

    `whole` are terms that do as well: what is written GitHub here may be github there.
    """

    terms: tuple[str, ...]
    prefix: bool = False
    whole: tuple[str, ...] = ()

    @property
    def ways(self):
        """The Needles, none of which has a `whole`, that each find it."""
        return (Needle(self.terms, self.prefix), Needle(self.whole, self.prefix)) if self.whole else (self,)


def normalize(text):
    """Return `text` with one way of writing where Unicode has several (NFKC)."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", JUNK.sub(r"\1", text))


def tokenize(text):
    """Return `(terms in their order, extras)` of `text`, in time linear in its length."""
    terms, extras, _names = _read(normalize(text))
    return terms, extras


def tokenize_with_runs(text):
    """Return `(terms in their order, extras, runs)` of `text`: in a run a name is one term among what is around it."""
    terms, extras, names = _read(normalize(text))
    return terms, extras, _runs(terms, names)


def _read(text):
    """Return `(terms, extras, names)` of a normalized text; names are `(first of its terms, how many, as one term)`."""
    terms: list[str] = []
    extras: list[str] = []
    names: list[tuple[int, int, str]] = []
    for word in (ASCII_WORD if text.isascii() else WORD).findall(text):
        if word.islower() and word.isalnum() and word.isascii():
            terms.append(word[:TERM_LENGTH])
        else:
            parts, more, named = _remembered_split(word) if len(word) <= REMEMBERED_LENGTH else _split(word)
            names += [(len(terms) + first, count, whole) for first, count, whole in named]
            terms += parts
            extras += more
    if "@" in text:
        extras += map(_fold, MENTION.findall(text))
    return terms, extras, names


def _with_whole(terms, names):
    """Return `terms` with each of `names` as one, and where among them these are."""
    told, places, at = [], [], 0
    for first, count, whole in names:
        told += terms[at:first]
        places.append(len(told))
        told.append(whole)
        at = first + count
    return told + terms[at:], places


def _runs(terms, names):
    told, places = _with_whole(terms, names) if names else ([], [])
    found: list[list[str]] = []
    end = 0
    for place in places:
        begin = max(place - AROUND, end)
        if begin > end or not found:
            found.append([])
        end = place + AROUND + 1
        found[-1] += told[begin:end]
    return found


def signs(text):
    """Return the extras of `text` that end with signs; similar issues are not found by them."""
    normal = normalize(text)
    return [_sign(found) for found in SIGNED.findall(normal)] if "++" in normal or "#" in normal else []


def _sign(word):
    """Return the term of what SIGNED finds: a number sign would end it on SQLite."""
    return word.lower().replace("#", "♯")


def _split(word):
    """Return the terms, the extras and the names of a normalized word, these as `_read` does."""
    parts, extras, names = _places(word)
    folded = [_fold(word[start:end]) for start, end in parts], [_fold(word[start:end]) for start, end in extras]
    return *folded, [(first, count, _fold(word[start:end])) for first, count, (start, end) in names]


_remembered_split = lru_cache(REMEMBERED_WORDS)(_split)


def _places(word):
    """Return where in a normalized word its parts are, its extras, and its names: (start, end) each.

    A name is told as `(first of its parts, how many, where it is)`.
    """
    parts, extras, names = [], [], []
    for run in RUN.finditer(word):
        start, end = run.span()
        if run[1]:
            parts += _pairs(start, end)
            if end - start > 1:
                extras.append((end - 1, end))
        else:
            starts = [start + hump for hump in _humps(run[0])]
            if len(starts) > 1:
                names.append((len(parts), len(starts), (start, end)))
                extras.append((start, end))
            parts += zip(starts, [*starts[1:], end], strict=True)
    return parts, extras, names


def _pairs(start, end):
    """Return where the terms of a run without spaces are: pairs of characters, or the single one."""
    return [(at, at + 2) for at in range(start, end - 1)] or [(start, end)]


def _humps(name):
    """Return where the parts of a camel-case name begin."""
    if name.isupper() or name[1:] == name[1:].lower():
        return [0]
    threes = zip(name, name[1:], [*name[2:], ""], strict=False)
    return [0] + [
        place
        for place, (before, here, after) in enumerate(threes, 1)
        if here.isupper() and (not before.isupper() or after.islower())
    ]


def _fold(term):
    """Return a term in the case that all are compared in."""
    if term.isascii():
        return term[:TERM_LENGTH].lower()
    return unicodedata.normalize("NFKC", term[:TERM_LENGTH].casefold())[:TERM_LENGTH]


def needle(text, prefix=False):
    """Return the Needle of a query's word or quoted phrase, or None where it holds nothing to search for.

    `prefix` asks for words that begin with its last one. A single character of a script without spaces always does,
    since what follows it belongs to the same term.
    """
    normal = normalize(text).strip()
    if MENTION.fullmatch(normal):
        return Needle((_fold(normal),), prefix)
    if SIGNED.fullmatch(normal):
        return Needle((_sign(normal),), prefix)
    terms, _extras, names = _read(normal)
    if not terms:
        return None
    whole = _with_whole(terms, names)[0] if names else ()
    return Needle(tuple(terms), prefix or _is_character(terms[-1]), tuple(whole))


def mention(username):
    """Return the Needle of a mention of somebody; of a name that no text can mention it finds nothing."""
    return Needle((_fold(f"@{username}"),))


def _is_character(term):
    """Return whether `term` is a single character of a script without spaces."""
    return CHARACTER.fullmatch(term) is not None


def spans(text, needles):
    """Return where `needles` are found in `text`: a list of (start, end) in their order, without overlaps."""
    normal = normalize(text)
    terms, whole, extras = _placed(normal)
    ways = [way for needle in needles for way in needle.ways]
    found = _phrases(terms, ways) + (_phrases(whole, ways) if whole != terms else [])
    alone = [one for one in ways if len(one.terms) == 1]
    found += [_hit(one, place, place) for one in alone for place in extras if in_line(one) in as_line(place[:1])]
    if normal != text:
        origins = _origins(text)
        found = [(origins[start][0], origins[end - 1][1]) for start, end in found]
    return _merged(found)


def _phrases(terms, ways):
    """Return the hits of `ways` in `terms`, which are (term, start, end) in their order."""
    line = as_line([term for term, _start, _end in terms])
    begins = list(accumulate((len(term) + 1 for term, _start, _end in terms), initial=0))
    found = []
    for one in ways:
        firsts = [bisect_left(begins, at) for at in _finds(line, in_line(one))]
        found += [_hit(one, terms[first], terms[first + len(one.terms) - 1]) for first in firsts]
    return found


def _placed(normal):
    """Return the terms, those with names whole, and the extras of a normalized text, each as (term, start, end)."""
    terms: list[tuple[str, int, int]] = []
    extras, names = [], []
    for word in WORD.finditer(normal):
        parts, more, named = _places(word[0])
        names += [(len(terms) + first, count, *_at(word, [place])) for first, count, place in named]
        terms += _at(word, parts)
        extras += _at(word, more)
    extras += [(_fold(one[0]), *one.span()) for one in MENTION.finditer(normal)]
    extras += [(_sign(one[0]), *one.span()) for one in SIGNED.finditer(normal)]
    return terms, _with_whole(terms, names)[0], extras


def _at(word, places):
    """Return `places` in a `word` that was matched, as (term, start, end) in the text."""
    return [(_fold(word[0][start:end]), word.start() + start, word.start() + end) for start, end in places]


def as_line(terms):
    """Return `terms` as one line in which needles are found by `in_line`."""
    return f" {' '.join(terms)} "


def in_line(one):
    """Return what a line of `as_line` holds where it holds the Needle `one`."""
    return as_line(one.terms)[: -1 if one.prefix else None]


def _finds(line, wanted):
    """Yield each place where `wanted` is found in `line`, overlapping ones too."""
    at = line.find(wanted)
    while at >= 0:
        yield at
        at = line.find(wanted, at + 1)


def _hit(one, first, last):
    """Return (start, end) of a hit that begins and ends with these placed terms."""
    _term, start, end = last
    return first[1], start + 1 if one.prefix and _is_character(one.terms[-1]) else end


def _origins(text):
    """Return for each character of the normalized `text` the (start, end) that it comes from."""
    origins: list[tuple[int, int]] = []
    for chunk in CHUNK.finditer(text):
        whole, at = normalize(chunk[0]), chunk.start()
        pieces = [(normalize(one[0]), at + one.start(), at + one.end()) for one in CLUSTER.finditer(chunk[0])]
        if "".join(piece for piece, _start, _end in pieces) != whole:
            pieces = [(whole, at, chunk.end())]
        for piece, start, end in pieces:
            origins += [(start, end)] * len(piece)
    return origins


def _merged(found):
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def snippet(text, needles, length=SNIPPET_LENGTH):
    """Return about `length` characters of `text` around the first hits of `needles`, or [] where there is none.

    It is a list of (piece, whether it is a hit). The pieces are plain text: who shows them escapes them.
    """
    hits = spans(text, needles)
    if not hits:
        return []
    first, last = hits[0]
    begin = _word_start(text, max(0, first - length // 4), first)
    stop = max(last, _word_end(text, begin + length))
    pieces = [
        ("…" if begin else "", False),
        *_pieces(text, hits, begin, stop),
        ("…" if stop < len(text) else "", False),
    ]
    return [(piece, is_hit) for piece, is_hit in pieces if piece]


def marked(text, needles):
    """Return all of `text` in such pieces, or [] where it has no hit."""
    hits = spans(text, needles)
    return [(piece, is_hit) for piece, is_hit in _pieces(text, hits, 0, len(text)) if piece] if hits else []


def _pieces(text, hits, at, stop):
    for start, end in hits:
        if end > stop:
            break
        yield from ((text[at:start], False), (text[start:end], True))
        at = end
    yield text[at:stop], False


def _word_start(text, at, limit):
    """Return where the first word after `at` begins, or `at` where none does up to `limit`."""
    space = SPACE.search(text, at, limit) if at else None
    return space.end() if space else at


def _word_end(text, at):
    """Return where the last word before `at` ends, if one ends a little before it."""
    if at >= len(text):
        return len(text)
    spaces = [space.start() for space in SPACE.finditer(text, max(0, at - TERM_LENGTH), at + 1)]
    return spaces[-1] if spaces else at
