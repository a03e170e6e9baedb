"""What was fetched, read: parsed and made ready for the index. The meeting room; no database.

It takes more of the processor's time than all the rest of a pull, so of many messages it is done in a process of its
own (``mailsync.extract.reader``), and always ahead: while the batch before is being stored.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mailsync.engine.fetch import BodyFetch, HeaderFetch
from mailsync.extract.reader import Reader
from mailsync.extract.reading import read_header, read_message
from mailsync.message.facts import ParsedHeader, ParsedMessage
from mailsync.message.lexemes import Vector
from mailsync.types import FetchedHeader, FetchedPiece


@dataclass(frozen=True, slots=True)
class ReadHeaders:
    """A chunk of headers, ready to be stored; ``asked`` as in ``HeaderFetch``, ``vectors`` by UID."""

    asked: tuple[int, ...]
    got: tuple[tuple[FetchedHeader, ParsedHeader], ...]
    vectors: Mapping[int, Vector]


@dataclass(frozen=True, slots=True)
class ReadBodies:
    """A batch of whole messages, ready to be stored; ``vectors`` by UID."""

    fetched: BodyFetch
    parsed: tuple[ParsedMessage, ...]
    vectors: Mapping[int, Vector]


def read_headers(fetched: HeaderFetch) -> ReadHeaders:
    """Here, as for the few that an everyday pull brings."""
    return _headers(fetched, [read_header(one.header) for one in fetched.got])


def read_bodies(fetched: BodyFetch) -> ReadBodies:
    return _bodies(fetched, [read_message(one.raw) for one in fetched.got])


def headers_ahead(reader: Reader | None, fetched: Iterable[HeaderFetch]) -> Iterator[ReadHeaders]:
    """Each chunk, read by ``reader`` while the next is being fetched; without a reader they are read here."""
    if reader is None:
        return map(read_headers, fetched)
    batches = ((chunk, [one.header for one in chunk.got]) for chunk in fetched)
    return (_headers(chunk, read) for chunk, read in reader.read_headers(batches))


def bodies_ahead(
    reader: Reader | None, fetched: Iterable[BodyFetch | FetchedPiece]
) -> Iterator[ReadBodies | FetchedPiece]:
    """The same of bodies; without a reader they are read here. A piece of a message is not to be read yet."""
    if reader is None:
        yield from (one if isinstance(one, FetchedPiece) else read_bodies(one) for one in fetched)
        return
    batches = ((one, [] if isinstance(one, FetchedPiece) else [got.raw for got in one.got]) for one in fetched)
    for one, read in reader.read_messages(batches):
        yield one if isinstance(one, FetchedPiece) else _bodies(one, read)


def _headers(fetched: HeaderFetch, read: list[tuple[ParsedHeader, Vector]]) -> ReadHeaders:
    got = tuple((one, parsed) for one, (parsed, _) in zip(fetched.got, read, strict=True))
    return ReadHeaders(
        fetched.asked, got, {one.uid: vector for one, (_, vector) in zip(fetched.got, read, strict=True)}
    )


def _bodies(fetched: BodyFetch, read: list[tuple[ParsedMessage, Vector]]) -> ReadBodies:
    vectors = {one.uid: vector for one, (_, vector) in zip(fetched.got, read, strict=True)}
    return ReadBodies(fetched, tuple(parsed for parsed, _ in read), vectors)
