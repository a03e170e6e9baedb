"""A cleaned body: safe text with slots where pictures may stand. Pure.

What does not depend on the reader (tags, styles, links) is cleaned once and kept; what does (picture
consent, the URLs of this message's parts) is filled into slots when the body is shown. A body is a
list of literal pieces and slots, so filling never edits HTML: it joins strings, and a slot's value
must be of a plain alphabet that can end neither an attribute nor a url().
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from webmail.render.doctype import STANDARDS

#: Around a slot's number while the body is still tokens; ``guard`` takes these noncharacters from every source.
_MARK_OPEN, _MARK_CLOSE = "\ufdd0", "\ufdd1"
MARK = re.compile(f"{_MARK_OPEN}([0-9]+){_MARK_CLOSE}")
_FOLD = '<details data-heron="quote">'
_TAG = re.compile(r"<[^<>]*>")
_INVISIBLE = re.compile("(?:&nbsp;|[\\s\u00ad\u034f\u200b-\u200f\u2060-\u2064\ufeff])+")
#: What is seen without a word. (A picture that is not there is marked as one, and has its words.)
_SEEN = re.compile(r'<img\b(?![^<>]*data-heron="empty")|<hr\b|background')
_MAX_BLANK = 4_000
_PLAIN_URL = re.compile(r"(?:https?://[A-Za-z0-9.-]|/(?!/))[A-Za-z0-9/_.:?=%~@,+-]*\Z")


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a picture: ``place`` says in which syntax, ``origin`` where the picture comes from.

    A ``ground`` is a place in CSS under light text that has nothing else under it. ``target`` is a Content-ID without
    brackets, or an absolute http(s) URL; it is never written into the body.
    """

    place: Literal["src", "css", "ground"]
    origin: Literal["cid", "remote"]
    target: str


Piece = str | Slot
#: Stands in for a picture that is not shown where light text would stand on a light page; as large as that would be.
_DARK_GROUND = "linear-gradient(#48525e,#48525e)"
_OF_PIECES = ("pieces", "body_attributes", "sheet_pieces")
#: Asked for each slot: the URL on this site to load it from, or None to leave it out.
PictureUrl = Callable[[Slot], str | None]


def no_pictures(slot: Slot) -> None:
    """The ``PictureUrl`` that loads nothing."""
    return


@dataclass(frozen=True, slots=True)
class CleanBody:
    """What ``sanitize`` made of an HTML body. Safe to write into a page by ``fill`` only.

    ``body_attributes`` are the pieces after ``<body``, ``sheet_pieces`` CSS for the frame's head.
    Counts are for telling the reader: ``remote`` pictures wait for consent, ``trackers`` never load,
    ``deceptive_links`` show one host and lead to another.
    """

    pieces: tuple[Piece, ...]
    body_attributes: tuple[Piece, ...] = ()
    sheet_pieces: tuple[Piece, ...] = ()
    doctype: str = ""
    sets_colors: bool = False
    remote: int = 0
    trackers: int = 0
    deceptive_links: int = 0
    has_quote: bool = False
    truncated: bool = False

    def fill(self, picture_url: PictureUrl = no_pictures) -> str:
        """The body's inner HTML. Raises ``ValueError`` when ``picture_url`` gives a URL of another alphabet."""
        return fill(self.pieces, picture_url)

    @property
    def sheet(self) -> str:
        """The CSS for the frame's head, without pictures."""
        return fill(self.sheet_pieces, no_pictures)

    def unfolded(self) -> Self:
        """The same with its quote open from the start. Only we write ``data-heron``, and no value holds a "<"."""
        opened = (p.replace(_FOLD, f'{_FOLD[:-1]} open="">') if isinstance(p, str) else p for p in self.pieces)
        return replace(self, pieces=tuple(opened))

    @property
    def is_blank(self) -> bool:
        """Whether nothing of it can be seen, as of a text of empty lines. A long one is taken to say something."""
        inner = "".join(piece for piece in self.pieces if isinstance(piece, str))
        if self.slots or len(inner) > _MAX_BLANK:
            return False
        return not _SEEN.search(inner) and not _INVISIBLE.sub("", _TAG.sub("", inner))

    @property
    def slots(self) -> tuple[Slot, ...]:
        return tuple(
            piece for piece in self.sheet_pieces + self.body_attributes + self.pieces if isinstance(piece, Slot)
        )

    def as_json(self) -> str:
        """As the cache keeps it."""
        data: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name in _OF_PIECES:
            data[name] = _pieces_as_json(data[name])
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, data: str) -> Self:
        fields: dict[str, Any] = json.loads(data)
        for name in _OF_PIECES:
            fields[name] = _pieces_from_json(fields[name])
        return cls(**fields)


