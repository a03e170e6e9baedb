"""Every verb of the IMAP source against a real Dovecot."""

from collections.abc import Iterator

import pytest

from mailsync.errors import Poison, Rejected
from mailsync.protocol import imap
from mailsync.protocol.imap import ImapSource
from mailsync.types import Flags, FolderCursor, RemoteFolder, Role
from tests.servers.dovecot import Mailbox

pytestmark = pytest.mark.dovecot


def raw(number: int, size: int = 0) -> bytes:
    head = b"From: a@example.org\r\nSubject: number %d\r\nMessage-ID: <%d@example.org>\r\n\r\n" % (number, number)
    return head + b"text %d\r\n" % number + b"x" * size + (b"\r\n" if size else b"")


@pytest.fixture
def source(mailbox: Mailbox) -> Iterator[ImapSource]:
    with imap.connect(mailbox.imap) as opened:
        yield opened


def folder(source: ImapSource, path: str) -> RemoteFolder:
    return next(found for found in source.list_folders() if found.path == path)


def test_list_gives_roles_and_status(mailbox: Mailbox, source: ImapSource) -> None:
    mailbox.append(raw(1))
    found = {f.path: f for f in source.list_folders()}
    assert {path: f.role for path, f in found.items()} == {
        "INBOX": Role.INBOX,
        "Drafts": Role.DRAFTS,
        "Sent": Role.SENT,
        "Junk": Role.JUNK,
        "Trash": Role.TRASH,
        "Archive": Role.ARCHIVE,
    }
    status = found["INBOX"].status
    assert status is not None
    assert (status.messages, status.unseen, status.uidnext) == (1, 1, 2)
    assert status.uidvalidity
    assert source.status(found["INBOX"]) == status


def test_headers_and_messages_come_as_they_are(mailbox: Mailbox, source: ImapSource) -> None:
    raws = [raw(n) for n in range(1, 8)]
    mailbox.append_many(raws)
    source.select(folder(source, "INBOX"))
    headers = list(source.fetch_headers(range(1, 100)))
    assert [h.uid for h in headers] == list(range(1, 8))
    assert headers[0].header == raws[0].partition(b"text")[0]
    assert headers[0].size_bytes == len(raws[0])
    assert headers[0].internal_date.tzinfo is not None
    assert headers[0].flags == Flags()
    assert headers[0].modseq
    messages = list(source.fetch_messages([h.uid for h in headers], sizes={h.uid: h.size_bytes for h in headers}))
    assert [m.raw for m in messages] == raws
    # PEEK: reading marks nothing as read
    assert "\\Seen" not in set().union(*mailbox.flags())


