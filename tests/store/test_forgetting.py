"""Who leaves, and a mailbox that is disconnected: out of sight at once, deleted in slices, with nothing left behind."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from accounts.leaving import begin_leaving
from accounts.models import Credential, Departure, MailAccount, User
from mailsync import actions, tasks
from mailsync.models import (
    Act,
    Device,
    Draft,
    EventAnswer,
    Folder,
    Lease,
    Message,
    Outgoing,
    Placement,
    ServerSearch,
    Thread,
    Unsubscription,
    Upload,
)
from mailsync.store import forgetting, journal_work, leases, schedule, turns, uploads
from tests.belongings import fill_every_table
from tests.factories import make_account, make_folder, make_message, make_user
from tests.forgotten import forget_all

pytestmark = pytest.mark.django_db


def everything() -> dict[str, int]:
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


@pytest.fixture
def slices(monkeypatch: pytest.MonkeyPatch) -> list[type[Model]]:
    """Slices of two rows; which tables they were of."""
    taken: list[type[Model]] = []
    own = forgetting._slice

    def note(user_id: int, model: type[Model], path: str, owner_id: int) -> int | None:
        taken.append(model)
        return own(user_id, model, path, owner_id)

    monkeypatch.setattr(forgetting, "SLICE_ROWS", 2)
    monkeypatch.setattr(forgetting, "_slice", note)
    return taken


def test_what_points_to_a_mailbox_goes_with_it_or_lets_go() -> None:
    user = make_user()
    fill_every_table(user)
    other = make_message(make_folder(make_account(user)))
    for account in MailAccount.objects.filter(user=user).exclude(pk=other.account_id):
        actions.delete_account(user.pk, account.pk)
    forget_all()
    # Foreign keys are checked at the end of the transaction, which a test does not reach.
    connection.check_constraints()
    assert [folder.account_id for folder in Folder.objects.all()] == [other.account_id]
    assert not Outgoing.objects.exists()
    # What was answered, and what was unsubscribed from, is still known.
    assert EventAnswer.objects.get().outgoing is None
    assert Unsubscription.objects.get().outgoing is None


def test_what_asks_a_folder_or_fills_it_does_not_keep_it() -> None:
    account = make_account()
    folder = make_folder(account)
    ServerSearch.objects.create(account=account, query="bills", folder=folder, asked_at=timezone.now())
    Upload.objects.create(user=account.user, import_into=folder, name="old.mbox", size_bytes=5, fingerprint="a")
    actions.delete_account(account.user_id, account.pk)
    assert not Upload.objects.exists()
    forget_all()
    connection.check_constraints()
    assert not Folder.objects.exists()


def test_a_disconnected_mailbox_is_out_of_sight_at_once_and_may_come_again() -> None:
    account = make_account()
    user = account.user
    placement = make_message(make_folder(account))
    actions.send(user.pk, actions.start_draft(user.pk, to="bob@example.org").pk)
    Outgoing.objects.update(due_at=Now() - timedelta(minutes=1), state=Outgoing.State.QUEUED)
    lease = leases.claim(account.pk, "inbox")
    actions.delete_account(user.pk, account.pk)
    assert not user.mail_accounts.exists()
    assert not user.identities.exists()
    assert not Outgoing.objects.filter(user=user).exists()
    assert not Credential.objects.exists()
    with pytest.raises(actions.NotYours):
        actions.archive(user.pk, [placement.pk])
    assert turns.due_outgoing() == []
    schedule_ids = schedule.claim_accounts()
    assert account.pk not in schedule_ids
    assert lease is not None
    with pytest.raises(leases.LeaseLost), leases.commit(lease):
        pytest.fail("whoever was at it commits nothing more")
    again = make_account(user, username=account.username, host=account.host, address=account.address)
    make_message(make_folder(again))
    forget_all()
    assert list(MailAccount.objects.all()) == [again]
    assert Message.objects.get().account_id == again.pk
    assert not Outgoing.objects.exists()


def test_who_leaves_is_nobody_from_that_moment(client: Client) -> None:
    user = make_user("anna")
    account = make_account(user)
    make_message(make_folder(account))
    shared = Upload.objects.create(
        user=user, name="a", size_bytes=1, fingerprint="a", is_link=True, expires_at=timezone.now() + timedelta(days=1)
    )
    Device.objects.create(user=user, endpoint="https://push.test/1", public_key=b"k", secret=b"s", told_id=0)
    actions.send(user.pk, actions.start_draft(user.pk, to="bob@example.org").pk)
    Outgoing.objects.update(due_at=Now() - timedelta(minutes=1), state=Outgoing.State.QUEUED)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.get("/settings/")
    assert turns.due_outgoing()
    begin_leaving(user)
    assert client.get("/settings/").status_code == 302
    assert turns.due_outgoing() == []
    assert uploads.find_shared(shared.pk) is None
    assert not Device.objects.exists()
    assert not Credential.objects.exists()
    user = User.objects.get(pk=user.pk)
    assert (user.is_active, user.is_superuser, user.has_usable_password()) == (False, False, False)
    assert Departure.objects.get().address.startswith("anna")
    make_user("anna")


def test_slices_are_small_and_nothing_of_anybody_else_goes(slices: list[type[Model]]) -> None:
    stays = make_message(make_folder(make_account()))
    before = everything()
    user = make_user()
    account = make_account(user)
    folder = make_folder(account)
    for _ in range(5):
        make_message(folder)
    # Parts of a conversation name the whole; deleted in two slices, neither may hold the other.
    threads = list(Thread.objects.filter(account=account).order_by("pk"))
    Thread.objects.filter(pk=threads[0].pk).update(whole=threads[4])
    Thread.objects.filter(pk=threads[3].pk).update(whole=threads[0])
    for name in "ab":
        Draft.objects.create(user=user, subject=name)
    actions.archive(user.pk, [one.pk for one in Placement.objects.filter(folder=folder)])
    begin_leaving(user)
    assert not forgetting.forget(user.pk)
    connection.check_constraints()
    assert everything() == before
    assert Message.objects.get().pk == stays.message_id
    assert slices.count(Message) == 3


def test_a_worker_that_dies_is_followed_by_another(slices: list[type[Model]], monkeypatch: pytest.MonkeyPatch) -> None:
    account = make_account()
    folder = make_folder(account)
    for _ in range(9):
        make_message(folder)
    begin_leaving(account.user)
    assert forgetting.claim_departures() == [account.user_id]
    assert forgetting.claim_departures() == []
    with monkeypatch.context() as patch:

        def die(user_id: int, model: type[Model], path: str, owner_id: int) -> int | None:
            if model is Message and slices.count(Message) == 2:
                raise SystemExit
            return note(user_id, model, path, owner_id)

        note = forgetting._slice
        patch.setattr(forgetting, "_slice", die)
        with pytest.raises(SystemExit):
            forgetting.forget(account.user_id)
    assert Message.objects.count() == 5
    assert forgetting.claim_departures() == []
    Departure.objects.update(due_at=Now() - timedelta(seconds=1))
    assert forgetting.claim_departures() == [account.user_id]
    tasks.leaver_forget(account.user_id)
    assert not User.objects.filter(pk=account.user_id).exists()
    tasks.leaver_forget(account.user_id)


def test_a_run_ends_by_itself_and_the_next_goes_on(slices: list[type[Model]]) -> None:
    account = make_account()
    make_message(make_folder(account))
    begin_leaving(account.user)
    runs = 1
    while forgetting.forget(account.user_id, run_seconds=0):
        runs += 1
        assert runs < 100
    # A table that is empty already costs a run nothing else.
    assert not User.objects.filter(pk=account.user_id).exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_no_slice(slices: list[type[Model]]) -> None:
    account = make_account()
    for _ in range(3):
        make_message(make_folder(account, f"F{_}"))
    begin_leaving(account.user)
    ended: list[bool] = []

    def second() -> None:
        ended.append(forgetting.forget(account.user_id))
        connection.close()

    with transaction.atomic():
        # As long as the first has a slice in hand.
        assert forgetting._hold(account.user_id)
        worker = threading.Thread(target=second)
        worker.start()
        worker.join(10)
    assert ended == [False]
    assert Message.objects.count() == 3
    forget_all()
    assert not Message.objects.exists()


def test_nobody_is_deleted_who_does_not_leave() -> None:
    account = make_account()
    make_message(make_folder(account))
    assert not forgetting.forget(account.user_id)
    assert Message.objects.exists()


def test_the_clock_sees_to_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[Any, ...]] = []
    monkeypatch.setattr(tasks.leaver_forget, "apply_async", lambda ids, **_options: given.append(ids))
    user = make_user()
    begin_leaving(user)
    tasks.dispatch()
    assert given == [(user.pk,)]


def test_what_works_for_who_leaves_stops() -> None:
    account = make_account()
    make_message(make_folder(account))
    assert leases.claim(account.pk, "inbox") is not None
    Act.objects.create(user=account.user, verb="archive", group="0" * 32, state=Act.State.WORKING, due_at=Now())
    begin_leaving(account.user)
    assert journal_work.claim_acts() == []
    assert not Lease.objects.filter(until__gt=Now()).exists()
