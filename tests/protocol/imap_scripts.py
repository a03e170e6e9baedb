"""The beginnings that scripted IMAP conversations share."""

from mailsync.protocol import imap
from mailsync.protocol.imap import ImapSource
from tests.servers.scripted import Expect, Say, ScriptedServer, Step

CAPABILITIES = "IMAP4rev1 UIDPLUS ESEARCH MOVE IDLE CONDSTORE ENABLE"


def login(capabilities: str = CAPABILITIES) -> tuple[Step, ...]:
    """Greeting to ENABLE, as ``imap.connect`` goes through it; the tag of each line is answered."""
    steps: list[Step] = [
        Say("* OK hello"),
        # imaplib asks, we ask again: no capability of the greeting is trusted
        *(Expect(r"\S+ CAPABILITY"), Say(f"* CAPABILITY {capabilities}\n{{tag}} OK")),
        *(Expect(r"\S+ CAPABILITY"), Say(f"* CAPABILITY {capabilities}\n{{tag}} OK")),
        *(Expect(r"\S+ LOGIN "), Say("{tag} OK in")),
        *(Expect(r"\S+ CAPABILITY"), Say(f"* CAPABILITY {capabilities}\n{{tag}} OK")),
        *(Expect(r"\S+ ID "), Say("* ID NIL\n{tag} OK")),
    ]
    words = capabilities.split()
    if "ENABLE" in words and ("CONDSTORE" in words or "QRESYNC" in words):
        steps += [Expect(r"\S+ ENABLE "), Say("{tag} OK")]
    return tuple(steps)


def selected(exists: int = 3) -> tuple[Step, ...]:
    """INBOX opened with so many messages."""
    return (
        Expect(r"\S+ EXAMINE "),
        Say(f"* {exists} EXISTS\n* OK [UIDVALIDITY 7] x\n* OK [UIDNEXT 9] x\n* OK [HIGHESTMODSEQ 5] x\n{{tag}} OK"),
    )


_OPENED: list[ImapSource] = []


def opened(server: ScriptedServer, seconds: float = 5) -> ImapSource:
    """A source connected to this server, until ``close_opened``."""
    _OPENED.append(imap.connect(server.settings(seconds=seconds)))
    return _OPENED[-1]


def close_opened() -> None:
    while _OPENED:
        _OPENED.pop()._session.wire.shutdown()
