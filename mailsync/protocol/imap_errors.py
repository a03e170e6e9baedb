"""What a server's refusal means for the caller: a status line flows in, one of ``mailsync.errors`` flows out. Pure."""

import re
from typing import NamedTuple

from mailsync.errors import MailError, NeedsUser, Rejected, TooManyConnections, TryLater, TryNow, Unavailable

_CODE = re.compile(rb"\[([A-Za-z0-9.-]+)(?: ([^\]]*))?\] ?(.*)\Z", re.DOTALL)
# Exchange: "BAD Request is throttled. Suggested Backoff Time: 299933 milliseconds".
_BACKOFF = re.compile(r"backoff time: (\d+)", re.IGNORECASE)
# Dovecot: "Maximum number of connections from user+IP exceeded"; Gmail: "Too many simultaneous connections".
_CROWDED = re.compile(r"(too many|maximum number of|limit).{0,20}(connection|session)|connection limit", re.IGNORECASE)
_BUSY_WORDS = ("too many", "maximum number of connections", "connection limit", "throttl", "rate limit", "bandwidth")
_LATER_WORDS = ("try again later", "temporar", "unavailable", "server error", "shutting down", "maintenance")
# RFC 5530 §3: the response codes that pass by themselves.
_LATER_CODES = frozenset({"UNAVAILABLE", "INUSE", "THROTTLED", "SERVERBUG"})
_CERTAIN_CODES = frozenset({"NONEXISTENT", "TRYCREATE", "ALREADYEXISTS", "NOPERM", "OVERQUOTA", "CANNOT"})
_LOGIN_CODES = frozenset({"AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED"})


class StatusText(NamedTuple):
    """``[CODE arguments] text`` of a status response (RFC 9051 §7.1); ``code`` in upper case, "" if none."""

    code: str
    arguments: bytes
    text: str


def parse_status(line: bytes) -> StatusText:
    """
    >>> parse_status(b"[COPYUID 1 2 3] Done")
    StatusText(code='COPYUID', arguments=b'1 2 3', text='Done')
    """
    found = _CODE.match(line)
    if found is None:
        return StatusText("", b"", line.decode("utf-8", "replace"))
    return StatusText(found[1].decode().upper(), found[2] or b"", found[3].decode("utf-8", "replace"))


def passing(line: str) -> TryLater | None:
    """The error if the words say that waiting helps: throttling, limits, a server in trouble."""
    lowered = line.lower()
    if backoff := _BACKOFF.search(line):
        return TryLater(
            "The mail server asks us to slow down.", after_seconds=int(backoff[1]) / 1000, detail=line.strip()
        )
    if _CROWDED.search(line):
        return TooManyConnections(
            "The mail server allows no more connections of this account at a time.", detail=line.strip()
        )
    if any(word in lowered for word in _BUSY_WORDS):
        return TryLater("The mail server has too much to do for this account just now.", detail=line.strip())
    return None


def refused(kind: str, line: bytes) -> MailError:
    """The error for a command answered with NO or BAD (``kind``)."""
    status = parse_status(line)
    shown = line.decode("utf-8", "replace").strip()
    # Texts repeat the names of folders, which may be any words.
    is_certain = status.code in _CERTAIN_CODES or _code_in_words(shown) == "NONEXISTENT"
    if not is_certain and (error := passing(shown)):
        return error
    if "authenticated but not connected" in shown.lower():
        # Exchange says this long after login, when the password was wrong for the mailbox.
        return NeedsUser("The mail server refused the user name or the password.", code="password", detail=shown)
    if status.code in _LOGIN_CODES:
        return NeedsUser("The mail server no longer accepts the login.", code="password", detail=shown)
    if status.code in _LATER_CODES:
        return Unavailable("The mail server cannot do this just now.", detail=shown)
    if not status.code and not is_certain and any(word in shown.lower() for word in _LATER_WORDS):
        return Unavailable("The mail server cannot do this just now.", detail=shown)
    code = status.code or _code_in_words(shown) or kind
    words = {
        "OVERQUOTA": "The mailbox is full: make room in it, then try again.",
        "NOPERM": "The mail server does not allow this here.",
        "NONEXISTENT": "The mail server knows no such folder.",
        "TRYCREATE": "The mail server knows no such folder.",
        "ALREADYEXISTS": "A folder of this name exists already.",
    }
    return Rejected(words.get(code, f"The mail server refused: {status.text.strip() or shown}"), code=code, line=shown)


def _code_in_words(shown: str) -> str:
    """The response code (RFC 5530) that the server should have given; empty if its words tell none."""
    lowered = shown.lower()
    # Seen in practice: Dovecot answers SELECT of a deleted folder so, Cyrus with "Mailbox does not exist".
    if any(word in lowered for word in ("doesn't exist", "does not exist")):
        return "NONEXISTENT"
    return "OVERQUOTA" if "quota" in lowered else ""


def broken(detail: str) -> MailError:
    """The error for a connection that ended, from its last words (a BYE line, or an OS error)."""
    if error := passing(detail):
        return error
    return TryNow("The connection to the mail server broke.", detail=detail)
