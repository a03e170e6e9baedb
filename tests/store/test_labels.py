"""What is kept of labels is what the placements say, whoever writes them, and costs what it shows."""

import random
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from mailsync import actions
from mailsync.models import Folder, LabelChange, Labelled, LabelTally, Placement
from mailsync.models.message import KEYWORDS_OF_PROGRAMS
from mailsync.store import label_counts
from mailsync.store.audit import recount
from mailsync.store.label_counts import LabelCorrection, accounts_with_changes, sum_up
from mailsync.store.labels import label_rows, load_labels
from mailsync.store.listed import Listing, load_listed, placements_of
from mailsync.store.vanish import purge_gone
from tests.factories import make_account, make_folder, make_message, make_user, place
from tests.forgotten import forget_all
from tests.store.big_folder import fill, forget_statistics
from tests.store.test_listing_size import kept_plans as kept_plans  # a fixture
from tests.store.test_listing_size import rows_touched

pytestmark = pytest.mark.django_db

Counts = dict[str, tuple[int, int]]


def counted(user: User) -> Counts:
    return {one.keyword.lower(): (one.total, one.unread) for one in load_labels(user.pk) if one.total}


def carriers(user: User) -> dict[str, list[Placement]]:
    """By label, newest first, the placements in folders that count: read one by one."""
    found: dict[str, list[Placement]] = defaultdict(list)
    shown = Placement.objects.filter(account__user=user, shown=True, folder__missing_since=None)
    for one in shown.exclude(folder__role__in=["junk", "trash"]).order_by("-received_at", "-pk"):
        for keyword in {word.lower() for word in one.keywords if word not in KEYWORDS_OF_PROGRAMS}:
            found[keyword].append(one)
    return found


def plain_counts(user: User) -> Counts:
    return {
        keyword: (len({one.message_id for one in them}), len({one.message_id for one in them if not one.seen}))
        for keyword, them in carriers(user).items()
    }


def everyday(user: User) -> list[int]:
    folders = Folder.objects.filter(account__user=user, missing_since=None).exclude(role__in=["junk", "trash"])
    return list(folders.values_list("pk", flat=True))


def listed(user: User, keyword: str) -> list[int]:
    """All of a label's list, in pages of two."""
    found: list[int] = []
    before = None
    while True:
        page = label_rows(everyday(user), keyword, before=before, limit=2)
        found += [row.placement_id for row in page.rows]
        before = page.next
        if before is None:
            return found
        assert len(page.rows) == 2


def assert_true(user: User) -> None:
    assert counted(user) == plain_counts(user)
    for keyword, them in carriers(user).items():
        newest = {one.message_id: one.pk for one in reversed(them)}
        order = [one.pk for one in them if newest[one.message_id] == one.pk]
        assert listed(user, keyword.upper()) == order