def test_many_batches_fly_at_once(mailbox: Mailbox, source: ImapSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsync.protocol.imap_batches.BATCH_COUNT", 3)
    raws = [raw(n) for n in range(1, 24)]
    mailbox.append_many(raws)
    source.select(folder(source, "INBOX"))
    assert [m.raw for m in source.fetch_messages(range(1, 24))] == raws


def test_a_generator_left_early_leaves_a_clean_stream(
    mailbox: Mailbox, source: ImapSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailsync.protocol.imap_batches.BATCH_COUNT", 2)
    mailbox.append_many([raw(n) for n in range(1, 12)])
    source.select(folder(source, "INBOX"))
    messages = source.fetch_messages(range(1, 12))
    assert next(iter(messages)).uid == 1
    messages.close()  # type: ignore[attr-defined]
    assert source.search_uids() == list(range(1, 12))


def test_a_large_message_comes_in_pieces(mailbox: Mailbox, source: ImapSource) -> None:
    large, exact = raw(1, 5000), raw(2)
    exact += b"y" * (1400 - len(exact) - 2) + b"\r\n"
    mailbox.append_many([large, exact])
    source.select(folder(source, "INBOX"))
    for uid, whole in ((1, large), (2, exact)):
        got = b""
        while True:
            piece = source.fetch_piece(uid, len(got), 700, size_bytes=len(whole))
            assert piece is not None
            assert piece.at == len(got)
            got += piece.data
            if piece.is_last:
                break
        assert got == whole
    assert source.fetch_piece(9, 0, 700, size_bytes=80) is None
    with pytest.raises(Poison):
        source.fetch_piece(1, 0, 700, size_bytes=10**12)


def test_search_never_answers_below_the_range(mailbox: Mailbox, source: ImapSource) -> None:
    mailbox.append_many([raw(1), raw(2)])
    source.select(folder(source, "INBOX"))
    assert source.search_uids() == [1, 2]
    assert source.search_uids(low=2) == [2]
    assert source.search_uids(low=7) == []
    assert source.search_uids(low=1, high=1) == [1]


def test_flags_change_and_are_read_back(mailbox: Mailbox, source: ImapSource) -> None:
    mailbox.append_many([raw(1), raw(2)])
    inbox = folder(source, "INBOX")
    before = source.select(inbox, read_only=False)
    assert before.exists == 2
    assert before.highestmodseq
    assert "\\Seen" in before.permanent_flags
    source.store_flags([1, 2], add=["\\Seen", "$Label1"])
    source.store_flags([2], remove=["\\Seen"])
    flags = {update.uid: update.flags for update in source.fetch_flags()}
    assert flags == {1: Flags(seen=True, keywords=("$Label1",)), 2: Flags(keywords=("$Label1",))}
    assert [u.uid for u in source.fetch_flags(changed_since=before.highestmodseq)] == [1, 2]
    assert [u.uid for u in source.fetch_flags([2])] == [2]


def test_qresync_tells_what_changed_and_what_is_gone(mailbox: Mailbox, source: ImapSource) -> None:
    mailbox.append_many([raw(n) for n in range(1, 6)])
    inbox = folder(source, "INBOX")
    state = source.select(inbox)
    source.select(folder(source, "Sent"))
    with mailbox.client("INBOX") as other:
        other.uid("STORE", "2", "+FLAGS", "(\\Deleted)")
        other.uid("STORE", "4", "+FLAGS", "(\\Flagged)")
        other.expunge()
    assert state.highestmodseq
    cursor = FolderCursor(state.uidvalidity, state.highestmodseq, (1, 2, 3, 4, 5))
    now = source.select(inbox, cursor=cursor)
    assert now.vanished == (2,)
    assert [(u.uid, u.flags.flagged) for u in now.changed] == [(4, True)]


def test_move_copy_and_expunge_say_where_things_went(mailbox: Mailbox, source: ImapSource) -> None:
    mailbox.append_many([raw(n) for n in range(1, 5)])
    inbox, trash, archive = (folder(source, path) for path in ("INBOX", "Trash", "Archive"))
    source.select(inbox, read_only=False)
    moved = source.move([1, 3], trash)
    assert moved.uids == {1: 1, 3: 2}
    assert moved.uidvalidity == source.status(trash).uidvalidity
    assert source.copy([2], archive).uids == {2: 1}
    source.store_flags([2], add=["\\Deleted"])
    source.store_flags([4], add=["\\Deleted"])
    assert source.expunge([2]) is True
    assert source.search_uids() == [4]  # another's \Deleted survives
    assert [len(mailbox.raws(path)) for path in ("Trash", "Archive")] == [2, 1]


def test_copy_to_nowhere_is_rejected_and_harms_nothing(mailbox: Mailbox, source: ImapSource) -> None:
    mailbox.append(raw(1))
    source.select(folder(source, "INBOX"), read_only=False)
    nowhere = RemoteFolder("Nowhere", b"Nowhere", "/")
    with pytest.raises(Rejected) as caught:
        source.copy([1], nowhere)
    assert caught.value.code in ("TRYCREATE", "NONEXISTENT")
    assert source.search_uids() == [1]


def test_append_and_find_by_message_id(mailbox: Mailbox, source: ImapSource) -> None:
    sent = folder(source, "Sent")
    mailbox.append(raw(9).replace(b"<9@", b"<99@"), "Sent")
    done = source.append(sent, raw(9).rstrip(), flags=Flags(seen=True), internal_date=1_700_000_000.0)
    assert done.uids == {0: 2}
    source.select(sent)
    assert source.find_message_id("<9@example.org>") == [2]
    assert source.find_message_id("9@example.org", above_uid=2) == []
    assert mailbox.flags("Sent")[1] >= {"\\Seen"}
    message = next(iter(source.fetch_messages([2])))
    assert message.internal_date.timestamp() == 1_700_000_000
    assert message.raw == raw(9).rstrip() + b"\r\n"


@pytest.mark.parametrize("name", ["Entwürfe & Reste", "日本語/深い", 'quo"te\\s', "R&D"])
def test_folders_are_made_renamed_and_deleted(source: ImapSource, name: str) -> None:
    source.create_folder(name)
    made = folder(source, name)
    assert made.subscribed
    assert source.select(made).exists == 0
    source.rename_folder(made, name + " 2")
    source.delete_folder(folder(source, name + " 2"))
    assert name not in {f.path for f in source.list_folders() if f.selectable}


def test_idle_hears_of_new_mail(mailbox: Mailbox, source: ImapSource) -> None:
    source.select(folder(source, "INBOX"))
    source.idle_start()
    assert source.idle_check() == []
    mailbox.append(raw(1))
    events = source.idle_check(10)
    assert "EXISTS" in {event.kind for event in events}
    source.idle_done()
    assert source.search_uids() == [1]
    assert source.fileno() > 0


def test_starttls_and_the_transcript_without_secrets(mailbox: Mailbox) -> None:
    with imap.connect(mailbox.imap_starttls) as source:
        assert "STARTTLS" not in source.capabilities
        source.noop()
        said = "\n".join(source.transcript)
    assert "C: " in said
    assert mailbox.password not in said
    assert "NOOP" in said
