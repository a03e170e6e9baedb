"""COMPRESS=DEFLATE: the same mail in fewer bytes, and a stream that cannot be read is a broken line."""

import zlib
from collections.abc import Iterator
from contextlib import closing

import pytest

from mailsync.protocol import imap
from mailsync.protocol.deflate import DeflatedSocket
from tests.factories import raw_message
from tests.servers.certificates import Certificates
from tests.servers.dovecot import Dovecot, running_dovecot


@pytest.fixture(scope="module")
def deflating(certificates: Certificates) -> Iterator[Dovecot]:
    with running_dovecot(certificates, "protocol imap {\n  mail_plugins = imap_zlib\n}") as server:
        yield server


@pytest.mark.dovecot
def test_the_same_mail_in_fewer_bytes(deflating: Dovecot) -> None:
    mailbox = deflating.add_user()
    text = "The quarterly figures are attached, as we said on Monday.\r\n" * 100
    raws = [raw_message(f"Report {n}", text) for n in range(40)]
    mailbox.append_many(raws)
    fetched = {}
    for compress in ("never", "always"):
        with closing(imap.connect(mailbox.imap, compress=compress)) as source:  # type: ignore[arg-type]
            (inbox,) = (one for one in source.list_folders() if one.path == "INBOX")
            source.select(inbox)
            uids = source.search_uids()
            headers = [one.header for one in source.fetch_headers(uids)]
            fetched[compress] = headers, [one.raw for one in source.fetch_messages(uids)]
            sock = source._session.wire.sock
    assert fetched["never"] == fetched["always"]
    assert fetched["always"][1] == raws
    assert isinstance(sock, DeflatedSocket)
    assert sock.inflated_bytes > sum(map(len, raws))
    assert sock.received_bytes < sock.inflated_bytes / 4, "mail like this shrinks to less than a quarter"


@pytest.mark.dovecot
def test_a_server_nearby_is_not_asked_to_compress(deflating: Dovecot, dovecot: Dovecot) -> None:
    for server in (deflating, dovecot):
        with closing(imap.connect(server.add_user().imap, compress="far")) as source:
            assert not isinstance(source._session.wire.sock, DeflatedSocket)
    # One that cannot is talked to as before.
    with closing(imap.connect(dovecot.add_user().imap, compress="always")) as source:
        assert source.list_folders()


class Pipe:
    """A socket that has said these pieces, and then hung up."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces, self.sent = list(pieces), b""

    def recv(self, size: int) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""

    def sendall(self, data: bytes) -> None:
        self.sent += data


def deflated(text: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)


def test_a_swollen_answer_comes_in_the_sizes_asked_for() -> None:
    data = deflated(b"x" * 1_000_000)
    sock = DeflatedSocket(Pipe(data[10:]), data[:10])  # type: ignore[arg-type]
    assert sock.pending()
    pieces = list(iter(lambda: sock.recv(4096), b""))
    assert max(map(len, pieces)) == 4096
    assert b"".join(pieces) == b"x" * 1_000_000


@pytest.mark.parametrize(
    "pieces", [[b"\xff\xff not deflated"], [zlib.compress(b"* BYE", wbits=-zlib.MAX_WBITS), b"and more"]]
)
def test_a_stream_that_cannot_be_read_is_a_broken_line(pieces: list[bytes]) -> None:
    sock = DeflatedSocket(Pipe(*pieces))  # type: ignore[arg-type]
    with pytest.raises(ConnectionError, match="compressed stream"):
        list(iter(lambda: sock.recv(10), b""))


def test_what_is_sent_can_be_read_at_once() -> None:
    pipe = Pipe()
    sock = DeflatedSocket(pipe)  # type: ignore[arg-type]
    reader = zlib.decompressobj(-zlib.MAX_WBITS)
    for line in (b"A1 NOOP\r\n", b"A2 LOGOUT\r\n"):
        pipe.sent = b""
        sock.sendall(line)
        assert reader.decompress(pipe.sent) == line
