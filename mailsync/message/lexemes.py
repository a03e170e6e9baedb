"""What the text index keeps of a message: facts in, the text of a ``tsvector`` out. Pure.

Every word stands there plain, with its places and a weight (A subject, B people and files, C own
text, D quoted text). Beside it stand words of single fields under a mark that no word begins with
(``.f`` From, ``.t`` To, ``.c`` Cc, ``.b`` Bcc, ``.n`` file name, ``.l`` list), so that a field is
asked for through the same index. Of a script without spaces the pairs of neighbouring letters are
kept, and the last letter of a run. Between fields there is a gap, so that no phrase spans two.
Signs such as emoji stand by the word before them, so that no phrase is parted; no word is one, and
they need no mark but a field's. ``.yen`` says that the message is in English: its words are asked for
in their other forms, too (``store.word_forms``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from mailsync.message.language import STEMMERS
from mailsync.message.words import plain_words, signs, words
from mailsync.types import Address

#: Grows whenever the same message would get other lexemes; ``manage.py reparse`` writes older ones anew.
INDEX_VERSION = 5

#: PostgreSQL §8.11, §12.11: positions end at 16,383, 256 of them a lexeme, 1 MB a vector.
LAST_POSITION = 16_383
_MOST_POSITIONS = 255
_MOST_BYTES = 900_000
_GAP = 8

#: Stands in the vector of a message in which places had to be left out: its phrases are found by their words. It begins
#: with no mark of a field, and so with no name.
LONG = ".xlong"
#: Stands in the vector of a message with a calendar part.
INVITE = ".invite"
#: With the code of a language, in the vector of a message in that language.
LANGUAGE_MARK = ".y"
FIELD_MARKS = {"from": ".f", "to": ".t", "cc": ".c", "bcc": ".b", "filename": ".n", "list": ".l"}


@dataclass(frozen=True, slots=True)
class IndexedText:
    """What is indexed of one message. ``people`` by field of the header; ``text`` is the body in its
    order, ``own`` those lines of it that are not quoted; ``has_body`` is off while only the header is here,
    ``files_waiting`` on while ``file_texts``, what stands in the attachments, is still to be read.
    """

    message_id: int
    subject: str = ""
    people: Sequence[tuple[str, Address]] = ()
    text: str = ""
    own: str = ""
    files: Sequence[str] = ()
    list_id: str = ""
    has_invite: bool = False
    has_body: bool = True
    file_texts: Sequence[str] = ()
    files_waiting: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True)
class Vector:
    """``complete``: the whole message is in it. ``files_waiting``: but for the text of its attachments.

    ``language`` is that of the message where words have other forms in it that we know of.
    """

    text: str
    complete: bool
    files_waiting: bool = False
    language: str = ""


@dataclass(slots=True)
class _Places:
    """Lexemes with the places met so far, kept within what a tsvector holds."""

    places: dict[str, list[str]] = field(default_factory=dict)
    at: int = 0
    size: int = 0
    is_long: bool = False
    is_cut: bool = False

    def add(self, text: str, weight: str, mark: str = "") -> None:
        """The words and signs of one line or name; with ``mark`` also as those of that field."""
        self._add_words(text, weight, mark)
        for sign in signs(text):
            self._add_sign(sign, weight)
            if mark:
                self._add_sign(mark + sign, weight)

    def _add_words(self, text: str, weight: str, mark: str) -> None:
        found = lexemes(text)
        if self.at + len(found) >= LAST_POSITION - 1 or self.size > _MOST_BYTES - 20 * len(found) - 8 * len(text):
            for lexeme in found:
                self.at += 1
                self._put(lexeme, weight)
                if mark:
                    self._put(mark + lexeme, weight)
            return
        # The bounds are far, as they nearly always are: the same without asking at each word.
        known, at, size = self.places, self.at, self.size
        for lexeme in found:
            at += 1
            places = known.get(lexeme)
            if places is None:
                known[lexeme] = [f"{at}{weight}"]
                size += 10 + (len(lexeme) if lexeme.isascii() else len(lexeme.encode()))
            elif len(places) < _MOST_POSITIONS:
                places.append(f"{at}{weight}")
                size += 2
            else:
                self._full(places, f"{at}{weight}")
        self.size = size
        if mark:
            for lexeme in found:
                self.at += 1
                self._put(mark + lexeme, weight)
        self.at = at

    def _add_sign(self, sign: str, weight: str) -> None:
        """Once for each weight: where signs stand is never asked, and rows of them draw lines."""
        places = self.places.get(sign)
        if places is None:
            self._put(sign, weight)
        elif not any(place.endswith(weight) for place in places):
            places.append(self._place(weight))

    def gap(self) -> None:
        self.at += _GAP

    def _put(self, lexeme: str, weight: str) -> None:
        if self.size > _MOST_BYTES:
            self.is_cut = True
            return
        if self.at >= LAST_POSITION:
            self.is_long = True
        place = self._place(weight)
        places = self.places.get(lexeme)
        if places is None:
            self.places[lexeme] = [place]
            self.size += 10 + (len(lexeme) if lexeme.isascii() else len(lexeme.encode()))
        elif len(places) < _MOST_POSITIONS:
            places.append(place)
            self.size += 2
        else:
            self._full(places, place)

    def _place(self, weight: str) -> str:
        """The last word's. A sign may stand before the first."""
        return f"{min(max(self.at, 1), LAST_POSITION - 1)}{weight}"

    def _full(self, places: list[str], place: str) -> None:
        """A word of every field is found in every field, however often it stands in one."""
        self.is_long = True
        if places[-1][-1] != place[-1]:
            places[-1] = place

    def literal(self) -> str:
        if self.is_long or self.is_cut:
            self.places[LONG] = ["1"]
        return " ".join(f"'{lexeme}':{','.join(places)}" for lexeme, places in self.places.items())


def build_vector(given: IndexedText) -> Vector:
    """The tsvector of a message, as text that PostgreSQL reads."""
    found = _Places()
    found.add(given.subject, "A")
    for name, address in given.people:
        found.gap()
        found.add(f"{address.name} {address.address}", "B", FIELD_MARKS.get(name, ""))
    for name in given.files:
        found.gap()
        found.add(name, "B", FIELD_MARKS["filename"])
    found.gap()
    found.add(given.list_id, "B", FIELD_MARKS["list"])
    found.gap()
    own = set(given.own.splitlines())
    # Neighbouring lines of one weight at once: each call has its price.
    for is_own, lines in groupby(given.text.splitlines(), own.__contains__):
        found.add("\n".join(lines), "C" if is_own else "D")
    for text in given.file_texts:
        found.gap()
        found.add(text, "B")
    if given.has_invite:
        found.places[INVITE] = ["1"]
    language = given.language if given.language in STEMMERS else ""
    if language:
        found.places[LANGUAGE_MARK + language] = ["1"]
    complete = given.has_body and not found.is_cut and not given.files_waiting
    return Vector(found.literal(), complete, given.files_waiting, language)


def lexemes(text: str) -> list[str]:
    """One for each word of ``text``, in order.

    >>> lexemes("Ada 東京都")
    ['ada', '東京', '京都', '都']
    """
    plain = plain_words(text)
    if plain is not None:
        return plain
    found = words(text)
    return [word.text + found[number + 1].text if word.joined else word.text for number, word in enumerate(found)]


def people_of(fields: Iterable[tuple[str, Iterable[Address]]]) -> list[tuple[str, Address]]:
    """``[("from", …), ("to", …)]`` of each person, in the order of the fields given."""
    return [(name, person) for name, people in fields for person in people if person.name or person.address]
