"""Mail from files: into folders here and onto the server, each message once, whatever breaks on the way."""

import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest

from accounts.models import MailAccount, Protocol, User
from mailsync import actions
from mailsync.actions.mail_imports import ImportProgress
from mailsync.engine import long_acts, mail_imports
from mailsync.message.mbox import mbox_entry
from mailsync.models import Act, Change, Folder, Message, Placement, Upload
from mailsync.store import mail_imports as stored
from mailsync.store import uploads
from mailsync.store.export import export_files
from tests.engine.pushed_box import Mailbox
from tests.factories import make_account, make_folder, make_message, make_user, raw_message

pytestmark = pytest.mark.django_db

AT = datetime(2024, 3, 1, 9, 30, tzinfo=UTC)


def mails(count: int, subject: str = "Old") -> list[bytes]:
    return [raw_message(f"{subject} {number}") for number in range(count)]


def boxed(raws: list[bytes], *flags: str) -> bytes:
    return b"".join(mbox_entry(raw, "ann@x.example", AT, flags) for raw in raws)


def zipped(files: Mapping[str, bytes]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def give(user_id: int, account: MailAccount, data: bytes, folder: Folder | None = None, name: str = "old.mbox") -> Act:
    upload = actions.begin_import(
        user_id, account.pk, folder and folder.pk, name=name, size_bytes=len(data), fingerprint=f"{name} {len(data)}"
    )
    progress = ImportProgress(upload)
    for start in range(0, len(data), uploads.PIECE_BYTES):
        progress = actions.add_import_piece(user_id, upload.pk, start, data[start : start + uploads.PIECE_BYTES])
    assert progress.act is not None
    return progress.act


def done(act: Act) -> Act:
    while long_acts.work(act.pk):
        pass
    act.refresh_from_db()
    return act


def test_a_file_comes_into_a_folder_and_onto_the_server_with_its_marks_and_times() -> None:
    box = Mailbox("Work")
    raws = mails(3)
    data = boxed(raws[:2], "\\Seen", "\\Flagged", "work") + boxed(raws[2:])
    act = done(give(box.user_id, box.account, data, box.folders["Work"]))
    assert (act.state, act.count, act.detail.get("known")) == ("done", 3, None)
    assert not Upload.objects.exists(), "what was read is not kept twice"
    box.push()
    box.agree()
    there = list(box.server.boxes["Work"].messages.values())
    assert [one.raw for one in there] == raws
    assert [one.flags for one in there] == [{"\\Seen", "\\Flagged", "work"}, {"\\Seen", "\\Flagged", "work"}, set()]
    assert set(Placement.objects.values_list("received_at", flat=True)) == {AT}
    assert Message.objects.exclude(raw=None).count() == 3


def test_what_the_account_has_is_left_out_and_a_second_time_brings_nothing() -> None:
    account = make_account()
    inbox, archive = make_folder(account), make_folder(account, "Archive", role="archive")
    raws = mails(4)
    make_message(inbox, raws[0], message_id="<other@x>")
    act = done(give(account.user_id, account, boxed([*raws, raws[3]]), archive))
    assert (act.count, act.detail["known"]) == (3, 2)
    assert act.detail["left_out"] == [["known", "Old 0"], ["known", "Old 3"]]
    again = done(give(account.user_id, account, boxed(raws), archive))
    assert (again.count, again.detail["known"]) == (0, 4)
    archive.refresh_from_db()
    assert archive.total == 3


def test_a_file_of_an_archive_that_holds_no_mail_is_named() -> None:
    account = make_account()
    data = zipped({"Work/tea.eml": mails(1)[0], "Work/cat.png": b"\x89PNG"})
    act = done(give(account.user_id, account, data, make_folder(account), name="old.zip"))
    assert (act.count, act.detail["left_out"]) == (1, [["no_mail", "Work/cat.png"]])


def test_letters_of_a_machine_that_gives_all_the_same_name_come_all() -> None:
    account = make_account()
    inbox = make_folder(account)
    scans = [
        raw_message(f"Scan {hour}", Message_ID="<scanner@x>", Date=f"Fri, 01 Mar 2024 {hour}:00:00 +0100")
        for hour in (10, 11)
    ]
    made_anew = raw_message(
        "Scan 10", "With a footer.", Message_ID="<scanner@x>", Date="Fri, 1 Mar 2024 09:00:00 +0000"
    )
    act = done(give(account.user_id, account, boxed(scans), inbox))
    assert (act.count, act.detail.get("known")) == (2, None)
    again = done(give(account.user_id, account, boxed([scans[0], made_anew]), inbox))
    assert (again.count, again.detail["known"]) == (0, 2)


def test_a_worker_that_dies_between_two_slices_brings_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_imports, "SLICE_MESSAGES", 2)
    account = make_account()
    folder = make_folder(account, "Work")
    act = give(account.user_id, account, boxed(mails(5)), folder)
    record = stored.record_import
    calls = 0

    def breaks(*args: object) -> object:
        nonlocal calls
        calls += 1
        filed = record(*args)  # type: ignore[arg-type]
        if calls == 2:
            raise KeyboardInterrupt
        return filed

    monkeypatch.setattr(stored, "record_import", breaks)
    with pytest.raises(KeyboardInterrupt):
        long_acts.work(act.pk)
    act.refresh_from_db()
    assert (act.count, act.state) == (2, "working")
    assert done(act).count == 5
    folder.refresh_from_db()
    assert (folder.total, Placement.objects.count()) == (5, 5)


