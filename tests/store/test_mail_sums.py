"""How much mail is here is known without counting it, whoever writes or deletes it, and however much there is."""

import hashlib
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.models import ONLY_HERE_EPOCH, MailSum, Message, Placement, RawMessage
from mailsync.store import keeping, quota, raw_intake, vanish
from mailsync.store.audit import recount_sums
from mailsync.store.authored import store_own_messages
from mailsync.store.export import load_kept
from mailsync.store.mail_sums import FOLD_AFTER, MailSize, bodies_since, fold_sums, load_sizes, note_mail
from mailsync.store.summary import refresh
from mailsync.store.truth import load_truth
from tests.engine.in_step import assert_counted_here
from tests.factories import make_account, make_folder, make_message, make_user, place, raw_message
from tests.forgotten import forget_all
from tests.store.big_folder import fill
from tests.store.test_listing_size import kept_plans as kept_plans  # a fixture
from tests.store.test_listing_size import rows_touched

LARGE = 20_000
#: What is asked beside the counts: the account, its schedule, changes, holes, and so on.
FEW = 100


@pytest.fixture
def account(db: None) -> MailAccount:
    return make_account()


def size_of(account: MailAccount) -> MailSize:
    return load_sizes([account.pk]).get(account.pk, MailSize())


@pytest.mark.usefixtures("kept_plans")
def test_storage_and_status_of_a_large_mailbox_read_none_of_it(account: MailAccount) -> None:
    folder = fill(account, "INBOX", LARGE)
    fill(account, "Archive", 1000)
    assert [wrong.messages for _, wrong in recount_sums(account.pk)] == [LARGE + 1000]
    for number, placement in enumerate(Placement.objects.filter(folder=folder).order_by("id")[:15]):
        # Deleted and not yet told, moved and not yet numbered, only here.
        apart: dict[str, Any] = ({"shown": False}, {"uid": None}, {"epoch": ONLY_HERE_EPOCH})[number % 3]
        Placement.objects.filter(pk=placement.pk).update(**apart)
        refresh([(folder.pk, placement.thread_id)])
    kept, read = rows_touched(lambda: load_kept(account.user_id))
    assert [one.messages for one in kept] == [LARGE + 1000]
    assert 1 <= read <= FEW
    truth, read = rows_touched(lambda: load_truth(account))
    assert sum(line.here for line in truth.folders) == LARGE + 1000 - 10
    assert 1 <= read <= FEW
    assert_counted_here(account)
    used, read = rows_touched(lambda: quota.load_used([account.user_id]))
    assert used == {account.user_id: 0}
    assert 1 <= read <= FEW
    only_here, read = rows_touched(lambda: keeping.count_only_here(account.pk))
    assert only_here == 5
    assert 1 <= read <= FEW


def test_the_speed_of_a_first_pull_is_told_without_a_look_at_the_mail(account: MailAccount) -> None:
    make_folder(account, exists_seen=1000, header_cursor=5)
    RawMessage.objects.bulk_create(
        RawMessage(account=account, sha256=number.to_bytes(32), size_bytes=1, data=b"x") for number in range(500)
    )
    note_mail(account.pk, messages=500, bodies=470)
    note_mail(account.pk, bodies=30)
    MailSum.objects.filter(bodies=470).update(at=timezone.now() - timedelta(minutes=5))
    truth, read = rows_touched(lambda: load_truth(account))
    assert truth.progress is not None
    # Thirty in three minutes, and all of a thousand to come.
    assert truth.progress.seconds_left == 1000 * 180 // 30
    assert read <= FEW


@pytest.mark.parametrize("epochs", [(1, 1), (2, 1), (2, None), (3, 40)], ids=str)
def test_what_is_here_is_what_the_server_lists(account: MailAccount, epochs: tuple[int, int | None]) -> None:
    """Whatever state a placement is in, and whether the folder has been numbered anew and read to its end."""
    epoch, cursor = epochs
    folder = make_folder(account, epoch=epoch, header_cursor=cursor)
    local = make_folder(account, "Drafts here", is_local=True)
    states: list[dict[str, Any]] = [
        {},
        {"shown": False},
        {"uid": None},
        {"uid": None, "shown": False},
        {"epoch": ONLY_HERE_EPOCH},
        {"epoch": ONLY_HERE_EPOCH, "shown": False},
        {"gone_phase": 1, "shown": False},
        {"gone_phase": 2, "shown": False, "epoch": ONLY_HERE_EPOCH},
    ]
    if epoch > 1:
        states.append({"epoch": 1, "gone_phase": 1, "shown": False})
    if cursor != 1:
        states += [{"epoch": 1}, {"epoch": 1, "shown": False}, {"epoch": 1, "uid": None}]
    for times, state in enumerate(states, start=1):
        for _ in range(times):
            make_message(folder, **state)
            make_message(local, shown=state.get("shown", True))
    assert_counted_here(account)
    assert {line.here for line in load_truth(account).folders} != {0}


