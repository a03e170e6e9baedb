"""Frozen facts that cross rooms. Pure: no database, no network, no Django.

Remote identity is ``(folder, epoch, uid)``; sequence numbers never leave ``protocol``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID


class Security(StrEnum):
    """How a connection is protected: ports 465, 585, 993 and 995 are ``TLS`` (RFC 8314 §3)."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class Role(StrEnum):
    """What a folder is for: RFC 6154 special use, in the names of RFC 8621 §2 (JMAP)."""

    INBOX = "inbox"
    SENT = "sent"
    DRAFTS = "drafts"
    ARCHIVE = "archive"
    JUNK = "junk"
    TRASH = "trash"
    ALL = "all"
    FLAGGED = "flagged"
    IMPORTANT = "important"
    SNOOZED = "snoozed"
    NONE = ""


@dataclass(frozen=True, slots=True)
class SearchText:
    """What a server's search is to look for, as people wrote it."""

    text: str


#: A word of a server's search (RFC 3501 §6.4.4): a key, a number, a day, a bracket, or a text.
SearchKey = str | SearchText


@dataclass(frozen=True, slots=True)
class Secret:
    """A password or an access token; its repr shows nothing, so it cannot slip into a log."""

    kind: Literal["password", "oauth2"]
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where and how to log in. ``host`` is a name or an address, ``timeout_seconds`` per read."""

    protocol: Literal["imap", "pop3", "smtp"]
    host: str
    port: int
    security: Security
    username: str
    secret: Secret
    timeout_seconds: float = 60.0
    allow_private: bool = False
    allow_plaintext: bool = False
    ca_file: str | None = None
    #: The one certificate that is taken, by its SHA-256, in the place of what authorities say; empty: theirs counts.
    pinned_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags of one message: system flags as booleans, keywords as they stand on the server.

    >>> Flags.parse((rb"\\Seen", b"$Label1"))
    Flags(seen=True, flagged=False, answered=False, draft=False, deleted=False, keywords=('$Label1',))
    """

    seen: bool = False
    flagged: bool = False
    answered: bool = False
    draft: bool = False
    deleted: bool = False
    keywords: tuple[str, ...] = ()

    @classmethod
    def parse(cls, raw: Sequence[bytes]) -> "Flags":
        """From the flag list of a FETCH response (RFC 9051 §2.3.2); names compare without case."""
        lowered = {flag.lower() for flag in raw}
        keywords = sorted({flag.decode("ascii", "replace") for flag in raw if not flag.startswith(b"\\")})
        return cls(
            seen=b"\\seen" in lowered,
            flagged=b"\\flagged" in lowered,
            answered=b"\\answered" in lowered,
            draft=b"\\draft" in lowered,
            deleted=b"\\deleted" in lowered,
            keywords=tuple(keywords),
        )

    def names(self) -> tuple[str, ...]:
        """As written in STORE and APPEND: ``("\\\\Seen", "$Label1")``."""
        pairs = (
            (self.answered, "\\Answered"),
            (self.deleted, "\\Deleted"),
            (self.draft, "\\Draft"),
            (self.flagged, "\\Flagged"),
            (self.seen, "\\Seen"),
        )
        return (*(name for on, name in pairs if on), *self.keywords)


@dataclass(frozen=True, slots=True)
class RemoteFolder:
    """One line of LIST. ``path`` is decoded text, ``path_raw`` the bytes as they stood on the wire."""

    path: str
    path_raw: bytes
    delimiter: str
    attributes: tuple[str, ...] = ()
    role: Role = Role.NONE
    selectable: bool = True
    subscribed: bool = True
    status: "FolderStatus | None" = None


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """The answer to STATUS (RFC 9051 §6.3.11); None where the server did not say."""

    messages: int | None = None
    uidnext: int | None = None
    uidvalidity: int | None = None
    unseen: int | None = None
    highestmodseq: int | None = None


@dataclass(frozen=True, slots=True)
class SelectedFolder:
    """What SELECT said (RFC 9051 §6.3.2), and with QRESYNC what changed (RFC 7162 §3.2.5).

    ``vanished`` is already intersected with ``known_uids``; ``changed`` holds (uid, flags, modseq). ``mailbox_id`` (RFC
    8474 §4.2) stays with a folder that is renamed and never comes again; empty where the server tells none.
    """

    exists: int
    uidvalidity: int
    uidnext: int | None
    highestmodseq: int | None
    permanent_flags: tuple[str, ...]
    read_only: bool
    vanished: tuple[int, ...] = ()
    changed: tuple["FlagUpdate", ...] = ()
    mailbox_id: str = ""

    def has_uids_of(self, uidvalidity: int | None, mailbox_id: str) -> bool:
        """Whether a UID means what it means in the folder that is known by these (RFC 9051 §2.3.1.1).

        Seen in practice: Cyrus gives folders that are made in one second the same UIDVALIDITY.
        """
        is_other = bool(mailbox_id and self.mailbox_id) and mailbox_id != self.mailbox_id
        return self.uidvalidity == uidvalidity and not is_other


