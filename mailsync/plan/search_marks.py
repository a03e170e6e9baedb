"""Where a text matches a search, to be marked for the reader. Pure.

In: a text and the terms, with forms of their words in its language. Out: spans of the text. Only what is asked for is
marked, not what is excluded.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mailsync.message.words import fold, fold_spans, spans, words
from mailsync.plan.search_terms import BY_BEGINNING, And, Field, Or, Term, Words

#: Of a longer text only the beginning is looked through.
_MOST_CHARACTERS = 200_000
#: Of a line in a narrow list this much is in sight; a mark beyond it is led up to by so many characters.
_IN_SIGHT, _LEAD = 40, 16
#: Where a match is looked for first: so much before the place where it may be, and so much, twice, behind it.
_BEFORE, _SURE = 80, 200


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
    places = list(spans(text[:_MOST_CHARACTERS]))
    folded = fold_spans(text, places)
    found = sorted(hit for term in asked for hit in _hits(places, folded, term))
    marks: list[tuple[int, int]] = []
    for start, end in found:
        if marks and start <= marks[-1][1]:
            marks[-1] = (marks[-1][0], max(end, marks[-1][1]))
        else:
            marks.append((start, end))
    return marks


def _hits(places: list[tuple[int, int]], folded: list[str], term: Words) -> Iterator[tuple[int, int]]:
    yield from _phrases(places, folded, term)
    if forms := _forms(term):
        yield from (place for place, word in zip(places, folded, strict=True) if word in forms)


def _forms(term: Words) -> set[str]:
    return {word for one in term.forms for word in one.words}


def _phrases(places: list[tuple[int, int]], folded: list[str], term: Words) -> Iterator[tuple[int, int]]:
    wanted = [word.text for word in words(term.text)]
    if not wanted:
        return
    by_beginning = term.prefix or term.field in BY_BEGINNING
    *first, last = wanted
    for start in range(len(folded) - len(first)):
        end = start + len(first)
        if folded[start:end] == first and (folded[end] == last or (by_beginning and folded[end].startswith(last))):
            yield places[start][0], places[end][1]


def quote_match(text: str, asked: list[Words]) -> tuple[Piece, ...]:
    """The pieces around the first match; none where nothing matches."""
    near = _near_first(text, asked)
    marks = find_marks(near, asked) if near else []
    if not marks or marks[0][1] > _SURE:
        near, marks = text, find_marks(text, asked)
    return tuple(cut_pieces(near, marks)) if marks else ()


def _near_first(text: str, asked: list[Words]) -> str:
    """The stretch of a long text in which the first match is likely to be: no match stands before it. Empty where that
    cannot be told. To take a whole body apart into words costs more than to find and read it."""
    whole = fold(text)
    if len(text) < 2 * _SURE or len(whole) != len(text):
        return ""  # short, or letters have moved
    begins = [first.text for term in asked for first in words(term.text)[:1]]
    places = [whole.find(one) for one in (*begins, *(form for term in asked for form in _forms(term)))]
    first = min((place for place in places if place >= 0), default=-1)
    return "" if first < 0 else text[max(first - _BEFORE, 0) : first + 2 * _SURE]


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
