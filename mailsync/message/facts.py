"""The shapes that parsing yields and composing takes. Pure, frozen, JSON-able where the store keeps them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

from mailsync.types import Address

#: Grows whenever the same bytes would yield other facts; rows of an older version are reparsed.
PARSER_VERSION = 5


_NOBODY = Address("", "")


@dataclass(frozen=True, slots=True)
class Part:
    """One MIME part, by offsets into the raw message.

    ``path`` is the IMAP section number ("1", "2.1"; the root leaf is "1"). ``start:end`` is the
    encoded body in the raw bytes, so that a part streams without parsing again. ``size_bytes`` is
    the decoded size, estimated from the encoding without decoding. ``filename`` is decoded and
    has no path separators or control characters. ``synthetic`` names what unpacked it ("tnef",
    "uuencode", "smime"); such a part has no offsets of its own but those of its container, and ``index``.
    """

    path: str
    content_type: str
    charset: str = ""
    disposition: str = ""
    filename: str = ""
    content_id: str = ""
    encoding: str = "7bit"
    start: int = 0
    end: int = 0
    size_bytes: int = 0
    params: dict[str, str] = field(default_factory=dict)
    children: tuple["Part", ...] = ()
    synthetic: str = ""
    index: int = 0
    #: Whether the HTML body refers to this part by its Content-ID; None where nobody has looked.
    shown_inline: bool | None = None

    def walk(self) -> Iterator["Part"]:
        """This part and all below it, in the order they stand in the message."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def is_multipart(self) -> bool:
        return self.content_type.startswith("multipart/")

    def as_json(self) -> dict[str, Any]:
        """Only what differs from the defaults, under short names, as ``Message.parts`` keeps it."""
        data: dict[str, Any] = {"p": self.path, "t": self.content_type, "o": [self.start, self.end, self.size_bytes]}
        optional: tuple[tuple[str, Any, Any], ...] = (
            ("c", self.charset, ""),
            ("d", self.disposition, ""),
            ("n", self.filename, ""),
            ("i", self.content_id, ""),
            ("e", self.encoding, "7bit"),
            ("q", self.params, {}),
            ("s", self.synthetic, ""),
            ("x", self.index, 0),
            ("l", self.shown_inline, None),
        )
        data |= {key: value for key, value, default in optional if value != default}
        if self.children:
            data["k"] = [child.as_json() for child in self.children]
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        start, end, size = data["o"]
        return cls(
            path=data["p"],
            content_type=data["t"],
            charset=data.get("c", ""),
            disposition=data.get("d", ""),
            filename=data.get("n", ""),
            content_id=data.get("i", ""),
            encoding=data.get("e", "7bit"),
            start=start,
            end=end,
            size_bytes=size,
            params=data.get("q", {}),
            children=tuple(cls.from_json(child) for child in data.get("k", ())),
            synthetic=data.get("s", ""),
            index=data.get("x", 0),
            shown_inline=data.get("l"),
        )


#: Why an encrypted message is not opened. ``no_key``: for none of the keys that were given. ``damaged``: changed on the
#: way, or made wrongly. ``unsupported``: in a way that is not known here, or no longer safe to use.
Problem = Literal["", "no_key", "damaged", "unsupported", "too_large"]


@dataclass(frozen=True, slots=True)
class Inside:
    """What an encrypted message holds, as parts with offsets into ``entity``; or why nothing is shown of it. No repr
    shows what it says."""

    entity: bytes = field(default=b"", repr=False)
    root: Part | None = field(default=None, repr=False)
    problem: Problem = ""


@dataclass(frozen=True, slots=True)
class ParsedHeader:
    """What the header alone tells. All text is decoded; a broken field is empty and named in ``defects``."""

    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    subject: str = ""
    base_subject: str = ""
    sender: Address = _NOBODY
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    sent_at: datetime | None = None
    content_type: str = "text/plain"
    #: list_id, list_unsubscribe, list_unsubscribe_post, auto_submitted, importance, mdn_to,
    #: authentication_results … whatever the screens tell; absent keys were absent headers.
    facts: dict[str, Any] = field(default_factory=dict)
    defects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """A whole message. ``text`` is what is indexed and previewed: the body as plain text, quotes included."""

    header: ParsedHeader
    root: Part
    text: str = ""
    #: ``text`` without quoted and signature lines, for previews and for weighting the index.
    own_text: str = ""
    preview: str = ""
    attachments: tuple[Part, ...] = ()
    language: str = ""
    defects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutgoingAttachment:
    """A file of a composition; with ``content_id`` it becomes an inline part the HTML refers to as cid:."""

    name: str
    content_type: str
    data: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Composition:
    """All that ``compose.build_message`` needs; nothing is looked up, no clock is read."""

    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    subject: str
    text: str
    html: str | None
    message_id: str
    date: datetime
    reply_to: tuple[Address, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    attachments: tuple[OutgoingAttachment, ...] = ()
    request_receipt: bool = False
    #: An iTIP object (RFC 5546) that goes as an alternative, with its method ("REPLY"): RFC 6047 §2.4.
    calendar: str = ""
    calendar_method: str = ""
    #: RFC 3834 §5: "auto-replied" for what a person did not write by hand; "" for all else.
    auto_submitted: str = ""
    #: A rule sends it on: no Heron sends it on once more.
    forwarded: bool = False