class Steps:
    """Everything that can befall labelled mail, at random."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.user = make_user()
        accounts = [make_account(self.user), make_account(self.user, protocol="pop3")]
        roles = {"INBOX": "inbox", "Archive": "archive", "Work": "", "Trash": "trash", "Junk": "junk"}
        self.folders = [make_folder(one, path, role=role) for one in accounts for path, role in roles.items()]
        self.groups: list[Any] = []
        for folder in self.folders * 2:
            self.arrives(folder)

    def arrives(self, folder: Folder | None = None) -> None:
        folder = folder or self.chance.choice(self.folders)
        make_message(folder, keywords=self.words(), seen=self.chance.random() < 0.5)

    def words(self) -> list[str]:
        return self.chance.sample(["Travel", "travel", "Work", "$Forwarded", "Old"], self.chance.randrange(4))

    def some(self) -> list[int]:
        found = list(Placement.objects.filter(account__user=self.user, shown=True).values_list("pk", flat=True))
        one = Placement.objects.get(pk=self.chance.choice(found))
        mine = Placement.objects.filter(account=one.account_id, shown=True).values_list("pk", flat=True)
        return sorted({one.pk, *self.chance.sample(list(mine), min(2, len(mine)))})

    def does(self, verb: Callable[..., Any], *values: Any) -> None:
        with suppress(actions.CannotDo):
            self.groups.append(verb(self.user.pk, self.some(), *values).group)

    def undoes(self) -> None:
        with suppress(actions.NotYours, actions.CannotDo):
            actions.undo(self.user.pk, self.chance.choice(self.groups) if self.groups else uuid4())

    def step(self) -> None:
        user, chance = self.user, self.chance
        all_of_them = Placement.objects.filter(account__user=user).order_by("pk")
        one = Placement.objects.get(pk=chance.choice(all_of_them.values_list("pk", flat=True)))
        rows = Placement.objects.filter(pk=one.pk)
        here = [folder for folder in self.folders if folder.account_id == one.account_id]
        choices: list[Callable[[], Any]] = [
            self.arrives,
            lambda: self.does(actions.mark_read, chance.random() < 0.5),
            lambda: self.does(actions.set_keyword, chance.choice(["Travel", "Work"]), chance.random() < 0.6),
            lambda: self.does(actions.trash),
            lambda: self.does(actions.archive),
            lambda: self.does(actions.junk),
            lambda: self.does(actions.delete_for_good),
            self.undoes,
            lambda: place(chance.choice(here), one.message, keywords=self.words(), seen=chance.random() < 0.5),
            lambda: rows.update(shown=not one.shown),
            lambda: rows.update(keywords=self.words(), seen=not one.seen, received_at=one.received_at + timedelta(1)),
            lambda: Placement.objects.filter(account=one.account_id, keywords=one.keywords).update(keywords=["Work"]),
            lambda: rows.update(gone_phase=2, gone_at=timezone.now() - timedelta(days=99), shown=False),
            purge_gone,
            lambda: Folder.objects.filter(pk=one.folder_id).update(role=chance.choice(["", "junk", "archive"])),
            lambda: Folder.objects.filter(pk=one.folder_id).update(missing_since=timezone.now()),
            lambda: Folder.objects.filter(account__user=user).update(missing_since=None),
            lambda: sum_up(one.account_id),
        ]
        chance.choice(choices)()


@pytest.mark.parametrize("seed", range(5))
def test_after_any_step_counts_and_lists_are_those_of_the_placements(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_counts, "SLICE_CHANGES", 3)
    steps = Steps(seed)
    bob = make_user()
    make_message(make_folder(make_account(bob)), keywords=["Travel"])
    for _ in range(60):
        steps.step()
        assert_true(steps.user)
    assert counted(bob) == {"travel": (1, 1)}
    assert not [one for one in recount() if isinstance(one, LabelCorrection)]
    for account_id in accounts_with_changes(least=1):
        sum_up(account_id)
    assert not LabelChange.objects.exists()
    assert not LabelTally.objects.filter(messages__lte=0).exists()
    assert_true(steps.user)


def test_a_message_in_two_folders_is_counted_and_listed_once() -> None:
    user = make_user()
    account = make_account(user)
    inbox, everything = make_folder(account), make_folder(account, "All", role="all")
    first = make_message(inbox, keywords=["Travel"], seen=True)
    second = place(everything, first.message, keywords=["travel"])
    assert counted(user) == {"travel": (1, 1)}
    assert listed(user, "Travel") == [second.pk]
    sum_up(account.pk)
    assert counted(user) == {"travel": (1, 1)}
    Placement.objects.filter(pk=second.pk).update(seen=True)
    assert counted(user) == {"travel": (1, 0)}
    Folder.objects.filter(pk=everything.pk).update(role="trash")
    assert listed(user, "Travel") == [first.pk]
    assert counted(user) == {"travel": (1, 0)}
    [one] = load_labels(user.pk)
    assert one.keyword == "Travel"


def test_an_act_on_a_labels_list_is_one_on_all_that_carry_it() -> None:
    user = make_user()
    account = make_account(user)
    inbox, everything, work = (make_folder(account, path) for path in ("INBOX", "All", "Work"))
    first = make_message(inbox, keywords=["Travel"])
    second = place(everything, first.message, keywords=["Travel"])
    place(work, first.message)
    listing = Listing((inbox.pk, everything.pk, work.pk), label="travel")
    page = load_listed(user.pk, listing)
    assert [row.placement_id for row in page.rows] == [second.pk]
    assert placements_of(page.rows, listing, highest=None) == [first.pk, second.pk]


@pytest.fixture
def large(db: None) -> tuple[User, Folder]:
    """20,000 labelled messages, and eighty that are the oldest of one label."""
    user = make_user()
    account = make_account(user)
    folder = fill(account, "INBOX", 30_000)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mailsync_placement"
            "   SET keywords = CASE WHEN uid <= 80 THEN '{Rare}' ELSE '{Often,Other}' END::text[]"
            " WHERE folder_id = %s AND (uid <= 80 OR uid > 10000)",
            [folder.pk],
        )
    while sum_up(account.pk):
        pass
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE mailsync_labelled, mailsync_labeltally, mailsync_labelchange, mailsync_placement")
    return user, folder


@pytest.mark.parametrize("is_analyzed", [False, True], ids=["uncounted", "counted"])
def test_counts_and_pages_read_no_more_than_they_show(
    large: tuple[User, Folder], kept_plans: None, is_analyzed: bool
) -> None:
    user, folder = large
    other = make_folder(folder.account, "Archive")
    forget_statistics()
    if is_analyzed:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE mailsync_labelled, mailsync_labeltally, mailsync_labelchange, mailsync_placement")
    for _ in range(2):
        found, read = rows_touched(lambda: counted(user))
        assert (found["rare"], found["often"]) == ((80, 16), (20_000, 4_000))
        assert read <= 100
        # What is not summed yet is read message by message.
        Placement.objects.filter(folder=folder, uid__in=range(29_990, 30_001)).update(keywords=["Often", "Last"])
    assert counted(user)["last"] == (11, 3)
    for keyword in ("Rare", "Often"):
        before = None
        for _ in range(2):
            page, read = rows_touched(
                lambda at=before, word=keyword: label_rows([folder.pk, other.pk], word, before=at, limit=30)
            )
            assert len(page.rows) == 30
            assert read <= 16 * 31
            before = page.next


def test_two_who_label_mail_of_one_folder_wait_for_no_sums(transactional_db: None) -> None:
    user = make_user()
    account = make_account(user)
    folder = make_folder(account)
    ids = [make_message(folder).pk for _ in range(10)]
    both = Barrier(2, timeout=20)

    def label(mine: list[int]) -> None:
        try:
            with transaction.atomic():
                for pk in mine:
                    Placement.objects.filter(pk=pk).update(keywords=["Travel"])
                    # Neither has committed when the other goes on.
                    both.wait()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(label, [ids[:5], ids[:4:-1]]))
    assert counted(user) == {"travel": (10, 10)}
    sum_up(account.pk)
    assert_true(user)


def test_one_message_changed_in_two_folders_at_once_is_counted_once(transactional_db: None) -> None:
    """Neither transaction sees what the other does to the same message, and one is summed before the other is there."""
    user = make_user()
    account = make_account(user)
    inbox, everything = make_folder(account), make_folder(account, "All", role="all")
    first = make_message(inbox, keywords=["Travel"], seen=True)
    second = place(everything, first.message, seen=True)
    sum_up(account.pk)
    begun, summed = Barrier(2, timeout=20), Barrier(2, timeout=20)

    def late() -> None:
        try:
            with transaction.atomic():
                Placement.objects.filter(pk=first.pk).update(seen=False)
                begun.wait()
                summed.wait()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(late)
        begun.wait()
        Placement.objects.filter(pk=second.pk).update(keywords=["Travel"])
        assert counted(user) == {"travel": (1, 0)}
        sum_up(account.pk)
        assert counted(user) == {"travel": (1, 0)}
        summed.wait()
        work.result()
    assert counted(user) == {"travel": (1, 1)}
    sum_up(account.pk)
    assert counted(user) == {"travel": (1, 1)}
    assert not [one for one in recount() if isinstance(one, LabelCorrection)]


def test_unlabelled_mail_leaves_nothing_behind() -> None:
    user = make_user()
    placement = make_message(make_folder(make_account(user)), keywords=["$Forwarded", "NonJunk"])
    actions.mark_read(user.pk, [placement.pk])
    actions.set_keyword(user.pk, [placement.pk], "$MDNSent")
    actions.trash(user.pk, [placement.pk])
    assert not LabelChange.objects.exists()
    assert not Labelled.objects.exists()


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE mailsync_labeltally SET messages = 7",
        "UPDATE mailsync_labeltally SET unread_ids = '{}'",
        "DELETE FROM mailsync_labeltally",
        "INSERT INTO mailsync_labeltally (account_id, keyword, spelled, folder_ids, unread_ids, messages)"
        " SELECT account_id, 'ghost', 'Ghost', folder_ids, unread_ids, 2 FROM mailsync_labeltally LIMIT 1",
        "DELETE FROM mailsync_labelled",
        "UPDATE mailsync_labelled SET received_at = now()",
        "INSERT INTO mailsync_labelled SELECT received_at, folder_id, 'ghost', placement_id FROM mailsync_labelled",
        "DELETE FROM mailsync_labelchange",
    ],
)
def test_the_audit_finds_what_is_wrong_and_mends_it(spoil: str, capsys: pytest.CaptureFixture[str]) -> None:
    user = make_user()
    account = make_account(user)
    folder = make_folder(account)
    for _ in range(3):
        make_message(folder, keywords=["Travel"])
    sum_up(account.pk)
    make_message(folder, keywords=["Travel"])
    assert list(recount()) == []
    columns = "(received_at, folder_id, keyword, placement_id)"
    with connection.cursor() as cursor:
        cursor.execute(spoil.replace("mailsync_labelled SELECT", f"mailsync_labelled {columns} SELECT"))
    call_command("recount")
    assert "1 labels corrected.\n" in capsys.readouterr().out
    assert list(recount()) == []
    assert_true(user)
    assert "ghost" not in counted(user)
    assert listed(user, "ghost") == []


def test_an_account_that_leaves_takes_its_labels_along() -> None:
    user = make_user()
    gone, stays = make_account(user), make_account(user)
    for account in (gone, stays):
        folder = make_folder(account)
        make_message(folder, keywords=["Travel"])
        sum_up(account.pk)
        make_message(folder, keywords=["Travel"])
    assert counted(user) == {"travel": (4, 4)}
    actions.delete_account(user.pk, gone.pk)
    assert counted(user) == {"travel": (2, 2)}
    forget_all()
    for table in (LabelTally, LabelChange):
        assert set(table.objects.values_list("account", flat=True)) == {stays.pk}
    assert Labelled.objects.count() == 2
    # Rows that an account has left behind are nobody's.
    LabelChange.objects.update(account=gone.pk)
    sum_up(gone.pk)
    assert not LabelChange.objects.exists()
