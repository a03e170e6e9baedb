"""Faults of servers that no other file shows: what stands in the tables, what the server saw."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine.pull import Outcome, pull_account, pull_bodies
from mailsync.engine.push import push_changes
from mailsync.errors import TryNow
from mailsync.models import Change, Folder, Message, Placement, RawMessage
from mailsync.types import FetchedHeader, FetchedMessage, FolderStatus, RemoteFolder, SelectedFolder
from tests.engine.fake_server import Box
from tests.engine.in_step import assert_in_step, pull
from tests.engine.test_deliver import Post
from tests.factories import make_account, place, raw_message
from tests.fakes import BASELINE, CONDSTORE, QRESYNC, PullServer, PullSource

pytestmark = pytest.mark.django_db


def filled(count: int = 6, capabilities: Sequence[str] = QRESYNC) -> PullServer:
    server = PullServer(capabilities=capabilities)
    for n in range(count):
        server.boxes["INBOX"].add(raw_message(f"Inbox {n}", Message_ID=f"<i{n}@x>"))
    return server


@pytest.fixture
def account() -> MailAccount:
    return make_account()


def inbox() -> Folder:
    return Folder.objects.get(path="INBOX")


class Bent(PullSource):
    """A server that answers not quite as it should; the test sets what ``server.bent`` names."""

    @property
    def bent(self) -> set[str]:
        return self.server.__dict__.setdefault("bent", set())

    def select(self, folder: RemoteFolder, **more: object) -> SelectedFolder:  # type: ignore[override]
        selected = super().select(folder, **more)  # type: ignore[arg-type]
        if "no uidvalidity" in self.bent:
            selected = replace(selected, uidvalidity=0)
        if "no uidnext" in self.bent:
            selected = replace(selected, uidnext=None)
        if "small uidnext" in self.bent:
            selected = replace(selected, uidnext=1)
        if "no highestmodseq" in self.bent:
            selected = replace(selected, highestmodseq=None)
        if "small highestmodseq" in self.bent:
            selected = replace(selected, highestmodseq=1, changed=(), vanished=())
        return selected

    def list_folders(self, *, with_status: bool = True) -> list[RemoteFolder]:
        listed = super().list_folders(with_status=with_status)
        return [replace(folder, status=self._bend(folder.status)) for folder in listed]

    def _bend(self, status: FolderStatus | None) -> FolderStatus | None:
        return None if self.bent else status

    def fetch_headers(self, uids: Sequence[int]) -> Iterator[FetchedHeader]:
        for header in super().fetch_headers(uids):
            if "no flags" in self.bent:
                header = replace(header, flags=None)
            if "no modseq" in self.bent:
                header = replace(header, modseq=None)
            if "wrong size" in self.bent:
                header = replace(header, size_bytes=header.size_bytes * 3 + 1)
            yield header

    def fetch_messages(self, uids: Sequence[int], *, sizes: dict[int, int] | None = None) -> Iterator[FetchedMessage]:
        for message in super().fetch_messages(uids, sizes=sizes):
            yield replace(message, flags=None) if "no flags" in self.bent else message


def bend(server: PullServer, *how: str) -> PullServer:
    """Every connection from now on is bent."""
    server.__dict__["bent"] = set(how)

    def connect(_account: object) -> PullSource:
        server.step("connect")
        server.connections += 1
        return Bent(server)

    server.connect = connect  # type: ignore[method-assign]
    return server


# Connection. ------------------------------------------------------------------------------------


@pytest.mark.parametrize("capabilities", [QRESYNC, CONDSTORE, BASELINE])
def test_a_line_reset_at_any_step_loses_and_doubles_nothing(
    capabilities: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each network step in turn the connection is reset once; the same run or the next one gets it all."""
    for step in range(1, 200):
        account, server = make_account(), filled(3, capabilities)
        real = server.step
        hit = False

        def reset(what: str, server: PullServer = server, real: object = real, step: int = step) -> None:
            nonlocal hit
            server.steps += 1
            if server.steps == step:
                hit = True
                raise TryNow("The connection broke.")

        server.step = reset  # type: ignore[method-assign]
        for work in (pull_account, pull_bodies):
            work(account.pk, connect=server.opener)
        server.step = lambda what: None  # type: ignore[method-assign]
        pull(account, server)
        assert_in_step_of(account, server)
        if not hit:
            break
    assert step > 8


def assert_in_step_of(account: MailAccount, server: PullServer) -> None:
    for path, box in server.boxes.items():
        rows = Placement.objects.filter(account=account, folder__path=path).select_related("message__raw")
        assert {row.uid: bytes(row.message.raw.data) for row in rows if row.message.raw} == {
            uid: stored.raw for uid, stored in box.messages.items()
        }
    assert RawMessage.objects.filter(account=account).count() == sum(len(b.messages) for b in server.boxes.values())


# Stream. ----------------------------------------------------------------------------------------


