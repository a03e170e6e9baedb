"""SMTP submission (RFC 6409) as a ``MailSender``: settings and frozen bytes flow in, every reply flows out.

Network room. The standard library's smtplib is driven verb by verb, because the boundary that
matters lies inside one transaction: before the final dot a retry is safe, after it and without a
reply nobody can know (RFC 5321 §4.2.5 and §4.5.4.1).
"""

import contextlib
import re
import smtplib
from collections.abc import Callable, Iterator, Sequence

import idna

from mailsync.errors import MailError, Rejected, TryLater
from mailsync.protocol import auth, tls
from mailsync.protocol.contract import UncertainDelivery
from mailsync.protocol.smtp_session import LATER_CODES, LOGIN_CODES, Connection, open_connection, open_secured
from mailsync.types import Certificate, RecipientReply, ServerSettings, SubmissionReply

#: RFC 5321 §4.5.3.2.6: a server may take ten minutes to answer the final dot.
FINAL_REPLY_SECONDS = 600.0
_QUIT_SECONDS = 5.0
_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})\b\s*")


class SmtpSender:
    """A logged-in submission connection; see ``contract.MailSender``. Reusable for several transactions."""

    def __init__(self, settings: ServerSettings, connection: Connection, final_reply_seconds: float) -> None:
        self._settings = settings
        self._connection = connection
        self._final_reply_seconds = final_reply_seconds
        self._in_transaction = False
        self.transcript: Sequence[str] = connection.transcript
        features = connection.esmtp_features
        size = features.get("size", "").strip()
        #: None where the server gives no limit (RFC 1870: 0 means none).
        self.size_limit_bytes: int | None = int(size) or None if size.isdigit() else None
        self.supports_smtputf8 = "smtputf8" in features
        self.supports_8bitmime = "8bitmime" in features
        self.supports_dsn = "dsn" in features
        #: What EHLO said after login, in upper case with arguments.
        self.capabilities = frozenset(f"{name} {said}".strip().upper() for name, said in features.items())
        #: RFC 2920: MAIL, every RCPT and DATA leave in one go, one round trip instead of one each.
        self._pipelines = "pipelining" in features

    def submit(
        self,
        *,
        mail_from: str,
        recipients: Sequence[str],
        raw: bytes,
        before_data: Callable[[], None],
        before_dot: Callable[[Sequence[str]], None],
        envelope_id: str = "",
    ) -> SubmissionReply:
        """One transaction (RFC 5321 §3.3). ``raw`` has CRLF line ends; ``envelope_id`` asks for reports (RFC 3461).

        Raises ``Rejected`` when the server refuses the sender or the size, ``NeedsUser`` for a login it
        no longer takes, ``TryLater`` while a retry is safe, ``UncertainDelivery`` when it is not.
        """
        _check_bytes(raw)
        if self.size_limit_bytes is not None and len(raw) > self.size_limit_bytes:
            raise Rejected(
                f"The message has {len(raw)} bytes; {self._settings.host} takes {self.size_limit_bytes} at most.",
                code="552",
                line="5.3.4 message too big for SIZE",
            )
        try:
            return self._transaction(mail_from, recipients, raw, before_data, before_dot, envelope_id)
        except smtplib.SMTPServerDisconnected as error:
            raise TryLater(
                f"The connection to {self._settings.host} broke before the message was handed over; nothing was sent.",
                detail=str(error),
            ) from error
        except OSError as error:
            self._connection.close()
            raise TryLater(f"The connection to {self._settings.host} broke.", detail=str(error)) from error

    def _transaction(
        self,
        mail_from: str,
        recipients: Sequence[str],
        raw: bytes,
        before_data: Callable[[], None],
        before_dot: Callable[[Sequence[str]], None],
        envelope_id: str,
    ) -> SubmissionReply:
        if self._in_transaction:
            self._reset()
        self._in_transaction = True
        sender = self._envelope_address(mail_from)
        asks = self.supports_dsn and bool(envelope_id)
        options = self._mail_options(raw, [sender, *recipients]) + (_report_options(envelope_id) if asks else "")
        # RFC 8098 §3: nobody hears what becomes of a message without a sender.
        notify = ("FAILURE,DELAY" if sender else "NEVER") if asks else ""
        lines = [self._recipient_line(address, notify) for address in recipients]
        commands = [f"MAIL FROM:<{sender}>{options}", *(line for line in lines if isinstance(line, str))]
        # RFC 2920 §3.1: DATA may end the group, and the whole envelope costs one round trip.
        together = self._pipelines and len(commands) > 1
        if together:
            before_data()
            commands.append("DATA")
        answers = self._commands(commands)
        try:
            replies = self._envelope(answers, recipients, lines)
        except Rejected:
            # What was said to the rest must not be taken for the answer to something else.
            with contextlib.suppress(smtplib.SMTPServerDisconnected):
                self._leave_data(list(answers)[-1] if together else None)
            raise
        except MailError:
            if together:
                # DATA may be under way: a QUIT would be part of a message.
                self._connection.close()
            raise
        reply = next(answers) if together else None
        if not any(one.accepted for one in replies):
            self._leave_data(reply)
            self._reset()
            return SubmissionReply(tuple(replies), None, "", "")
        if reply is None:
            before_data()
            reply = self._command("DATA")
        code, text = reply
        if code != 354:
            return self._final(replies, code, text)
        try:
            self._connection.send(_stuffed(raw))
            before_dot([reply.address for reply in replies if reply.accepted])
        except BaseException:
            # Whatever we said now, a QUIT even, would be part of the message.
            self._connection.close()
            raise
        code, text = self._send_dot()
        self._in_transaction = False
        return self._final(replies, code, text)

    def _send_dot(self) -> tuple[int, bytes]:
        """From here on a lost reply is uncertain: the server may have the message."""
        connection = self._connection
        assert connection.sock is not None
        patience = connection.sock.gettimeout()
        try:
            connection.sock.settimeout(self._final_reply_seconds)
            connection.send(b".\r\n")
            code, text = connection.getreply()
            connection.sock.settimeout(patience)
        except OSError as error:  # SMTPException is one
            connection.close()
            raise UncertainDelivery(
                f"{self._settings.host} did not say whether it took the message ({error})."
            ) from error
        return code, text

    def _final(self, replies: list[RecipientReply], code: int, text: bytes) -> SubmissionReply:
        if code in LOGIN_CODES:
            raise self._refused(code, text)
        enhanced, words = _split_reply(text)
        return SubmissionReply(tuple(replies), code, enhanced, words)

    def _envelope(
        self, answers: Iterator[tuple[int, bytes]], recipients: Sequence[str], lines: Sequence[str | RecipientReply]
    ) -> list[RecipientReply]:
        """What was said to MAIL, and to each recipient. Raises what the sender's refusal means."""
        code, text = next(answers)
        if code != 250:
            raise self._refused(code, text)
        return [
            self._recipient_reply(address, *next(answers)) if isinstance(line, str) else line
            for address, line in zip(recipients, lines, strict=True)
        ]

    def _leave_data(self, reply: tuple[int, bytes] | None) -> None:
        """RFC 2920 §3.1: where DATA was taken though nobody is to get the message, a single dot ends it."""
        if reply is not None and reply[0] == 354:
            self._command(".")

    def _recipient_line(self, address: str, notify: str) -> str | RecipientReply:
        """The RCPT command; or the refusal of an address that this server cannot be given."""
        try:
            encoded = self._envelope_address(address)
            if not encoded:
                raise Rejected("A recipient's address is empty.", code="553")
        except Rejected as error:
            return RecipientReply(address, False, int(error.code), "", str(error))
        options = f" NOTIFY={notify}" if notify else ""
        if notify and encoded.isascii():
            options += f" ORCPT=rfc822;{_xtext(encoded)}"
        return f"RCPT TO:<{encoded}>{options}"

    def _recipient_reply(self, address: str, code: int, text: bytes) -> RecipientReply:
        if code == 421 or code in LOGIN_CODES:
            raise self._refused(code, text)
        enhanced, words = _split_reply(text)
        return RecipientReply(address, code in (250, 251, 252), code, enhanced, words)

    def _envelope_address(self, address: str) -> str:
        """The address for MAIL and RCPT: domain as A-label. Raises ``Rejected`` (``553``) for what cannot be sent."""
        if any(ord(char) <= 32 or ord(char) == 127 or char in "<>" for char in address):
            raise Rejected(f"“{address!r}” is not an address that can be sent to.", code="553")
        local, at, domain = address.rpartition("@")
        if not at:
            if address:
                raise Rejected(f"“{address}” is not a whole address: it has no “@”.", code="553")
            return ""
        if not domain.isascii():
            try:
                domain = idna.encode(domain, uts46=True).decode("ascii")
            except idna.IDNAError as error:
                raise Rejected(f"“{domain}” is not a domain that can be sent to.", code="553") from error
        if not local.isascii() and not self.supports_smtputf8:
            # RFC 6531: a local part beyond ASCII goes only over SMTPUTF8.
            raise Rejected(
                f"{self._settings.host} cannot send to {address}: it does not support letters beyond ASCII before "
                "the “@”.",
                code="553",
            )
        return f"{local}@{domain}"

    def _mail_options(self, raw: bytes, addresses: Sequence[str]) -> str:
        options = ""
        if "size" in self._connection.esmtp_features:
            options += f" SIZE={len(raw)}"
        header = raw.partition(b"\r\n\r\n")[0]
        wants_utf8 = not header.isascii() or any(not address.rpartition("@")[0].isascii() for address in addresses)
        self._connection.command_encoding = "ascii"
        if wants_utf8 and self.supports_smtputf8:
            options += " SMTPUTF8"
            self._connection.command_encoding = "utf-8"
        if self.supports_8bitmime and not raw.isascii():
            options += " BODY=8BITMIME"
        return options

    def _commands(self, lines: Sequence[str]) -> Iterator[tuple[int, bytes]]:
        """The replies in order. Without PIPELINING each command waits for the reply to the one before."""
        if self._pipelines:
            self._say(*lines)
        for line in lines:
            if not self._pipelines:
                self._say(line)
            yield self._connection.getreply()

    def _command(self, line: str) -> tuple[int, bytes]:
        self._say(line)
        return self._connection.getreply()

    def _say(self, *lines: str) -> None:
        if any(sign in line for line in lines for sign in "\r\n\0"):
            raise Rejected("An address holds a line break.", code="553")
        self._connection.send("".join(f"{line}\r\n" for line in lines))

    def _reset(self) -> None:
        self._in_transaction = False
        code, text = self._command("RSET")
        if code != 250:
            raise self._refused(code, text)

    def _refused(self, code: int, text: bytes) -> MailError:
        """What a refusal outside of RCPT means."""
        line = f"{code} {text.decode('utf-8', 'replace')}"
        if code in LOGIN_CODES:
            return auth.refused_login(self._settings, line)
        if code in LATER_CODES or 400 <= code < 500:
            return TryLater(f"{self._settings.host} does not take mail just now.", detail=line)
        return Rejected(
            f"{self._settings.host} refused the message: {_split_reply(text)[1]}", code=str(code), line=line
        )

    def noop(self) -> None:
        """Ask whether the connection still stands. Raises ``TryLater``."""
        try:
            self._command("NOOP")
        except smtplib.SMTPServerDisconnected as error:
            raise TryLater("The connection to the mail server ended.", detail=str(error)) from error

    def close(self) -> None:
        """QUIT where the server still answers; never raises."""
        connection = self._connection
        try:
            if connection.sock is not None:
                connection.sock.settimeout(_QUIT_SECONDS)
                connection.send("QUIT\r\n")
                connection.getreply()
        except OSError:
            pass
        finally:
            connection.close()

    def __enter__(self) -> "SmtpSender":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(settings: ServerSettings, *, final_reply_seconds: float = FINAL_REPLY_SECONDS) -> SmtpSender:
    """A logged-in connection. Raises ``NeedsUser`` with the cause in plain words, or ``TryLater``."""
    return SmtpSender(settings, open_connection(settings), final_reply_seconds)