def test_the_rest_waits_while_the_server_has_much_to_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_imports, "SLICE_MESSAGES", 2)
    monkeypatch.setattr(stored, "MOST_WAITING", 2)
    box = Mailbox("Work")
    act = give(box.user_id, box.account, boxed(mails(5)), box.folders["Work"])
    for brought in (2, 4):
        assert not long_acts.work(act.pk)
        act.refresh_from_db()
        assert (act.count, act.state) == (brought, "working")
        assert act.due_at is not None
        box.push()
    assert done(act).count == 5


def test_an_archive_makes_its_folders_anew_and_an_export_comes_back_as_it_was() -> None:
    user = make_user()
    old = make_account(user, address="old@x.example")
    inbox, club = make_folder(old), make_folder(old, "Club/Receipts")
    for folder, number in ((inbox, 3), (club, 2)):
        for raw in mails(number, folder.name):
            make_message(folder, raw, seen=True, flagged=folder is club, received_at=AT)
    data = zipped({name: b"".join(pieces) for name, pieces in export_files(user.pk)})
    new = make_account(user, address="new@x.example")
    act = done(give(user.pk, new, data, name="heron.zip"))
    assert act.count == 5
    folders = {folder.path: folder for folder in Folder.objects.filter(account=new)}
    assert {path: folder.total for path, folder in folders.items()} == {
        "Imported": 0,
        "Imported/INBOX": 3,
        "Imported/Club": 0,
        "Imported/Club/Receipts": 2,
    }
    for name, folder in (("Imported/INBOX", inbox), ("Imported/Club/Receipts", club)):
        here = {bytes(row.message.raw.data): row for row in folders[name].placements.select_related("message__raw")}
        was = {bytes(row.message.raw.data): row for row in folder.placements.select_related("message__raw")}
        assert here.keys() == was.keys()
        for raw, row in here.items():
            assert (row.seen, row.flagged, row.received_at) == (True, was[raw].flagged, AT)


def test_the_mail_of_several_accounts_stays_apart_from_export_to_import() -> None:
    user = make_user()
    for address, subject in (("ann@work.example", "Work"), ("ann@home.example", "Home"), ("ann@home.example", "Twin")):
        account = make_account(user, address=address, username=f"{address}{subject}")
        make_message(make_folder(account, "INBOX"), raw_message(subject))
        make_message(make_folder(account, "Club"), raw_message(f"{subject} club"))
    archive = zipped({name: b"".join(data) for name, data in export_files(user.pk)})
    home = make_account(make_user())
    top = make_folder(home, "Old")
    done(give(home.user_id, home, archive, top, name="export.zip"))
    rows = Placement.objects.filter(account=home).order_by("folder__path")
    assert list(rows.values_list("folder__path", "message__subject")) == [
        ("Old/ann@home.example (2)/Club", "Twin club"),
        ("Old/ann@home.example (2)/INBOX", "Twin"),
        ("Old/ann@home.example/Club", "Home club"),
        ("Old/ann@home.example/INBOX", "Home"),
        ("Old/ann@work.example/Club", "Work club"),
        ("Old/ann@work.example/INBOX", "Work"),
    ]
    # Of one account alone its folders need no other above them.
    work = user.mail_accounts.get(address="ann@work.example")
    other = make_account(make_user())
    alone = zipped({name: b"".join(data) for name, data in export_files(user.pk, work.pk)})
    done(give(other.user_id, other, alone, make_folder(other, "Old"), name="export.zip"))
    paths = Placement.objects.filter(account=other).order_by("folder__path").values_list("folder__path", flat=True)
    assert list(paths) == ["Old/Club", "Old/INBOX"]


def test_undo_takes_all_back_and_stops_what_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_imports, "SLICE_MESSAGES", 2)
    account = make_account()
    folder = make_folder(account, "Work")
    act = give(account.user_id, account, boxed(mails(5)), folder)
    assert long_acts.work(act.pk, run_seconds=0)
    assert actions.undo(account.user_id, act.group)
    done(act)
    assert act.state == "undone"
    folder.refresh_from_db()
    assert folder.total == 0
    assert not Upload.objects.exists()
    assert not Change.objects.filter(finished_at=None).exists()