def test_a_fetch_without_flags_keeps_the_old_ones(account: MailAccount) -> None:
    server = filled(4)
    server.boxes["INBOX"].messages[2].flags.add("\\Flagged")
    pull_account(account.pk, connect=server.opener)
    bend(server, "no flags")
    pull_bodies(account.pk, connect=server.opener)
    assert Placement.objects.get(uid=2).flagged
    assert Message.objects.filter(raw__isnull=True).count() == 0
    # Nor does a folder that is numbered anew lose its marks.
    server.renumber("INBOX", first_uid=50)
    pull_account(account.pk, connect=server.opener)
    server.__dict__["bent"].clear()
    pull(account, server)
    assert_in_step(account, server)


def test_a_wrong_size_is_put_right_by_the_bytes(account: MailAccount) -> None:
    server = bend(filled(4), "wrong size")
    pull_account(account.pk, connect=server.opener)
    pull_bodies(account.pk, connect=server.opener)
    for message in Message.objects.select_related("raw"):
        assert message.raw is not None
        assert message.raw.size_bytes == len(bytes(message.raw.data))
    server.__dict__["bent"].clear()
    pull(account, server)
    assert_in_step(account, server)


# State. -----------------------------------------------------------------------------------------


def test_a_missing_uidvalidity_is_no_new_epoch_each_time(account: MailAccount) -> None:
    """Servers without UIDVALIDITY exist; theirs is 0 for good, and nothing is fetched twice."""
    server = bend(filled(4), "no uidvalidity")
    for _ in range(3):
        pull_account(account.pk, connect=server.opener)
        pull_bodies(account.pk, connect=server.opener)
    assert (inbox().epoch, inbox().total) == (1, 4)
    assert server.bodies_given == 4


def test_a_uidvalidity_that_flaps_fetches_no_body_again(account: MailAccount) -> None:
    server = filled(5)
    pull(account, server)
    for first in (100, 1, 200, 1, 300, 7):
        server.renumber("INBOX", first_uid=first)
        server.boxes["INBOX"].uidvalidity = 1 if first == 1 else first
        pull(account, server)
    assert server.bodies_given == 5
    assert_in_step(account, server)


def test_a_folder_that_looks_like_the_one_that_went(account: MailAccount) -> None:
    """Seen in practice: of two folders that Cyrus made in one second one goes, and the other is numbered alike."""
    server = filled(1)
    server.boxes["Plans"] = Box(uidvalidity=9, mailbox_id="a")
    server.boxes["Plans"].add(raw_message("Plan", Message_ID="<p@x>"))
    pull(account, server)
    del server.boxes["Plans"]
    other = server.boxes["Ideas"] = Box(uidvalidity=9, mailbox_id="b")
    other.add(raw_message("Idea", Message_ID="<i@x>"), ["\\Flagged"])
    pull(account, server)
    assert_in_step(account, server)
    # Renamed, it is known again.
    server.bodies_given = 0
    server.boxes["Thoughts"] = server.boxes.pop("Ideas")
    folder = Folder.objects.get(path="Ideas")
    pull(account, server)
    folder.refresh_from_db()
    assert (folder.path, server.bodies_given) == ("Thoughts", 0)
    assert_in_step(account, server)


@pytest.mark.parametrize("how", ["no uidnext", "small uidnext", "no highestmodseq", "small highestmodseq", "no modseq"])
def test_what_select_leaves_out_or_gets_wrong(account: MailAccount, how: str) -> None:
    """A UIDNEXT or HIGHESTMODSEQ that is missing, or smaller than before, and CONDSTORE without any MODSEQ."""
    server = filled(5)
    pull(account, server)
    bend(server, how)
    server.boxes["INBOX"].add(raw_message("New", Message_ID="<new@x>"))
    server.boxes["INBOX"].messages[2].flags.add("\\Seen")
    del server.boxes["INBOX"].messages[3]
    for _ in range(2):
        pull_account(account.pk, connect=server.opener)
    server.__dict__["bent"].clear()
    Folder.objects.update(deep_scan_at=None)
    pull(account, server)
    assert_in_step(account, server)


@pytest.mark.parametrize("how", ["renamed", "deleted"])
def test_a_folder_that_goes_between_list_and_select(account: MailAccount, how: str) -> None:
    server = filled(3)
    server.boxes["Sent"].add(raw_message("Sent", Message_ID="<s@x>"))
    pull(account, server)
    server.boxes["INBOX"].add(raw_message("More"))
    server.boxes["Archive"].add(raw_message("Last", Message_ID="<l@x>"))
    server.boxes["Sent"].add(raw_message("Sent 2", Message_ID="<s2@x>"))
    real = server.connect

    def connect(given: object) -> PullSource:
        source = real(given)
        listed = source.list_folders

        def list_then_go(**more: bool) -> list[RemoteFolder]:
            found = listed(**more)
            box = server.boxes.pop("Sent")
            if how == "renamed":
                server.boxes["Sent items"] = box
            return found

        source.list_folders = list_then_go  # type: ignore[method-assign,assignment]
        return source

    server.connect = connect  # type: ignore[method-assign]
    assert pull_account(account.pk, connect=server.opener) is Outcome.DONE
    assert Folder.objects.get(path="Archive").total == 1, "the others were visited"
    server.connect = real  # type: ignore[method-assign]
    pull(account, server)
    shown = set(
        Placement.objects.filter(shown=True, folder__missing_since=None).values_list("message__subject", flat=True)
    )
    assert {"Inbox 0", "More", "Last"} <= shown
    assert ("Sent 2" in shown) is (how == "renamed")


