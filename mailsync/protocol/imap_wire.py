"""IMAP's lines and literals under IMAPClient: a socket flows in, whole responses flow out, within bounds.

Network room. imaplib's own reader sorts responses by kind and forgets where each ends; this one
keeps every untagged response whole and in order, refuses literals and lines beyond its bounds
before they take memory, and writes the redacted transcript.
"""

import imaplib
import re
import select
import socket
import ssl
from typing import Any, NamedTuple, cast

from mailsync.protocol.deflate import DeflatedSocket
from mailsync.protocol.transcript import Transcript

#: The longest line taken: ``* SEARCH`` of a million messages still fits.
MAX_LINE_BYTES = 16 * 1024 * 1024
MAX_LITERAL_BYTES = 160 * 1024 * 1024
#: What is held of the answer to one command: some large messages, or the flags of some millions.
MAX_HELD_BYTES = 4 * MAX_LITERAL_BYTES
_RESPONSE_BYTES = 200  # what one costs beside its text
_CHUNK = 256 * 1024
_UNTAGGED = re.compile(rb"\* (?:(\d+) )?([A-Za-z][A-Za-z0-9.-]*)(?: (.*))?\Z", re.DOTALL)
_LITERAL = re.compile(rb"~?\{(\d+)\+?\}\Z")
_STATUS = frozenset({"OK", "NO", "BAD", "BYE", "PREAUTH"})
# imaplib itself looks at these only; the rest would fill its memory.
_FOR_IMAPLIB = _STATUS | {"CAPABILITY"}


class OversizeLiteral(imaplib.IMAP4.abort):
    """A literal was announced that is larger than any message we take; nothing of it was read."""


class OutOfStep(imaplib.IMAP4.abort):
    """What came is no IMAP response: a literal was longer or shorter than announced, or the peer is broken."""


class Limits(NamedTuple):
    """The most that is taken of a server: of one literal, and of all that answers one command."""

    literal_bytes: int = MAX_LITERAL_BYTES
    held_bytes: int = MAX_HELD_BYTES


USUAL = Limits()
#: For who looks at a server and wants no mail of it: more than any says of itself.
ONLY_LOOKING = Limits(64 * 1024, 1024 * 1024)


class Untagged(NamedTuple):
    """One untagged response. ``parts`` alternates text and ``(text ending in {n}, literal)`` as imaplib has it."""

    kind: str
    number: int | None
    parts: list[Any]

    @property
    def text(self) -> bytes:
        """The response's text up to its first literal."""
        first = self.parts[0]
        return bytes(first[0] if isinstance(first, tuple) else first)

    def for_fetch_parser(self) -> list[Any]:
        """As ``parse_fetch_response`` wants it, with the sequence number in front."""
        number = b"%d " % (self.number or 0)
        first = self.parts[0]
        head = (number + first[0], first[1]) if isinstance(first, tuple) else number + first
        return [head, *self.parts[1:]]