def test_mail_of_a_pop3_account_is_simply_here() -> None:
    account = make_account(protocol=Protocol.POP3)
    folder = make_folder(account, "Kept", is_local=True)
    done(give(account.user_id, account, boxed(mails(2)), folder))
    assert sorted(folder.placements.values_list("uid", flat=True)) == [1, 2]
    assert not Change.objects.filter(finished_at=None).exists()


def test_old_mail_that_says_nothing_of_having_been_read_was_read() -> None:
    account = make_account()
    folder = make_folder(account, "Work")
    done(give(account.user_id, account, raw_message("Alone"), folder, name="one.eml"))
    assert folder.placements.get().seen


def test_full_storage_stops_it_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_imports, "SLICE_MESSAGES", 1)
    account = make_account(make_user(storage_limit_mb=1))
    folder = make_folder(account, "Work")
    act = give(account.user_id, account, boxed(mails(3)), folder)
    long_acts.work(act.pk, run_seconds=0)
    make_message(folder, raw_message("Large", "x" * 1_100_000))
    stopped = done(act)
    assert (stopped.state, stopped.count) == ("stopped", 1)
    assert "Your room here is full" in stopped.error
    assert not Upload.objects.exists()


def test_what_cannot_be_taken_is_refused_before_a_byte_travels() -> None:
    account = make_account(make_user(storage_limit_mb=1))
    folder = make_folder(account, "Work")
    for size, words in ((0, "is empty"), (2_000_000, "no room"), (3 * 1024**3, "larger than")):
        with pytest.raises(actions.CannotDo, match=words):
            actions.begin_import(
                account.user_id, account.pk, folder.pk, name="a.mbox", size_bytes=size, fingerprint="f"
            )
    closed = make_folder(account, "Closed", selectable=False)
    with pytest.raises(actions.CannotDo, match="cannot hold messages"):
        actions.begin_import(account.user_id, account.pk, closed.pk, name="a", size_bytes=5, fingerprint="f")


def test_an_archive_that_unpacks_to_far_more_is_refused(settings: Any) -> None:
    settings.HERON_IMPORT_LIMIT_BYTES = 1000
    account = make_account()
    data = zipped({"a.mbox": b"From a 2026\n" + b"x\n" * 10_000})
    assert len(data) < 1000
    with pytest.raises(actions.CannotDo, match="unpacks to more"):
        give(account.user_id, account, data, make_folder(account, "Work"), name="bomb.zip")
    assert not Act.objects.exists()


def test_a_file_that_was_cut_short_goes_on_and_pieces_that_come_twice_change_nothing() -> None:
    account = make_account()
    folder = make_folder(account, "Work")
    data = boxed(mails(2)) + b"\n" * uploads.PIECE_BYTES
    said = {"name": "a.mbox", "size_bytes": len(data), "fingerprint": "same"}
    upload = actions.begin_import(account.user_id, account.pk, folder.pk, **said)  # type: ignore[arg-type]
    first = data[: uploads.PIECE_BYTES]
    for _ in range(2):
        progress = actions.add_import_piece(account.user_id, upload.pk, 0, first)
        assert (progress.upload.received_bytes, progress.act) == (uploads.PIECE_BYTES, None)
    again = actions.begin_import(account.user_id, account.pk, folder.pk, **said)  # type: ignore[arg-type]
    assert (again.pk, again.received_bytes) == (upload.pk, uploads.PIECE_BYTES)
    rest = data[uploads.PIECE_BYTES :]
    acts = [actions.add_import_piece(account.user_id, upload.pk, len(first), rest).act for _ in range(2)]
    assert acts[0] is not None
    assert acts[1] is None
    assert done(acts[0]).count == 2


def test_nobody_touches_what_is_anothers() -> None:
    account, other = make_account(), User.objects.create_user(email="b@x.example", password="x")
    folder = make_folder(account, "Work")
    with pytest.raises(actions.NotYours):
        actions.begin_import(other.pk, account.pk, folder.pk, name="a", size_bytes=5, fingerprint="f")
    with pytest.raises(actions.NotYours):
        actions.begin_import(other.pk, account.pk, None, name="a", size_bytes=5, fingerprint="f")
    upload = actions.begin_import(account.user_id, account.pk, folder.pk, name="a", size_bytes=5, fingerprint="f")
    for call in (
        lambda: actions.add_import_piece(other.pk, upload.pk, 0, b"x"),
        lambda: actions.cancel_import_upload(other.pk, upload.pk),
    ):
        with pytest.raises(actions.NotYours):
            call()
    actions.cancel_import_upload(account.user_id, upload.pk)
    assert not Upload.objects.exists()