def test_a_deleted_folder_that_is_listed_all_the_same(account: MailAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen in practice: Dovecot lists a deleted folder that has others below it, without STATUS."""
    server = filled(2)
    server.boxes["Archive"].add(raw_message("Old"))
    pull(account, server)
    archive = Folder.objects.get(path="Archive")
    box = server.boxes.pop("Archive")
    real = PullSource.list_folders

    def with_ghost(self: PullSource, **more: bool) -> list[RemoteFolder]:
        return [*real(self, **more), RemoteFolder("Archive", b"Archive", "/")]

    monkeypatch.setattr(PullSource, "list_folders", with_ghost)
    for _ in range(5):
        assert pull_account(account.pk, connect=server.opener) is Outcome.DONE
    archive.refresh_from_db()
    assert (archive.missing_since is None, archive.parked_at) == (False, None)
    Folder.objects.filter(pk=archive.pk).update(missing_since=timezone.now() - timedelta(days=2))
    pull_account(account.pk, connect=server.opener)
    assert not Placement.objects.filter(folder=archive, shown=True).exists()
    # It is made anew, and shown again.
    monkeypatch.undo()
    server.boxes["Archive"] = box
    pull(account, server)
    assert_in_step(account, server)


def test_a_folder_that_becomes_an_empty_shell_hides_its_mail(
    account: MailAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = filled(2)
    server.boxes["Archive"].add(raw_message("Old"))
    pull_account(account.pk, connect=server.opener)
    real = PullSource.list_folders

    def shells(self: PullSource, **more: bool) -> list[RemoteFolder]:
        return [replace(one, selectable=one.path != "Archive", status=None) for one in real(self, **more)]

    monkeypatch.setattr(PullSource, "list_folders", shells)
    pull_account(account.pk, connect=server.opener)
    archive = Folder.objects.get(path="Archive")
    assert (archive.total, archive.bodies_pending, archive.missing_since) == (0, 0, None)
    monkeypatch.undo()
    pull(account, server)
    assert_in_step(account, server)


def test_what_was_promised_and_is_not_there_goes_with_the_next_visit(account: MailAccount) -> None:
    server = filled(2)
    pull(account, server)
    message = Message.objects.earliest("id")
    archive = Folder.objects.get(path="Archive")
    for done in (True, False):
        promised = place(archive, message, uid=None)
        Change.objects.create(
            account=account,
            kind="move",
            target=archive,
            target_placement=promised,
            state="done" if done else "sent",
            finished_at=timezone.now() if done else None,
        )
    server.boxes["Archive"].add(raw_message("Else"))
    pull(account, server)
    # The one that may still arrive stays.
    assert Placement.objects.get(folder=archive, uid=None).pk == promised.pk


def test_the_first_look_into_a_folder_reads_the_flags_of_what_was_moved_there(account: MailAccount) -> None:
    server = filled(2)
    pull(account, server)
    made = actions.create_folder(account.user_id, account.pk, "New")
    row = Placement.objects.filter(folder=inbox()).earliest("id")
    assert made.folder_id is not None
    actions.move(account.user_id, [row.pk], made.folder_id)
    # Another program was there in between.
    server.boxes["INBOX"].messages[row.uid or 0].flags.add("$Work")
    Change.objects.update(hold_until=None)
    push_changes(account.pk, open_source=server.connect)
    pull(account, server)
    assert_in_step(account, server)
    assert Placement.objects.get(folder=made.folder_id).keywords == ["$Work"]


# Changes. ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["before", "after"])
def test_an_append_whose_reply_is_lost_is_not_done_again(fault: str) -> None:
    """The Sent copy of a message: appended, or not, when the line broke; in the end it is there once."""
    post = Post()
    post.run(post.write())
    post.imap.fail("append", fault)
    for _ in range(3):
        Change.objects.filter(due_at__isnull=False).update(due_at=timezone.now() - timedelta(minutes=10))
        post.push()
    assert not Change.objects.filter(finished_at=None).exists()
    assert len(post.imap.boxes["Sent"].messages) == 1
    [uid] = post.imap.boxes["Sent"].messages
    assert Placement.objects.get(folder=post.sent, shown=True).uid == uid
    assert len(post.smtp.taken) == 1
