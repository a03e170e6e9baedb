"""Where a text matches a search, to be marked for the reader. Pure.

In: a text and the terms, with forms of their words in its language. Out: spans of the text. Only what is asked for is
marked, not what is excluded.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mailsync.message.words import find_word, fold, fold_spans, spans, word_at, words
from mailsync.plan.search_terms import BY_BEGINNING, And, Field, Or, Term, Words

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
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; ``hit`` where it matches."""

    text: str
    hit: bool = False


@dataclass(frozen=True, slots=True)
class Marked:
    """A line with its first match apart, so that a narrow list can shorten what stands before it."""

    lead: str
    hit: str
    tail: tuple[Piece, ...]


def asked_words(term: Term | None, *fields: Field) -> list[Words]:
    """The words that messages are to have: anywhere, or in one of these fields."""
    match term:
        case Words(field=field):
            return [term] if not field or field in fields else []
        case And(terms) | Or(terms):
            return [found for below in terms for found in asked_words(below, *fields)]
        case _:
            return []


def find_marks(text: str, asked: list[Words]) -> list[tuple[int, int]]:
    """Spans that match, in order, not overlapping.

    >>> find_marks("Tea at the Café", [Words("cafe")])
    [(11, 15)]
    >>> find_marks("Meetings", [Words("meeting", forms=(Forms("en", ("meetings",)),))])
    [(0, 8)]
    """
    text = text[:_MOST_CHARACTERS]
    folded = fold(text)
    if not asked or not _may_match(folded, asked):
        return []
    if len(folded) == len(text) and not _OTHER_SCRIPTS.search(text) and all(len(words(one.text)) == 1 for one in asked):
        found = sorted(hit for term in asked for hit in _single_hits(text, folded, term))
    else:
        places = list(spans(text))
        known = fold_spans(text, places)
        found = sorted(hit for term in asked for hit in _hits(places, known, term))
    marks: list[tuple[int, int]] = []
    for start, end in found:
        if marks and start <= marks[-1][1]:
            marks[-1] = (marks[-1][0], max(end, marks[-1][1]))
        else:
            marks.append((start, end))
    return marks


def _single_hits(text: str, folded: str, term: Words) -> Iterator[tuple[int, int]]:
    """Those of single words where letters stand where they stood: only the words that are found are looked at."""
    asked = [(words(term.text)[0].text, _by_beginning(term)), *((form, False) for form in _forms(term))]
    for word, is_prefix in asked:
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


def _may_match(folded: str, asked: list[Words]) -> bool:
    """Whether any of the words that a match begins with stands in it: most texts have none, and to take one apart into
    words costs more than to see that."""
    return any(begin in folded for begin, _ in _begins(asked))


def _begins(asked: list[Words]) -> Iterator[tuple[str, bool]]:
    """The first words of all that is asked for, and whether each may be the beginning of a longer one."""
    for term in asked:
        wanted = words(term.text)
        if wanted:
            yield wanted[0].text, len(wanted) == 1 and _by_beginning(term)
        yield from ((form, False) for form in _forms(term))


def quote_match(text: str, asked: list[Words], as_line: Callable[[str], str] = lambda text: text) -> tuple[Piece, ...]:
    """The pieces around the first match; none where nothing matches. ``as_line`` makes a line to be read of a text: of
    the stretch that is quoted alone, wherever it can be told."""
    start, end = _near_first(text, asked)
    line = as_line(text[start:end])
    marks = find_marks(line, asked)
    # A line that begins or ends within the text must have all of what is quoted.
    is_whole = start == 0 or (bool(marks) and marks[0][0] > _IN_SIGHT)
    if not is_whole or (end < len(text) and not (marks and marks[0][1] + _QUOTED <= len(line))):
        line = as_line(text)
        marks = find_marks(line, asked)
    return tuple(cut_pieces(line, marks)) if marks else ()


def _near_first(text: str, asked: list[Words]) -> tuple[int, int]:
    """The stretch of a text in which the first match is likely to be: no match stands before it. All of it where that
    cannot be told."""
    begins = list(dict.fromkeys(_begins(asked)))
    step = len(text) if text.isascii() else _AT_ONCE
    start = 0
    while start < len(text):
        end = _word_end(text, start + step)
        folded = fold(text[start:end])
        places = [place for word, is_prefix in begins if (place := find_word(folded, word, is_prefix)) >= 0]
        if places:
            # Where letters have moved, it is somewhere in here.
            first = last = start + min(places)
            if len(folded) != end - start:
                first, last = start, end
            return _word_start(text, first - _BEFORE), _word_end(text, last + _BEHIND)
        start = end
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
    pieces, at = [], begin
    for start, stop in marks:
        if begin <= start < end:
            pieces += [Piece(text[at:start]), Piece(text[start:stop], hit=True)]
            at = stop
    pieces.append(Piece(text[at : max(end, at)]))
    return [piece for piece in pieces if piece.text]


def first_mark(pieces: tuple[Piece, ...]) -> Marked | None:
    """None where nothing is marked.

    >>> first_mark((Piece("Tea at the "), Piece("Café", hit=True), Piece(".")))
    Marked(lead='Tea at the ', hit='Café', tail=(Piece(text='.', hit=False),))
    """
    at = next((at for at, piece in enumerate(pieces) if piece.hit), None)
    return None if at is None else Marked("".join(one.text for one in pieces[:at]), pieces[at].text, pieces[at + 1 :])
