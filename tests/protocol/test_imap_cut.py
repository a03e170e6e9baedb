"""An IMAP line cut after any number of bytes: it is noticed, what came whole counts, and nothing half is returned."""

import pytest

from mailsync.errors import TryNow
from mailsync.protocol.imap import ImapSource
from tests.protocol.test_imap_faults import DONE, FETCH, close_what_was_opened, full, session
from tests.servers.scripted import Expect, Hangup, Raw, ScriptMaker

__all__ = ["close_what_was_opened"]


def listen(source: ImapSource, heard: list[str]) -> None:
    source.idle_start()
    heard.append("idling")
    for _ in range(3):
        heard += [event.kind for event in source.idle_check(2)]


def fetch(source: ImapSource, uids: list[int], came: dict[int, bytes]) -> None:
    for message in source.fetch_messages(uids):
        came[message.uid] = message.raw


def test_idle(scripted: ScriptMaker) -> None:
    start, news = b"+ idling\r\n", b"* 5 EXISTS\r\n"
    for cut in range(len(start + news) + 1):
        source = session(scripted, Expect(r"\S+ IDLE"), Raw((start + news)[:cut]), Hangup())
        heard: list[str] = []
        with pytest.raises(TryNow):
            listen(source, heard)
        # Whoever is hung up on looks anew, so news may be lost with the line; but none is made up.
        assert heard in ([], ["idling"], ["idling", "EXISTS"])
        assert not heard or cut >= len(start)
        assert "EXISTS" not in heard or cut == len(start + news)


def test_messages(scripted: ScriptMaker) -> None:
    bodies = {2: b"Subject: a\r\n\r\n)\r\n", 3: b"Subject: b\r\n\r\n* 9 EXISTS\r\n"}
    told = b"".join(full(uid, body) for uid, body in bodies.items())
    for cut in range(0, len(told) + 1, 3):
        source = session(scripted, FETCH, Raw(told[:cut]), Hangup())
        came: dict[int, bytes] = {}
        with pytest.raises(TryNow):
            fetch(source, [*bodies], came)
        assert came.items() <= bodies.items(), cut
    came = {}
    fetch(session(scripted, FETCH, Raw(told + DONE)), [*bodies], came)
    assert came == bodies
