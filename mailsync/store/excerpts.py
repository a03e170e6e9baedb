"""Why a message was found: the field that matched and the text around it. Database room.

In: the messages of one page of results and the terms. Out: an excerpt of each. What the rows show
already (subject, preview) is looked at first; only for the others are their bodies read and decoded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mailsync.message.bodies import choose_bodies, decode_text
from mailsync.message.facts import Part
from mailsync.message.html_text import html_to_text
from mailsync.message.transfer import Read
from mailsync.models import FileText, Message
from mailsync.plan.search_marks import (
    Marked,
    Piece,
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
_PEOPLE: tuple[Field, ...] = ("to", "cc", "bcc")


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


def load_excerpts(message_ids: Sequence[int], term: Term | None) -> dict[int, Excerpt]:
    """By message id, for messages that the caller has the right to."""
    columns = ("subject", "preview", "from_name", "from_address", "recipients", "parts", "raw_id")
    found = list(Message.objects.filter(id__in=message_ids).only(*columns))
    languages = languages_of(message_ids, term)
    terms = {pk: in_language(term, languages.get(pk, "")) for pk in message_ids}
    excerpts = {message.pk: _excerpt(message, terms[message.pk]) for message in found}
    if asked_words(term, "body"):
        for pk, text in _texts([message for message in found if not excerpts[message.pk].where]):
            if pieces := quote_match(text, asked_words(terms[pk], "body")):
                excerpts[pk] = Excerpt("body", excerpts[pk].subject, pieces)
    unexplained = [pk for pk, excerpt in excerpts.items() if not excerpt.where]
    if unexplained and asked_words(term):
        for file in FileText.objects.filter(message__in=unexplained).exclude(text="").order_by("message", "part"):
            excerpt, asked = excerpts[file.message_id], asked_words(terms[file.message_id])
            if not excerpt.where and (pieces := quote_match(" ".join(file.text.split()), asked)):
                excerpts[file.message_id] = Excerpt("attachment", excerpt.subject, pieces, file.filename)
    return excerpts


def _excerpt(message: Message, term: Term | None) -> Excerpt:
    """By what the row of the message knows."""
    in_body = asked_words(term, "body")
    subject_marks = find_marks(message.subject, asked_words(term, "subject"))
    subject = tuple(mark_pieces(message.subject, subject_marks))
    preview = message.preview
    if marks := find_marks(preview, in_body):
        return Excerpt("body", subject, tuple(cut_pieces(preview, marks)))
    shown = (Piece(preview),) if preview else ()
    if subject_marks:
        return Excerpt("subject", subject, shown)
    for field, text in _names(message):
        if marks := find_marks(text, asked_words(term, field)):
            if field == "from":
                return Excerpt("from", subject, shown)
            return Excerpt(field, subject, tuple(cut_pieces(text, marks)))
    return Excerpt("", subject, shown)


def _names(message: Message) -> list[tuple[Literal["from", "to", "cc", "bcc", "filename"], str]]:
    people = {field: message.recipients.get(field, ()) for field in _PEOPLE}
    told = {field: ", ".join(f"{name} <{address}>".strip() for name, address in who) for field, who in people.items()}
    files = [part.filename for part in Part.from_json(message.parts).walk() if part.filename] if message.parts else []
    return [
        ("from", f"{message.from_name} {message.from_address}"),
        ("to", told["to"]),
        ("cc", told["cc"]),
        ("bcc", told["bcc"]),
        *(("filename", name) for name in files),
    ]


def _texts(messages: Sequence[Message]) -> Iterator[tuple[int, str]]:
    """The bodies as text on one line, as much of each as is looked through. Short ones are read many at once."""
    ranges: list[Range] = []
    bodies: list[tuple[int, Part, bool]] = []
    for message in messages:
        if message.raw_id is None or not message.parts:
            continue
        chosen = choose_bodies(Part.from_json(message.parts))
        if body := chosen.text or chosen.html:
            end = body.end if body.synthetic else min(body.end, body.start + _MOST_BYTES)
            ranges.append(Range(message.raw_id, body.start, end))
            bodies.append((message.pk, body, chosen.text is None))
    for (pk, body, is_html), wanted, data in zip(bodies, ranges, read_ranges(ranges), strict=True):
        if data is not None:
            text = decode_text(body, _reader(wanted.start, data), max_bytes=_MOST_BYTES)
            yield pk, " ".join((html_to_text(text) if is_html else text).split())


def _reader(at: int, data: bytes) -> Read:
    return lambda start, end: data[start - at : end - at]
