"""Failures, named by what the caller does next. Pure: the other rooms raise and read them.

``str(error)`` is for people: what happened and what to do. ``detail`` is the server's own line,
kept for operators; it never holds a secret.
"""


class MailError(Exception):
    """Base of all failures that a caller can act on."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class TryNow(MailError):
    """The connection is spoilt but the work is sound: connect afresh and go on at once."""


class TryLater(MailError):
    """Nobody's fault and it passes: come back after ``after_seconds`` (None: the usual backoff)."""

    def __init__(self, message: str, *, after_seconds: float | None = None, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.after_seconds = after_seconds


class TooManyConnections(TryLater):
    """The server holds as many connections of this account as it allows: come back with fewer."""


class Unavailable(TryLater):
    """The server cannot do this one thing just now; the connection and all else may be well. Seen in practice: Dovecot
    says so of a folder whose index is broken, Exchange of a single message."""


class InUse(TryLater):
    """Another program holds the mailbox (RFC 2449 §8.1.1 IN-USE). Usual for a while, so nobody is alarmed at once."""


class NeedsUser(MailError):
    """Only the account's owner can mend it: a refused password, a revoked token, IMAP switched off.

    ``code`` is a stable word for tests and screens: ``password``, ``app_password``, ``certificate``,
    ``imap_disabled``, ``token``, ``permission``, ``unknown_host``, ``refused``, ``forbidden_host``, ``timeout``,
    ``security``, ``protocol``.
    """

    def __init__(self, message: str, *, code: str, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.code = code

    @property
    def may_pass(self) -> bool:
        """Whether time may mend it: the server was out of reach. An account that has worked before
        waits and tries again; a new one is told at once that the name or the port may be wrong."""
        return self.code in ("unknown_host", "refused", "timeout")


class CertificateRefused(NeedsUser):
    """The server's certificate is not the one that was trusted; ``der`` is what it showed. Nothing was sent."""

    def __init__(self, message: str, *, der: bytes) -> None:
        super().__init__(message, code="certificate", detail="another certificate")
        self.der = der


class Rejected(MailError):
    """The server refused this one thing for good; others may still succeed.

    ``code`` is the reply code (SMTP, as ``550``) or response code (IMAP, as ``OVERQUOTA``);
    ``line`` is what the server said.
    """

    def __init__(self, message: str, *, code: str = "", line: str = "") -> None:
        super().__init__(message, detail=line)
        self.code = code
        self.line = line


class Poison(MailError):
    """The server cannot give this message (or set of messages): bisect, then note a hole."""


class LeaseLost(MailError):
    """Another worker took the lane over: drop everything, commit nothing."""


class CannotDo(MailError):
    """What the user asks cannot be done as things stand; ``str(error)`` says why and what to do instead.

    ``field`` names the part of the form to mend ("to", "identity", "attachments"), or is empty.
    """

    def __init__(self, message: str, *, field: str = "", detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.field = field