def fetch_certificate(settings: ServerSettings) -> Certificate | None:
    """What protects a login, seen without one; None where nothing does. Raises as ``connect``, for a bad one too."""
    connection = open_secured(settings)
    shown = tls.shown_certificate(connection.sock)
    connection.close()
    return shown


def _check_bytes(raw: bytes) -> None:
    """Refuse what cannot go over the wire as it is (RFC 5321 §2.3.8): the bytes are frozen and are not mended here."""
    if b"\0" in raw:
        raise Rejected("The message holds a NUL byte.", code="554", line="NUL in the message")
    if not raw.endswith(b"\r\n") or re.search(rb"(?<!\r)\n|\r(?!\n)", raw):
        raise Rejected("The message holds a bare line feed.", code="554", line="lines must end in CRLF")


def _stuffed(raw: bytes) -> bytes:
    """Dots doubled at line starts (RFC 5321 §4.5.2); without the final dot."""
    stuffed = raw.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def _report_options(envelope_id: str) -> str:
    """RFC 3461 §4.3 and §4.4: reports with headers alone; an ENVID has 100 characters at most."""
    name = _xtext(envelope_id)
    return " RET=HDRS" + (f" ENVID={name}" if envelope_id.isascii() and len(name) <= 100 else "")


def _xtext(text: str) -> str:
    """RFC 3461 §4.

    >>> _xtext("a+b=c@example.org")
    'a+2Bb+3Dc@example.org'
    """
    return "".join(sign if "!" <= sign <= "~" and sign not in "+=" else f"+{ord(sign):02X}" for sign in text)


def _split_reply(text: bytes) -> tuple[str, str]:
    """Enhanced status code (RFC 3463) and words.

    >>> _split_reply(b"5.1.1 No such user\\n5.1.1 here")
    ('5.1.1', 'No such user here')
    """
    lines = text.decode("utf-8", "replace").split("\n")
    found = _ENHANCED.match(lines[0])
    return (found[1] if found else ""), " ".join(_ENHANCED.sub("", line) for line in lines).strip()