@dataclass(frozen=True, slots=True)
class FolderCursor:
    """What we know of a folder, for a quick resynchronisation."""

    uidvalidity: int
    highestmodseq: int
    known_uids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FlagUpdate:
    uid: int
    flags: Flags
    modseq: int | None = None


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """What a provider's own extensions say of a message (RFC 8474, Gmail's X-GM-*)."""

    message_id: str = ""
    thread_id: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FetchedHeader:
    """A message as the first pass sees it. ``flags`` None: the server left them out, keep the old."""

    uid: int
    size_bytes: int
    internal_date: datetime
    header: bytes
    flags: Flags | None
    modseq: int | None = None
    provider: ProviderFacts = ProviderFacts()


@dataclass(frozen=True, slots=True)
class FetchedMessage:
    """A whole message: its raw bytes exactly as the server gave them."""

    uid: int
    raw: bytes
    internal_date: datetime
    flags: Flags | None
    modseq: int | None = None
    provider: ProviderFacts = ProviderFacts()


@dataclass(frozen=True, slots=True)
class FetchedPiece:
    """Some bytes of a message, from offset ``at`` on; ``is_last`` when nothing follows them."""

    uid: int
    at: int
    data: bytes
    is_last: bool
    internal_date: datetime


@dataclass(frozen=True, slots=True)
class CopyResult:
    """COPYUID or APPENDUID (RFC 4315): source uid → destination uid; empty when the server said nothing."""

    uidvalidity: int | None = None
    uids: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox (RFC 5322 §3.4): display name decoded, ``address`` as ``local@domain``."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class RecipientReply:
    """What the server said to one RCPT, or to the final dot for that recipient."""

    address: str
    accepted: bool
    code: int
    enhanced: str
    text: str


@dataclass(frozen=True, slots=True)
class SubmissionReply:
    """The outcome of one SMTP transaction: replies to each RCPT, and to the end of data if it got there."""

    recipients: tuple[RecipientReply, ...]
    code: int | None
    enhanced: str
    text: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server showed. ``issuer`` is empty for one that vouches for itself; dates are None if unreadable."""

    sha256: str
    names: tuple[str, ...] = ()
    issuer: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None

    @property
    def fingerprint(self) -> str:
        """As people compare it.

        >>> Certificate("00ff10").fingerprint
        '00:FF:10'
        """
        return ":".join(self.sha256[at : at + 2] for at in range(0, len(self.sha256), 2)).upper()


@dataclass(frozen=True, slots=True)
class StepResult:
    """One login tried. ``code``: ``ok``, ``skipped`` or one of ``errors.NeedsUser``; ``message`` is for people.

    ``certificate`` is the one that was refused."""

    ok: bool
    code: str = "ok"
    message: str = ""
    certificate: Certificate | None = None


StepName = Literal["resolve", "connect", "tls", "login", "capabilities"]


@dataclass(frozen=True, slots=True)
class Examined:
    """One step of a connection that was looked at closely; ``facts`` is what was found there.

    ``certificate`` is what the server showed, trusted or not; ``reached`` is False where an earlier step failed."""

    step: StepName
    result: StepResult
    facts: tuple[str, ...] = ()
    certificate: Certificate | None = None
    reached: bool = True


@dataclass(frozen=True, slots=True)
class LoginReport:
    """What trying both servers of an account gave, before anything is saved."""

    incoming: StepResult
    outgoing: StepResult

    @property
    def ok(self) -> bool:
        return self.incoming.ok and self.outgoing.ok


@dataclass(frozen=True, slots=True)
class OneConversation:
    """What a conversation shows in one folder: a row of its list, for a verb to find and lock in one go."""

    folder_id: int
    thread_id: int


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What a verb did: ``count`` messages changed, said in ``label``; ``group`` undoes them together.

    ``folder_id`` names the folder that a verb on folders made or changed, ``act_id`` an act that is still under way;
    ``detail`` is kept in the journal, and ``is_noted`` says that its line stands there by now.
    """

    group: UUID
    count: int
    label: str
    folder_id: int | None = None
    act_id: int | None = None
    detail: Mapping[str, object] = field(default_factory=dict)
    is_noted: bool = False
