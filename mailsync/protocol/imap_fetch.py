"""FETCH: which items to ask for, and answers into typed facts. Pure.

A response without UID says nothing we could use (sequence numbers shift under our feet) and is
ignored; what the server leaves out of a response stays None.
"""

import email.utils
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from imapclient.exceptions import ProtocolError
from imapclient.response_parser import parse_fetch_response

from mailsync.protocol.imap_names import MOST_NUMBER, MOST_UID, decode_path
from mailsync.protocol.imap_wire import Untagged
from mailsync.types import FetchedHeader, FetchedMessage, Flags, FlagUpdate, ProviderFacts

_FLAG_LINE = re.compile(
    rb"\((?:UID (?P<uid>\d+)|FLAGS \((?P<flags>[^()\"]*)\)|MODSEQ \((?P<modseq>\d+)\)|\s)+\)\Z", re.IGNORECASE
)
_DATE_HEADER = re.compile(rb"^Date:[ \t]*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)


def fact_items(offered: frozenset[str]) -> list[bytes]:
    """What is asked of every message beside its bytes (RFC 7162, RFC 8474, Gmail's extensions)."""
    items = [b"UID", b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE"]
    if "CONDSTORE" in offered:
        items.append(b"MODSEQ")
    if "X-GM-EXT-1" in offered:
        items += [b"X-GM-MSGID", b"X-GM-THRID", b"X-GM-LABELS"]
    elif "OBJECTID" in offered:
        items += [b"EMAILID", b"THREADID"]
    return items


@dataclass
class FetchData:
    """All that the responses to one command said of one UID, merged."""

    uid: int
    flags: Flags | None = None
    modseq: int | None = None
    size_bytes: int | None = None
    internal_date: datetime | None = None
    provider: ProviderFacts = field(default_factory=ProviderFacts)
    #: section as asked for (``BODY[]``, ``BODY[HEADER]``, ``BODY[]<0>``) → its bytes; NIL is left out
    sections: dict[bytes, bytes] = field(default_factory=dict)

    def header(self) -> FetchedHeader | None:
        """The message's header, or None if the server did not give it."""
        header = self.sections.get(b"BODY[HEADER]")
        if header is None or (not header and self.size_bytes):
            return None
        return FetchedHeader(
            uid=self.uid,
            size_bytes=self.size_bytes or 0,
            internal_date=self.internal_date or date_of(header),
            header=header,
            flags=self.flags,
            modseq=self.modseq,
            provider=self.provider,
        )

    def message(self, raw: bytes | None) -> FetchedMessage | None:
        """The message with these bytes; None for NIL, and for nothing where there should be something."""
        if raw is None or (not raw and self.size_bytes != 0):
            return None
        return FetchedMessage(
            uid=self.uid,
            raw=raw,
            internal_date=self.internal_date or date_of(raw),
            flags=self.flags,
            modseq=self.modseq,
            provider=self.provider,
        )


def date_of(raw: bytes) -> datetime:
    """Where the server gives no usable INTERNALDATE: the Date header, or now."""
    found = _DATE_HEADER.search(raw[:65536].partition(b"\r\n\r\n")[0])
    try:
        date = email.utils.parsedate_to_datetime(found[1].decode("latin-1")) if found else datetime.now(UTC)
        return date if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, TypeError):
        return datetime.now(UTC)


def parse_fetches(responses: Iterable[Untagged], wanted: Iterable[int]) -> dict[int, FetchData]:
    """What the responses say of the UIDs asked for. Raises ``ProtocolError`` for what cannot be read."""
    asked = set(wanted)
    found: dict[int, FetchData] = {}
    for response in responses:
        if response.kind != "FETCH":
            continue
        values = _parse_one(response)
        uid = values.get(b"UID")
        if isinstance(uid, int) and uid in asked:
            _merge(found.setdefault(uid, FetchData(uid)), values)
    return found


def _parse_one(response: Untagged) -> dict[bytes, Any]:
    try:
        parsed = parse_fetch_response(response.for_fetch_parser(), normalise_times=False, uid_is_key=False)
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        # What the parser takes for granted need not be there.
        raise ProtocolError(f"a FETCH response of another shape: {error}") from error
    if len(parsed) != 1:
        raise ProtocolError("more than one message in a FETCH response")
    values: dict[bytes, Any] = next(iter(parsed.values()))
    return values


def _merge(data: FetchData, values: dict[bytes, Any]) -> None:
    for key, value in values.items():
        if key == b"FLAGS" and isinstance(value, tuple):
            data.flags = Flags.parse([_bytes(flag) for flag in value])
        elif key == b"MODSEQ" and isinstance(value, tuple) and value and isinstance(value[0], int):
            data.modseq = value[0] if value[0] <= MOST_NUMBER else None
        elif key == b"RFC822.SIZE" and isinstance(value, int) and 0 <= value <= MOST_NUMBER:
            data.size_bytes = value
        elif key == b"INTERNALDATE" and isinstance(value, datetime):
            data.internal_date = value if value.tzinfo else value.replace(tzinfo=UTC)
        elif key.startswith(b"BODY[") and value is not None:
            data.sections[key] = _bytes(value)
    if b"X-GM-MSGID" in values or b"EMAILID" in values:
        data.provider = ProviderFacts(
            message_id=_text(values.get(b"X-GM-MSGID", values.get(b"EMAILID"))),
            thread_id=_text(values.get(b"X-GM-THRID", values.get(b"THREADID"))),
            labels=tuple(decode_path(_bytes(label)) for label in values.get(b"X-GM-LABELS") or ()),
        )


def _bytes(value: Any) -> bytes:
    if isinstance(value, int):
        return b"%d" % value
    if value is not None and not isinstance(value, bytes):
        raise ProtocolError("a list where a word belongs")
    return value or b""


def _text(value: Any) -> str:
    """An id: a number (Gmail), or in parentheses (RFC 8474 §5.3)."""
    if isinstance(value, tuple):
        value = value[0] if value else None
    return _bytes(value).decode("ascii", "replace")


def flag_update(response: Untagged) -> FlagUpdate | None:
    """A FETCH response as a change of flags; None if it lacks UID or FLAGS.

    Folders have these by the ten thousand, so the usual shape is read by one regular expression.
    """
    if len(response.parts) == 1 and (found := _FLAG_LINE.match(response.text)):
        if found["uid"] is None or found["flags"] is None:
            return None
        number, modseq = int(found["uid"]), int(found["modseq"] or 0)
        known = modseq if 0 < modseq <= MOST_NUMBER else None
        return FlagUpdate(number, Flags.parse(found["flags"].split()), known) if number <= MOST_UID else None
    try:
        values = _parse_one(response)
        uid = values.get(b"UID")
        if not isinstance(uid, int) or not isinstance(values.get(b"FLAGS"), tuple) or uid > MOST_UID:
            return None
        data = FetchData(uid)
        _merge(data, values)
    except ProtocolError:
        return None
    return FlagUpdate(uid, data.flags or Flags(), data.modseq)
