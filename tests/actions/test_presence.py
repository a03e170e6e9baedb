"""Looking in brings the mail: accounts of whoever looks are polled often, and at once after a long absence."""

from datetime import timedelta

import pytest
from django.utils import timezone

from mailsync import actions
from mailsync.actions import wake
from mailsync.models import AccountSync
from tests.factories import make_account, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    asked: list[int] = []
    monkeypatch.setattr(wake, "_send", lambda task, account_id: asked.append(account_id))
    return asked


def test_a_long_absence_is_made_up_for_at_once(asked: list[int], django_capture_on_commit_callbacks) -> None:  # type: ignore[no-untyped-def]
    account, other = make_account(), make_account()
    now = timezone.now()
    AccountSync.objects.update(due_at=now + timedelta(minutes=25), last_success_at=now - timedelta(minutes=5))
    with django_capture_on_commit_callbacks(execute=True):
        actions.look_in(account.user_id)
    assert asked == [account.pk]
    sync = AccountSync.objects.get(account=account)
    assert sync.active_at is not None
    assert sync.due_at is not None
    assert sync.due_at < now + timedelta(seconds=40)
    assert AccountSync.objects.get(account=other).active_at is None
    # The next heartbeats write nothing and ask for nothing.
    with django_capture_on_commit_callbacks(execute=True):
        actions.look_in(account.user_id)
    assert asked == [account.pk]
    assert AccountSync.objects.get(account=account).active_at == sync.active_at


@pytest.mark.parametrize(
    "fields",
    [
        {"watched_at": timedelta(0)},
        {"failures": 2},
        {"last_success_at": timedelta(0)},
        {"due_at": timedelta(seconds=-30)},
    ],
    ids=str,
)
def test_who_needs_no_poll_gets_none(
    fields: dict[str, timedelta | int], asked: list[int], django_capture_on_commit_callbacks
) -> None:  # type: ignore[no-untyped-def]
    account = make_account()
    now = timezone.now()
    columns = {"due_at": now + timedelta(minutes=25), "last_success_at": now - timedelta(minutes=5)}
    told = {name: now - value if isinstance(value, timedelta) else value for name, value in fields.items()}
    AccountSync.objects.update(**{**columns, **told})
    with django_capture_on_commit_callbacks(execute=True):
        actions.look_in(account.user_id)
        actions.look_in(make_user().pk)
    assert asked == []
    assert AccountSync.objects.get().active_at is not None