def test_bytes_count_once_whoever_keeps_them_and_not_when_nobody_wants_them(account: MailAccount) -> None:
    raws = {hashlib.sha256(raw).digest(): raw for raw in (b"one", b"twenty")}
    ids = raw_intake.keep_raw(account.pk, raws)
    assert size_of(account) == MailSize(0, 2, 9)
    assert raw_intake.keep_raw(account.pk, raws) == ids
    more = {**raws, hashlib.sha256(b"new").digest(): b"new"}
    # As when another lane stores two of them meanwhile.
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(raw_intake, "_known_raw", lambda *_: {})
        assert ids.items() <= raw_intake.keep_raw(account.pk, more).items()
    assert size_of(account) == MailSize(0, 3, 12)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(raw_intake, "_AT_ONCE_BYTES", 10)
        large = {hashlib.sha256(b"x" * 50).digest(): b"x" * 50}
        raw_intake.keep_raw(account.pk, large)
        patch.setattr(raw_intake, "_known_raw", lambda *_: {})
        raw_intake.keep_raw(account.pk, large)
    assert size_of(account) == MailSize(0, 4, 62)
    raw_intake.drop_unused(ids.values())
    assert size_of(account) == MailSize(0, 2, 53)
    raw_intake.drop_unused([make_message(make_folder(account)).message.raw_id])
    assert size_of(account).bodies == 3
    assert list(recount_sums()) == []


def test_what_is_written_and_deleted_is_in_the_sums(account: MailAccount) -> None:
    folder = make_folder(account)
    raws = [raw_message(f"Own {number}") for number in range(3)]
    with transaction.atomic():
        own = store_own_messages(account.pk, [(raw, timezone.now()) for raw in raws])
    placed = [place(folder, message) for message in own]
    assert size_of(account) == MailSize(3, 3, sum(map(len, raws)))
    # Known again by their bytes.
    with transaction.atomic():
        store_own_messages(account.pk, [(raw, timezone.now()) for raw in raws[:2]])
    assert list(recount_sums()) == []
    # Mail of others goes at the same time.
    other = make_message(make_folder(make_account()))
    gone = {"gone_phase": 2, "gone_at": timezone.now() - timedelta(days=31), "shown": False}
    Placement.objects.filter(pk__in=[placed[0].pk, placed[1].pk, other.pk]).update(**gone)
    vanish.purge_gone()
    assert size_of(account) == MailSize(1, 1, len(raws[2]))
    assert list(recount_sums()) == []
    actions.delete_account(account.user_id, account.pk)
    forget_all()
    assert not MailSum.objects.filter(account=account.pk).exists()


def test_old_lines_are_put_together_and_say_the_same(account: MailAccount) -> None:
    other = make_account()
    for owner in (account, other):
        for number in range(5):
            note_mail(owner.pk, messages=number, bodies=-number, size_bytes=10**12)
    before = load_sizes([account.pk, other.pk])
    fold_sums()
    assert MailSum.objects.count() == 10
    MailSum.objects.filter(account=account).update(at=timezone.now() - FOLD_AFTER - timedelta(seconds=1))
    newest = MailSum.objects.filter(account=account).latest("pk")
    note_mail(account.pk, bodies=7)
    for _ in range(2):
        fold_sums()
        assert MailSum.objects.filter(account=account).count() == 2
        assert load_sizes([account.pk, other.pk]) == before | {account.pk: MailSize(10, -3, 5 * 10**12)}
    assert MailSum.objects.filter(account=account).earliest("at").at == newest.at
    assert bodies_since(account.pk, timezone.now() - FOLD_AFTER) == 7


def test_nothing_is_noted_of_nothing_and_nobody_is_told_of_others(account: MailAccount) -> None:
    note_mail(account.pk)
    assert not MailSum.objects.exists()
    make_message(make_folder(make_account()))
    assert load_sizes([account.pk]) == {}
    (kept,) = load_kept(account.user_id)
    assert (kept.messages, kept.with_body, kept.size_bytes) == (0, 0, 0)
    assert load_kept(make_user().pk) == []


def test_the_migration_begins_with_what_is_there(account: MailAccount) -> None:
    fill_sums = import_module("mailsync.migrations.0051_mail_sums")._FILL
    for _ in range(2):
        make_message(make_folder(account, f"Box {_}"))
    Message.objects.filter(pk=make_message(make_folder()).message_id).update(raw=None)
    make_account()
    MailSum.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(fill_sums)
    assert MailSum.objects.count() == 2
    assert list(recount_sums()) == []
