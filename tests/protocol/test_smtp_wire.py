"""Whatever a message, an address or a name holds: no second command reaches the wire, and the bytes arrive as they are.

A connection that only listens: it agrees to everything and keeps what was sent.
"""

import re
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from mailsync.errors import Rejected
from mailsync.protocol.smtp import SmtpSender
from mailsync.types import Secret, Security, ServerSettings

HERE = ServerSettings(
    protocol="smtp", host="localhost", port=25, security=Security.NONE, username="", secret=Secret("password", "")
)
FEATURES = st.sets(st.sampled_from(["pipelining", "smtputf8", "8bitmime", "dsn", "size"]))
#: Signs that mean something on the wire stand among all others.
EVIL = st.text(st.one_of(st.sampled_from("\r\n\0.<> @+=\t\x0b\x0c\x1c\x85\u2028"), st.characters()), max_size=12)
ADDRESS = st.one_of(EVIL, st.builds(lambda local, domain: f"{local}@{domain}", EVIL, EVIL), st.just("b@example.org"))
LINES = st.lists(
    st.one_of(EVIL, st.sampled_from(["", ".", "..", "QUIT", ".\r\nMAIL FROM:<x@example.org>"])), max_size=6
)


class Listener:
    """What ``SmtpSender`` uses of a connection."""

    def __init__(self, features: set[str]) -> None:
        self.esmtp_features = dict.fromkeys(features, "")
        self.command_encoding = "ascii"
        self.transcript: list[str] = []
        self.sock: Any = self
        self.said: list[bytes] = []
        self.is_open = True

    def send(self, what: str | bytes) -> None:
        self.said.append(what if isinstance(what, bytes) else what.encode(self.command_encoding))

    def getreply(self) -> tuple[int, bytes]:
        """To the commands in order: 250, and 354 to DATA."""
        self.answered = getattr(self, "answered", 0) + 1
        commands = b"".join(self.said).split(b"\r\n")
        is_data = commands[self.answered - 1 : self.answered] == [b"DATA"]
        return (354, b"go") if is_data else (250, b"fine")

    def gettimeout(self) -> float:
        return 1.0

    def settimeout(self, seconds: float) -> None: ...

    def close(self) -> None:
        self.is_open = False


@given(FEATURES, ADDRESS, st.lists(ADDRESS, min_size=1, max_size=3), EVIL, LINES)
@example({"pipelining", "smtputf8"}, "a@example.org", ["b@example.org\r\nRCPT TO:<evil@example.org>"], "", ["x"])
@example({"dsn"}, "a@example.org", ["b@example.org"], "x> NOTIFY=NEVER\r\nRSET", ["x"])
@example({"pipelining"}, "a@example.org", ["b@example.org"], "id", [".", "QUIT"])
def test_no_input_puts_a_second_command_on_the_wire(
    features: set[str], mail_from: str, recipients: list[str], envelope_id: str, lines: list[str]
) -> None:
    listener = Listener(features)
    raw = b"".join(line.encode("utf-8", "surrogatepass") + b"\r\n" for line in ("Subject: x", "", *lines))
    try:
        SmtpSender(HERE, listener, 1.0).submit(  # type: ignore[arg-type]
            mail_from=mail_from,
            recipients=recipients,
            raw=raw,
            before_data=lambda: None,
            before_dot=lambda _: None,
            envelope_id=envelope_id,
        )
    except Rejected:
        assert listener.said == [], "what was refused had begun"
        return
    wire = b"".join(listener.said)
    commands, data, body = wire.partition(b"DATA\r\n")
    said = commands.split(b"\r\n")
    if not data:
        # Nobody could be written to.
        assert [command[:4] for command in said] == [b"MAIL", b"RSET", b""]
        return
    assert said.pop() == b""
    assert re.fullmatch(rb"MAIL FROM:<[^<>\s\0]*>( [A-Z0-9]+(=[!-~]*)?)*", said[0])
    assert all(re.fullmatch(rb"RCPT TO:<[^<>\s\0]+>( [A-Z]+=[!-~]*)*", command) for command in said[1:])
    assert 1 <= len(said) - 1 <= len(recipients)
    assert body.count(b"\r\n.\r\n") == 1
    assert body.endswith(b"\r\n.\r\n")
    # RFC 5321 §4.5.2: the receiver takes the doubled dots away again.
    assert re.sub(rb"(\A|\r\n)\.\.", rb"\1.", body[: -len(b".\r\n")]) == raw
