"""What a person keeps here and may keep: the sum, its limits, and that it is read from an index alone."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from pytest_django import Settings
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.models import User
from mailsync.errors import CannotDo
from mailsync.models import Blob, Folder, Placement, RawMessage, Upload
from mailsync.store import quota, schedule
from mailsync.store.mail_sums import note_mail
from tests.factories import make_account, make_folder, make_message, make_user, place, raw_message
from tests.store.test_listing_size import kept_plans as kept_plans  # a fixture
from tests.store.test_listing_size import rows_touched

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    cache.clear()


def size_of(placement: Placement) -> int:
    assert placement.message.raw is not None
    return placement.message.raw.size_bytes


def used_by(user: User) -> int:
    return quota.load_used([user.pk])[user.pk]


def test_all_accounts_files_and_what_uploads_announced_count_and_nobody_elses() -> None:
    user, other = make_user(), make_user()
    mail = [make_message(make_folder(make_account(user))) for _ in range(2)]
    make_message(make_folder(make_account(other)))
    Blob.objects.create(user=user, sha256=b"1" * 32, size_bytes=1000, data=b"")
    Upload.objects.create(user=user, name="a", content_type="", size_bytes=70, fingerprint="a")
    assert used_by(user) == sum(map(size_of, mail)) + 1070


def test_mail_gone_from_its_server_makes_room_and_mail_that_was_moved_does_not() -> None:
    folder = make_folder()
    user = folder.account.user
    archive = make_folder(folder.account, "Archive")
    stays, moved, gone = (make_message(folder) for _ in range(3))
    place(archive, moved.message)
    Placement.objects.filter(pk__in=[moved.pk, gone.pk]).update(gone_phase=1, gone_at=timezone.now(), shown=False)
    assert used_by(user) == size_of(stays) + size_of(moved)
    # Listed again, it counts again.
    Placement.objects.filter(pk=gone.pk).update(gone_phase=0, gone_at=None, shown=True)
    assert used_by(user) == size_of(stays) + size_of(moved) + size_of(gone)


@pytest.mark.parametrize(
    ("own_mb", "everybodys", "expected"),
    [(None, 0, None), (None, 5_000, 5_000), (2, 5_000, 2_000_000), (0, 5_000, None), (3, 0, 3_000_000)],
)
def test_a_persons_own_limit_comes_before_the_operators(
    own_mb: int | None, everybodys: int, expected: int | None, settings: Settings
) -> None:
    settings.HERON_STORAGE_LIMIT_BYTES = everybodys
    assert quota.limit_of(User(storage_limit_mb=own_mb)) == expected


@pytest.mark.parametrize(
    ("used", "tight", "full", "left"),
    [
        *((0, False, False, 1000), (899, False, False, 101), (900, True, False, 100), (999, True, False, 1)),
        *((1000, False, True, 0), (1400, False, True, 0)),
    ],
)
def test_when_a_person_is_told(used: int, tight: bool, full: bool, left: int) -> None:
    storage = quota.Storage(used, 1000)
    assert (storage.is_tight, storage.is_full, storage.left_bytes) == (tight, full, left)
    unlimited = quota.Storage(used, None)
    assert (unlimited.is_tight, unlimited.is_full, unlimited.left_bytes) == (False, False, None)


def test_it_is_counted_once_a_minute_and_not_at_all_without_a_limit(
    settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    user = make_user()
    with django_assert_num_queries(0):
        assert quota.storage_of(user) is None
        assert not quota.is_full(user)
        quota.note_growth(user, 5)
    settings.HERON_STORAGE_LIMIT_BYTES = 1000
    with django_assert_num_queries(1):
        assert quota.room_left(user) == 1000
        # What has come meanwhile is known without counting.
        quota.note_growth(user, 400)
        assert quota.room_left(user) == 600
        quota.note_growth(user, 700)
        assert quota.is_full(user)
    # Counted anew, it is what lies here.
    cache.clear()
    assert quota.room_left(user) == 1000


def test_many_people_are_counted_in_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    folders = [make_folder() for _ in range(5)]
    sizes = {folder.account.user_id: size_of(make_message(folder)) for folder in folders}
    people = list(User.objects.filter(pk__in=sizes))
    with django_assert_num_queries(1):
        found = quota.load_storage(people)
    assert {pk: storage.used_bytes for pk, storage in found.items()} == sizes


def test_nothing_of_the_mail_is_read(kept_plans: None) -> None:
    """Neither its bytes nor its rows, however many there are and whatever is known of them."""
    accounts = [make_account() for _ in range(10)]
    for account in accounts:
        RawMessage.objects.bulk_create(
            RawMessage(account=account, sha256=number.to_bytes(32), size_bytes=1, data=b"x" * 500)
            for number in range(300)
        )
        note_mail(account.pk, bodies=300, size_bytes=300)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE mailsync_rawmessage")
    used, read = rows_touched(lambda: used_by(accounts[4].user))
    assert used == 300
    # Accounts, what is noted of each, and their people, by whatever plan; mail would be 300 or more.
    assert 1 <= read <= 4 * len(accounts)


def test_the_dispatcher_passes_over_the_full_and_takes_them_up_again(settings: Settings) -> None:
    def waiting(**limit: int) -> Folder:
        account = make_account(make_user(**limit))
        account.sync.due_at = timezone.now() - timedelta(seconds=1)
        account.sync.save()
        return make_folder(account, bodies_pending=1)

    full, free = waiting(), waiting(storage_limit_mb=1)
    kept = make_message(full)
    settings.HERON_STORAGE_LIMIT_BYTES = size_of(kept)
    assert schedule.claim_bodies() == [free.account_id]
    Placement.objects.filter(pk=kept.pk).update(gone_phase=1, gone_at=timezone.now(), shown=False)
    cache.clear()
    assert schedule.claim_bodies() == [full.account_id]


def test_a_file_that_does_not_fit_is_refused_with_what_to_do() -> None:
    folder = make_folder(make_account(make_user(storage_limit_mb=1)))
    user_id = folder.account.user_id
    make_message(folder, raw_message(body="x" * 500_000))
    quota.check_room(user_id, 400_000)
    with pytest.raises(CannotDo, match=r"0\.5 of 1\.0 MB here\. Delete large mail and empty the bin") as refused:
        quota.check_room(user_id, 600_000)
    assert refused.value.field == "attachments"
    User.objects.filter(pk=user_id).update(storage_limit_mb=None)
    quota.check_room(user_id, 600_000)
