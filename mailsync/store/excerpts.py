"""Why a message was found: the field that matched and the text around it. Database room.

In: the messages of one page of results and the terms. Out: an excerpt of each. What the rows show
already (subject, preview) is looked at first; only for the others are their bodies read and decoded.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple, Self

from accounts.ready import prepared_cursor
from mailsync.message.bodies import choose_bodies, decode_lines, join_lines
from mailsync.message.facts import Part
from mailsync.message.html_text import html_to_text
from mailsync.message.transfer import Read
from mailsync.models import FileText
from mailsync.plan.search_marks import (
    Marked,
    Piece,
    Sought,
    asked_words,
    cut_pieces,
    find_marks,
    first_mark,
    mark_pieces,
    quote_match,
)
from mailsync.plan.search_terms import Field, Term, in_language
from mailsync.store.raw import Range, read_ranges
from mailsync.store.word_forms import languages_of

#: Of a longer body only so much is decoded to find the place.
_MOST_BYTES = 200_000

Where = Literal["", "subject", "body", "from", "to", "cc", "bcc", "filename", "attachment"]
_Other = Literal["to", "cc", "bcc", "filename"]
_OTHERS: tuple[_Other, ...] = ("to", "cc", "bcc", "filename")
#: Row by row, by their keys. JSON as text: few messages need theirs read.
_MESSAGES = """
    SELECT m.id, m.raw_id, m.subject, m.preview, m.from_name, m.from_address, m.recipients::text, m.parts::text
      FROM unnest(%s::bigint[]) AS k(id)
     CROSS JOIN LATERAL (SELECT * FROM mailsync_message m WHERE m.id = k.id LIMIT 1) AS m
"""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """``where`` is the field that matched, "" where none can be named; ``pieces`` its text or the preview."""

    where: Where
    subject: tuple[Piece, ...]
    pieces: tuple[Piece, ...]
    #: The attachment whose text matched.
    file: str = ""

    @property
    def marked_subject(self) -> Marked | None:
        return first_mark(self.subject)

    @property
    def marked(self) -> Marked | None:
        return first_mark(self.pieces)


class _Message(NamedTuple):
    id: int
    raw_id: int | None
    subject: str
    preview: str
    from_name: str
    from_address: str
    recipients: str
    parts: str | None


@dataclass(frozen=True, slots=True)
class _Asked:
    """The words that are asked for, by where they may stand."""

    subject: Sought
    body: Sought
    sender: Sought
    others: list[tuple[_Other, Sought]]
    anywhere: Sought

    @classmethod
    def of(cls, term: Term | None) -> Self:
        def sought(*fields: Field) -> Sought:
            return Sought.of(asked_words(term, *fields))

        others = [(field, words) for field in _OTHERS if (words := sought(field))]
        return cls(sought("subject"), sought("body"), sought("from"), others, sought())


def load_excerpts(message_ids: Sequence[int], term: Term | None) -> dict[int, Excerpt]:
    """By message id, for messages that the caller has the right to."""
    languages = languages_of(message_ids, term)
    # Most of a page is in one language: what it is asked for is taken apart once.
    by_language = {one: _Asked.of(in_language(term, one)) for one in {"", *languages.values()}}
    asked = {pk: by_language[languages.get(pk, "")] for pk in message_ids}
    with prepared_cursor() as cursor:
        cursor.execute(_MESSAGES, [list(message_ids)])
        found = [_Message(*row) for row in cursor.fetchall()]
    excerpts = {message.id: _excerpt(message, asked[message.id]) for message in found}
    if asked_words(term, "body"):
        for pk, part, text in _texts([message for message in found if not excerpts[message.id].where]):
            if pieces := quote_match(text, asked[pk].body, partial(_as_line, part)):
                excerpts[pk] = Excerpt("body", excerpts[pk].subject, pieces)
    unexplained = [pk for pk, excerpt in excerpts.items() if not excerpt.where]
    if unexplained and asked_words(term):
        for file in FileText.objects.filter(message__in=unexplained).exclude(text="").order_by("message", "part"):
            excerpt = excerpts[file.message_id]
            pieces = () if excerpt.where else quote_match(file.text, asked[file.message_id].anywhere, _spaced)
            if pieces:
                excerpts[file.message_id] = Excerpt("attachment", excerpt.subject, pieces, file.filename)
    return excerpts


def _excerpt(message: _Message, asked: _Asked) -> Excerpt:
    """By what the row of the message knows."""
    subject_marks = find_marks(message.subject, asked.subject)
    subject = tuple(mark_pieces(message.subject, subject_marks))
    preview = message.preview
    if marks := find_marks(preview, asked.body):
        return Excerpt("body", subject, tuple(cut_pieces(preview, marks)))
    shown = (Piece(preview),) if preview else ()
    if subject_marks:
        return Excerpt("subject", subject, shown)
    if find_marks(f"{message.from_name} {message.from_address}", asked.sender):
        return Excerpt("from", subject, shown)
    for field, words in asked.others:
        for text in _names(message, field):
            if marks := find_marks(text, words):
                return Excerpt(field, subject, tuple(cut_pieces(text, marks)))
    return Excerpt("", subject, shown)


def _names(message: _Message, field: _Other) -> list[str]:
    if field == "filename":
        parts = Part.from_json(json.loads(message.parts)).walk() if message.parts else ()
        return [part.filename for part in parts if part.filename]
    people = json.loads(message.recipients).get(field, ())
    return [", ".join(f"{name} <{address}>".strip() for name, address in people)]


def _texts(messages: Sequence[_Message]) -> Iterator[tuple[int, Part, str]]:
    """The bodies as text, as much of each as is looked through. Short ones are read many at once."""
    ranges: list[Range] = []
    bodies: list[tuple[int, Part, bool]] = []
    for message in messages:
        if message.raw_id is None or not message.parts:
            continue
        chosen = choose_bodies(Part.from_json(json.loads(message.parts)))
        if body := chosen.text or chosen.html:
            end = body.end if body.synthetic else min(body.end, body.start + _MOST_BYTES)
            ranges.append(Range(message.raw_id, body.start, end))
            bodies.append((message.id, body, chosen.text is None))
    for (pk, body, is_html), wanted, data in zip(bodies, ranges, read_ranges(ranges), strict=True):
        if data is not None:
            text = decode_lines(body, _reader(wanted.start, data), max_bytes=_MOST_BYTES)
            yield pk, body, html_to_text(text) if is_html else text


def _as_line(part: Part, text: str) -> str:
    return _spaced(join_lines(part, text))


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _reader(at: int, data: bytes) -> Read:
    return lambda start, end: data[start - at : end - at]