class Wire(imaplib.IMAP4):
    """imaplib over a socket that is already connected (and under TLS, where TLS comes first)."""

    def __init__(self, sock: socket.socket, host: str, transcript: Transcript, limits: Limits) -> None:
        self.sock = sock
        self.transcript = transcript
        self.limits = limits
        self.responses: list[Untagged] = []
        self.continuation: bytes = b""
        self._held = 0
        self._pending = bytearray()
        super().__init__(host)

    # The parts of imaplib that touch the socket. ------------------------------------------------

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        """The socket is open already."""
        self.host, self.port = host, port

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes. Raises ``abort`` at the end of the stream."""
        pieces = [bytes(self._pending[:size])]
        del self._pending[:size]
        missing = size - len(pieces[0])
        while missing:
            piece = self.sock.recv(min(missing, _CHUNK))
            if not piece:
                raise self.abort("the server closed the connection in the middle of a message")
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def readline(self) -> bytes:
        """One line with its end; an unterminated one only at the end of the stream."""
        start = 0
        while (end := self._pending.find(b"\n", start)) < 0:
            start = len(self._pending)
            if start > MAX_LINE_BYTES:
                raise OutOfStep("the server sent a line without end")
            piece = self.sock.recv(_CHUNK)
            if not piece:
                break
            self._pending += piece
        line = bytes(self._pending[: end + 1]) if end >= 0 else bytes(self._pending)
        del self._pending[: len(line)]
        return line

    def send(self, data: Any) -> None:
        self.sock.sendall(data)

    def shutdown(self) -> None:
        """Close the socket, whatever state it is in."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        finally:
            self.sock.close()

    def replace_socket(self, sock: ssl.SSLSocket) -> None:
        """Go on under TLS. All that was learnt in the clear is forgotten."""
        self.sock = sock
        self.capabilities = ()
        self.untagged_responses.clear()
        self.responses.clear()

    def compress(self) -> None:
        """From here on both sides deflate what they send."""
        early = bytes(self._pending)
        self._pending.clear()
        # It does all of a socket that is used here.
        self.sock = cast(socket.socket, DeflatedSocket(self.sock, early))

    @property
    def has_unread(self) -> bool:
        """Whether bytes have been received that no response has used yet."""
        if self._pending:
            return True
        sock: object = self.sock
        return isinstance(sock, ssl.SSLSocket | DeflatedSocket) and sock.pending() > 0

    def wait_readable(self, seconds: float) -> bool:
        """Whether something can be read within ``seconds`` (0: now). Raises ``abort`` on a closed socket."""
        if self.has_unread:
            return True
        if self.sock.fileno() < 0:
            raise self.abort("the connection is closed")
        # Not select(), which takes no descriptor above 1023: a watcher holds thousands.
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    # Responses. ---------------------------------------------------------------------------------

    @property
    def _answers(self) -> dict[bytes, tuple[str, list[bytes]] | None]:
        """imaplib's own record: a tag we have sent → None, then what its tagged response said."""
        return cast(dict[bytes, tuple[str, list[bytes]] | None], self.tagged_commands)

    def new_tag(self) -> bytes:
        """A tag for the next command; its answer is waited for from now on."""
        tag: bytes = self._new_tag()
        return tag

    def is_waiting(self, tag: bytes) -> bool:
        """Whether the tagged response has not come yet. False for a tag whose answer was taken."""
        return tag in self._answers and self._answers[tag] is None

    def take_answer(self, tag: bytes) -> tuple[str, bytes] | None:
        """``("OK", text)`` of a command that was answered, once; None while it was not."""
        answer = self._answers.get(tag)
        if answer is None:
            return None
        del self._answers[tag]
        return answer[0], answer[1][0]

    def take_responses(self) -> list[Untagged]:
        """The untagged responses since the last call, in order."""
        taken, self.responses, self._held = self.responses, [], 0
        self.untagged_responses.clear()
        return taken

    def read_response(self) -> bool:
        """Read one response whole. False if it asked us to go on (``+``). Raises ``abort`` after a BYE."""
        was_response = self._get_response() is not None
        if self.responses and self.responses[-1].kind == "BYE" and self.state != "LOGOUT":
            raise self.abort(self.responses[-1].text.decode("utf-8", "replace"))
        return was_response

    def _log(self, line: str) -> None:
        """imaplib would keep the last lines, passwords among them; the transcript does it instead."""

    def _get_response(self) -> bytes | None:
        """Read one response whole. None for a continuation request, as imaplib expects."""
        line = self._whole_line()
        self.transcript.received(line)
        if line == b"+" or line.startswith(b"+ "):
            self.continuation = line[1:].strip()
            return None
        if line.startswith(b"* "):
            return self._read_untagged(line)
        tag, _, rest = line.partition(b" ")
        kind, _, text = rest.partition(b" ")
        if self._answers.get(tag, ...) is not None or kind.upper() not in (b"OK", b"NO", b"BAD"):
            raise OutOfStep("the server sent what is no IMAP response")
        self._answers[tag] = (kind.decode().upper(), [text])
        return line

    def _whole_line(self) -> bytes:
        line = self.readline()
        if not line.endswith(b"\n"):
            raise self.abort("the server closed the connection")
        return line[:-2] if line.endswith(b"\r\n") else line[:-1]

    def _read_untagged(self, line: bytes) -> bytes:
        found = _UNTAGGED.match(line)
        if found is None:
            self.transcript.note("not understood, ignored")
            return line
        kind = found[2].decode().upper()
        number = int(found[1]) if found[1] else None
        text = found[3] or b""
        parts: list[Any] = []
        while kind not in _STATUS and (literal := _LITERAL.search(text)):
            size = int(literal[1])
            if size > self.limits.literal_bytes:
                raise OversizeLiteral(f"the server announced {size} bytes at once")
            # IMAPClient's parser knows {n} only, not the {n+} and ~{n} of RFC 7888 and RFC 3516.
            parts.append((text[: literal.start()] + b"{%d}" % size, self.read(size)))
            text = self._whole_line()
            self._held += size
        parts.append(text)
        self._held += len(line) + _RESPONSE_BYTES
        if self._held > self.limits.held_bytes:
            raise OutOfStep("the server said more than was asked")
        self.responses.append(Untagged(kind, number, parts))
        if kind in _FOR_IMAPLIB:
            self._append_untagged(kind, text)
        return line
