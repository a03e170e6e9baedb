"""Where a text matches a search, to be marked for the reader. Pure.

In: a text and the terms, with forms of their words in its language. Out: spans of the text. Only what is asked for is
marked, not what is excluded.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

from mailsync.message.words import find_word, fold, fold_spans, signs, spans, whole_sign, word_at, words
from mailsync.plan.search_terms import BY_BEGINNING, And, Field, Or, Symbols, Term, Words

#: Of a longer text only the beginning is looked through.
_MOST_CHARACTERS = 200_000
#: Of a line in a narrow list this much is in sight; a mark beyond it is led up to by so many characters.
_IN_SIGHT, _LEAD = 40, 16
#: Where a match is looked for first: so much before the place where it may be, and so much behind it.
_BEFORE, _BEHIND = 80, 280
#: So much behind a match is quoted at most, and what is looked at must have it.
_QUOTED = 200
#: Letters that may go together with those beside them, or stand without spaces: beyond Latin ones.
_OTHER_SCRIPTS = re.compile("[^\0-\u02ff]")
#: A text whose letters may move as they are folded is folded in stretches of so many.
_AT_ONCE = 4000


class Piece(NamedTuple):
    """A stretch of text; ``hit`` where it matches."""

    text: str
    hit: bool = False


class Marked(NamedTuple):
    """A line with its first match apart, so that a narrow list can shorten what stands before it."""

    lead: str
    hit: str
    tail: tuple[Piece, ...]


def asked_words(term: Term | None, *fields: Field) -> list[Words | Symbols]:
    """The words and signs that messages are to have: anywhere, or in one of these fields."""
    match term:
        case Words(field=field) | Symbols(field=field):
            return [term] if not field or field in fields else []
        case And(terms) | Or(terms):
            return [found for below in terms for found in asked_words(below, *fields)]
        case _:
            return []


@dataclass(frozen=True, slots=True)
class Sought:
    """Words and signs to be found in texts, taken apart once for all of them."""

    terms: tuple[Words, ...]
    #: The words that a match begins with, and whether each may be the beginning of a longer one.
    begins: tuple[tuple[str, bool], ...]
    #: No more than one word is asked for together: where a match begins, it is.
    is_single: bool
    signs: tuple[str, ...] = ()

    @classmethod
    def of(cls, terms: Iterable[Words | Symbols]) -> Self:
        given = tuple(terms)
        asked = tuple(term for term in given if isinstance(term, Words))
        pictures = dict.fromkeys(sign for term in given if isinstance(term, Symbols) for sign in signs(term.text))
        is_single = all(len(words(term.text)) == 1 for term in asked)
        return cls(asked, tuple(dict.fromkeys(_begins(asked))), is_single, tuple(pictures))

    def __bool__(self) -> bool:
        return bool(self.terms or self.signs)


def find_marks(text: str, sought: Sought) -> list[tuple[int, int]]:
    """Spans that match, in order, not overlapping.

    >>> find_marks("Tea at the Café", Sought.of([Words("cafe")]))
    [(11, 15)]
    >>> find_marks("Meetings", Sought.of([Words("meeting", forms=(Forms("en", ("meetings",)),))]))
    [(0, 8)]
    """
    if not sought:
        return []
    text = text[:_MOST_CHARACTERS]
    found = [*_word_hits(text, sought), *(hit for sign in sought.signs for hit in _sign_hits(text, sign))]
    marks: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if marks and start <= marks[-1][1]:
            marks[-1] = (marks[-1][0], max(end, marks[-1][1]))
        else:
            marks.append((start, end))
    return marks


def _word_hits(text: str, sought: Sought) -> Iterable[tuple[int, int]]:
    folded = fold(text) if sought.begins else ""
    # Most texts have none of the words, and to take one apart into words costs more than to see that.
    for begin, _ in sought.begins:
        if begin in folded:
            break
    else:
        return ()
    if sought.is_single and len(folded) == len(text) and not _OTHER_SCRIPTS.search(text):
        return _single_hits(text, folded, sought)
    places = list(spans(text))
    known = fold_spans(text, places)
    return (hit for term in sought.terms for hit in _hits(places, known, term))


def _sign_hits(text: str, sign: str) -> Iterator[tuple[int, int]]:
    place = text.find(sign)
    while place >= 0:
        start, end = whole_sign(text, place, place + len(sign))
        yield start, end
        place = text.find(sign, end)


def _single_hits(text: str, folded: str, sought: Sought) -> Iterator[tuple[int, int]]:
    """Those of single words where letters stand where they stood: only the words that are found are looked at."""
    for word, is_prefix in sought.begins:
        place = find_word(folded, word, is_prefix)
        while place >= 0:
            start, end = word_at(text, place)
            yield start, end
            place = find_word(folded, word, is_prefix, max(end, place + 1))


def _hits(places: list[tuple[int, int]], folded: list[str], term: Words) -> Iterator[tuple[int, int]]:
    yield from _phrases(places, folded, term)
    if forms := _forms(term):
        yield from (place for place, word in zip(places, folded, strict=True) if word in forms)


def _forms(term: Words) -> set[str]:
    return {word for one in term.forms for word in one.words}


def _by_beginning(term: Words) -> bool:
    return term.prefix or term.field in BY_BEGINNING


def _phrases(places: list[tuple[int, int]], folded: list[str], term: Words) -> Iterator[tuple[int, int]]:
    wanted = [word.text for word in words(term.text)]
    if not wanted:
        return
    by_beginning = _by_beginning(term)
    *first, last = wanted
    if not first:
        # Nearly always, and quicker than slices.
        for place, word in zip(places, folded, strict=True):
            if word == last or (by_beginning and word.startswith(last)):
                yield place
        return
    for start in range(len(folded) - len(first)):
        end = start + len(first)
        if folded[start:end] == first and (folded[end] == last or (by_beginning and folded[end].startswith(last))):
            yield places[start][0], places[end][1]


def _begins(terms: Iterable[Words]) -> Iterator[tuple[str, bool]]:
    for term in terms:
        wanted = words(term.text)
        if wanted:
            yield wanted[0].text, len(wanted) == 1 and _by_beginning(term)
        yield from ((form, False) for form in _forms(term))


def quote_match(text: str, sought: Sought, as_line: Callable[[str], str] = lambda text: text) -> tuple[Piece, ...]:
    """The pieces around the first match; none where nothing matches. ``as_line`` makes a line to be read of a text: of
    the stretch that is quoted alone, wherever it can be told."""
    start, end = _near_first(text, sought)
    line = as_line(text[start:end])
    marks = find_marks(line, sought)
    # A line that begins or ends within the text must have all of what is quoted.
    is_whole = start == 0 or (bool(marks) and marks[0][0] > _IN_SIGHT)
    if not is_whole or (end < len(text) and not (marks and marks[0][1] + _QUOTED <= len(line))):
        line = as_line(text)
        marks = find_marks(line, sought)
    return tuple(cut_pieces(line, marks)) if marks else ()


def _near_first(text: str, sought: Sought) -> tuple[int, int]:
    """The stretch of a text in which the first match is likely to be: no match stands before it. All of it where that
    cannot be told."""
    start, step = 0, len(text) if text.isascii() else _AT_ONCE
    while start < len(text):
        end = _word_end(text, start + step)
        folded = fold(text[start:end])
        found = [find_word(folded, word, is_prefix) for word, is_prefix in sought.begins]
        places = [place for place in (*found, *map(folded.find, sought.signs)) if place >= 0]
        if not places:
            start = end
        elif len(folded) == end - start:
            first = start + min(places)
            return _word_start(text, first - _BEFORE), _word_end(text, first + _BEHIND)
        elif step > _BEHIND:
            # Letters have moved: somewhere in here, which is looked through in small steps.
            step = _BEHIND
        else:
            return _word_start(text, start - _BEFORE), _word_end(text, end + _BEHIND)
    return 0, len(text)


def _word_start(text: str, place: int) -> int:
    """That place, or where the word before it begins."""
    if place <= 0:
        return 0
    return max(text.rfind(" ", 0, place), text.rfind("\n", 0, place)) + 1


def _word_end(text: str, place: int) -> int:
    if place >= len(text):
        return len(text)
    found = [end for end in (text.find(" ", place), text.find("\n", place)) if end >= 0]
    return min(found, default=len(text))


def cut_pieces(text: str, marks: list[tuple[int, int]], *, width: int = 160) -> list[Piece]:
    """About ``width`` characters around the first mark, in pieces; the beginning where nothing is marked."""
    begin = max(marks[0][0] - _LEAD, 0) if marks and marks[0][1] > min(_IN_SIGHT, width) else 0
    if begin:
        # Not in the middle of a word.
        begin = text.find(" ", begin, marks[0][0]) + 1 or begin
    pieces = mark_pieces(text, marks, begin, begin + width)
    return [Piece("… "), *pieces] if begin else pieces


def mark_pieces(text: str, marks: list[tuple[int, int]], begin: int = 0, end: int | None = None) -> list[Piece]:
    """The text from ``begin`` to ``end`` in pieces, marked ones and others.

    >>> mark_pieces("Tea at the Café", [(11, 15)])
    [Piece(text='Tea at the ', hit=False), Piece(text='Café', hit=True)]
    """
    end = len(text) if end is None else end
    pieces: list[Piece] = []
    at = begin
    for start, stop in marks:
        if begin <= start < end:
            if at < start:
                pieces.append(Piece(text[at:start]))
            pieces.append(Piece(text[start:stop], True))
            at = stop
    if rest := text[at : max(end, at)]:
        pieces.append(Piece(rest))
    return pieces


def first_mark(pieces: tuple[Piece, ...]) -> Marked | None:
    """None where nothing is marked.

    >>> first_mark((Piece("Tea at the "), Piece("Café", hit=True), Piece(".")))
    Marked(lead='Tea at the ', hit='Café', tail=(Piece(text='.', hit=False),))
    """
    for at, piece in enumerate(pieces):
        if piece.hit:
            return Marked("".join(one.text for one in pieces[:at]), piece.text, pieces[at + 1 :])
    return None