def mark(number: int) -> str:
    """What stands for slot ``number`` in an attribute value until the body is serialised."""
    return f"{_MARK_OPEN}{number}{_MARK_CLOSE}"


def is_mark(value: str) -> bool:
    return value[:1] == _MARK_OPEN and MARK.fullmatch(value) is not None


def split_marks(text: str, slots: list[Slot]) -> list[Piece]:
    """Text and slots in turn. A mark that a sender forged shows a picture of the same message at most."""
    found: list[Piece] = []
    for index, part in enumerate(MARK.split(text)):
        if index % 2 == 0:
            found.append(part)
        elif int(part) < len(slots):
            found.append(slots[int(part)])
    return found


def fill(pieces: tuple[Piece, ...], picture_url: PictureUrl) -> str:
    return "".join(piece if isinstance(piece, str) else _fill_slot(piece, picture_url(piece)) for piece in pieces)


def _fill_slot(slot: Slot, url: str | None) -> str:
    if url is not None and not _PLAIN_URL.match(url):
        raise ValueError(f"not a plain URL for a picture: {url[:100]!r}")
    if slot.place != "src":
        return f"url({url})" if url else _DARK_GROUND if slot.place == "ground" else "none"
    if url:
        return f' src="{url}" decoding="async" referrerpolicy="no-referrer"'
    return ' data-heron="blocked"' if slot.origin == "remote" else ' data-heron="missing"'


def _pieces_as_json(pieces: tuple[Piece, ...]) -> list[str | list[str]]:
    return [p if isinstance(p, str) else [p.place, p.origin, p.target] for p in pieces]


def _pieces_from_json(pieces: list[Any]) -> tuple[Piece, ...]:
    return tuple(p if isinstance(p, str) else Slot(*p) for p in pieces)


def text_body(inner: str) -> CleanBody:
    """A body of text as ``render_text`` or ``render_header`` made it."""
    return CleanBody(
        pieces=(inner,), body_attributes=(' dir="auto"',), doctype=STANDARDS, has_quote="<details" in inner
    )


def join_bodies(bodies: Sequence[CleanBody]) -> CleanBody:
    """Several bodies, one below the other: Apple Mail's text between pictures, a mailing list's footer.

    Each is whole elements and text, so putting them side by side changes none of them.
    """
    if len(bodies) == 1:
        return bodies[0]
    first = bodies[0]
    pieces: list[Piece] = []
    sheet: list[Piece] = []
    for body in bodies:
        pieces += ["<hr>", *body.pieces] if pieces else body.pieces
        sheet += ["\n", *body.sheet_pieces] if sheet else body.sheet_pieces
    return replace(
        first,
        pieces=tuple(pieces),
        sheet_pieces=tuple(sheet),
        sets_colors=any(body.sets_colors for body in bodies),
        # One that has colours for the day alone would be dark on dark.
        remote=sum(body.remote for body in bodies),
        trackers=sum(body.trackers for body in bodies),
        deceptive_links=sum(body.deceptive_links for body in bodies),
        has_quote=any(body.has_quote for body in bodies),
        truncated=any(body.truncated for body in bodies),
    )
