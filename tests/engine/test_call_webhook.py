"""Webhooks that rules call, against a receiver on loopback that checks signatures as Standard Webhooks says."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import vault
from accounts.models import User
from accounts.rotation import rotate_secrets
from mailsync import actions
from mailsync.engine import rules
from mailsync.engine.call_webhook import call_webhook
from mailsync.models import Act, Folder, Message, Placement, RuleHit, Webhook, WebhookCall
from mailsync.protocol import egress
from mailsync.store import webhooks
from mailsync.store.arrivals import note_arrivals
from mailsync.store.egress import set_switch, switches
from mailsync.store.rules import NO_WEBHOOK, load_rules
from tests.engine.ruled import make_rule
from tests.factories import make_folder, make_message, make_user
from tests.protocol.push_receiver import PushService, push_service

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(settings: Any) -> Iterator[PushService]:
    settings.HERON_BASE_URL = "https://heron.example"
    with push_service() as running:
        settings.HERON_ALLOW_PRIVATE_HOSTS = [running.url.removeprefix("http://")]
        yield running


@pytest.fixture
def inbox() -> Folder:
    return make_folder(role="inbox")


def make_hook(service: PushService, user: User, says: str = "event", path: str = "/hook") -> Webhook:
    return actions.write_webhook(user.pk, None, name="Chat", url=service.url + path, says=says)


def ruled(user: User, hook: Webhook, *more: tuple[str, str] | str) -> None:
    make_rule(user, "subject:rota", ("call", str(hook.pk)), *more, name="Rotas")


def come_in(folder: Folder, **about: Any) -> Placement:
    placement = make_message(folder, **{"subject": "Rota", "received_at": timezone.now(), **about})
    note_arrivals(folder.pk, placement.epoch, [placement.uid])
    rules.settle(folder.account, folder, (), has_new=True)
    return placement


def look(*, after: timedelta = timedelta(0)) -> None:
    """The clock, and all that is due done."""
    Webhook.objects.filter(due_at__isnull=False).update(due_at=timezone.now() - timedelta(seconds=1))
    Webhook.objects.filter(failing_since__isnull=False).update(failing_since=timezone.now() - after)
    for pk in webhooks.due_webhooks():
        call_webhook(pk)


def read(service: PushService, hook: Webhook, number: int = -1) -> dict[str, Any]:
    """What was told, once its signature is checked."""
    _path, headers, body = service.got[number]
    lower = {name.lower(): value for name, value in headers.items()}
    signed = f"{lower['webhook-id']}.{lower['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(hook.reveal(), signed, hashlib.sha256).digest()).decode()
    assert lower["webhook-signature"] == f"v1,{expected}"
    assert lower["content-type"] == "application/json"
    told: dict[str, Any] = json.loads(body)
    return told


def test_a_rule_calls_a_webhook_once_for_each_message_and_says_no_more_than_it_may(
    service: PushService, inbox: Folder
) -> None:
    hook = make_hook(service, inbox.account.user)
    work = make_folder(inbox.account, "Work")
    ruled(inbox.account.user, hook, ("move", str(work.pk)))
    first = come_in(inbox, subject="Rota of May", from_address="ann@example.org")
    come_in(inbox, subject="Minutes")
    second = come_in(inbox, subject="Rota of June")
    look()
    look()
    told = [read(service, hook, number) for number in range(2)]
    assert len(service.got) == 2
    assert [one["data"] for one in told] == [
        {"rule": "Rotas", "url": f"https://heron.example/m/{one.message_id}/"} for one in (first, second)
    ]
    assert told[0]["type"] == "message.received"
    assert b"ann@" not in service.got[0][2]
    hook.refresh_from_db()
    assert (hook.status, hook.error, hook.calls.count()) == (201, "", 0)
    assert work.placements.filter(shown=True).count() == 2


def test_more_is_told_where_its_person_wishes(service: PushService, inbox: Folder) -> None:
    hook = make_hook(service, inbox.account.user, "preview")
    ruled(inbox.account.user, hook)
    come_in(inbox, from_name="Ann", from_address="ann@example.org", preview="Dear all, " + "x" * 1000)
    Message.objects.update(raw=None)
    look()
    # The text has not come yet; then it has, or is not waited for any longer.
    assert service.got == []
    WebhookCall.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    look()
    data = read(service, hook)["data"]
    assert (data["from"], data["subject"]) == ({"name": "Ann", "address": "ann@example.org"}, "Rota")
    assert data["account"] == inbox.account.address
    assert data["preview"].startswith("Dear all, ")
    assert len(data["preview"]) == 300
    # It has changed nothing: there is nothing to take back, and the message says why it was told of.
    assert not Act.objects.exists()
    assert RuleHit.objects.get().deeds == [["call", str(hook.pk)]]


def test_what_fails_is_tried_again_in_its_order_and_under_its_name(service: PushService, inbox: Folder) -> None:
    hook = make_hook(service, inbox.account.user, "header")
    ruled(inbox.account.user, hook)
    come_in(inbox, subject="Rota 1")
    come_in(inbox, subject="Rota 2")
    service.answers = [500, 429]
    look()
    hook.refresh_from_db()
    assert (hook.status, hook.error) == (500, "It answered 500.")
    assert hook.due_at
    assert hook.due_at > timezone.now() + timedelta(seconds=20)
    assert webhooks.due_webhooks() == []
    look()
    hook.refresh_from_db()
    assert hook.due_at
    assert hook.due_at > timezone.now() + timedelta(seconds=100)
    look()
    assert [read(service, hook, n)["data"]["subject"] for n in range(4)] == ["Rota 1", "Rota 1", "Rota 1", "Rota 2"]
    names = [{key.lower(): value for key, value in headers.items()}["webhook-id"] for _, headers, _ in service.got]
    assert len(set(names[:3])) == 1
    assert names[3] != names[0]
    hook.refresh_from_db()
    assert (hook.error, hook.failing_since) == ("", None)


def test_one_call_is_given_up_and_all_after_days_until_a_trial_is_taken(service: PushService, inbox: Folder) -> None:
    hook = make_hook(service, inbox.account.user)
    ruled(inbox.account.user, hook)
    come_in(inbox)
    come_in(inbox)
    service.answers = [500] * 8
    for _ in range(6):
        look()
    hook.refresh_from_db()
    assert (hook.lost, hook.calls.count(), hook.stopped) == (1, 1, False)
    look(after=timedelta(days=4))
    hook.refresh_from_db()
    assert (hook.lost, hook.calls.count(), hook.stopped) == (2, 0, True)
    come_in(inbox)
    assert not WebhookCall.objects.exists()
    actions.try_webhook(inbox.account.user_id, hook.pk)
    look()
    hook.refresh_from_db()
    assert hook.stopped
    actions.try_webhook(inbox.account.user_id, hook.pk)
    look()
    hook.refresh_from_db()
    assert (hook.stopped, hook.lost) == (False, 0)
    assert read(service, hook)["type"] == "test"
    come_in(inbox)
    look()
    assert read(service, hook)["type"] == "message.received"


def test_an_address_that_says_it_is_gone_is_not_called_again(service: PushService, inbox: Folder) -> None:
    hook = make_hook(service, inbox.account.user)
    ruled(inbox.account.user, hook)
    come_in(inbox)
    service.answers = [410]
    look()
    hook.refresh_from_db()
    assert hook.stopped
    # Another address begins anew.
    actions.write_webhook(hook.user_id, hook.pk, name="", url=service.url + "/other", says="event")
    come_in(inbox)
    look()
    assert [path for path, _, _ in service.got] == ["/hook", "/other"]


def test_a_redirect_is_not_followed(service: PushService, inbox: Folder) -> None:
    hook = make_hook(service, inbox.account.user)
    ruled(inbox.account.user, hook)
    come_in(inbox)
    service.answers = [302]
    look()
    hook.refresh_from_db()
    assert len(service.got) == 1
    assert "not followed" in hook.error


@pytest.mark.parametrize("url", ["https://127.0.0.1:9/hook", "https://localhost/hook", "https://10.0.0.7/"])
def test_nothing_is_called_within_our_own_network(service: PushService, inbox: Folder, settings: Any, url: str) -> None:
    settings.HERON_ALLOW_PRIVATE_HOSTS = []
    hook = actions.write_webhook(inbox.account.user_id, None, name="", url=url, says="event")
    ruled(inbox.account.user, hook)
    come_in(inbox)
    look()
    hook.refresh_from_db()
    assert hook.error
    assert hook.status is None
    assert hook.calls.get().attempts == 1


def test_what_was_allowed_once_is_judged_at_each_call(service: PushService, inbox: Folder, settings: Any) -> None:
    hook = make_hook(service, inbox.account.user)
    ruled(inbox.account.user, hook)
    come_in(inbox)
    settings.HERON_ALLOW_PRIVATE_HOSTS = []
    look()
    hook.refresh_from_db()
    assert service.got == []
    assert hook.error == "Only https URLs are called."


@pytest.mark.parametrize(
    "url", ["http://example.org/x", "ftp://example.org/", "example.org", "https://a:b@example.org/", "https://", "x y"]
)
def test_only_plain_https_addresses_are_kept(settings: Any, url: str) -> None:
    settings.HERON_ALLOW_PRIVATE_HOSTS = []
    with pytest.raises(actions.CannotDo):
        actions.write_webhook(make_user().pk, None, name="", url=url, says="event")


def test_an_administrator_shuts_such_calls(
    service: PushService, inbox: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(egress, "guard", switches.check)
    hook = make_hook(service, inbox.account.user)
    ruled(inbox.account.user, hook)
    come_in(inbox)
    set_switch("webhook", True)
    look()
    hook.refresh_from_db()
    assert (service.got, hook.calls.count()) == ([], 1)
    assert "administrator" in hook.error
    set_switch("webhook", False)
    look()
    assert len(service.got) == 1


def test_a_flood_is_kept_within_bounds_and_counted(
    service: PushService, inbox: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "MOST_WAITING", 2)
    hook = make_hook(service, inbox.account.user)
    ruled(inbox.account.user, hook)
    for _ in range(3):
        come_in(inbox)
    hook.refresh_from_db()
    assert (hook.calls.count(), hook.lost) == (2, 1)


def test_of_one_person_s_webhooks_one_is_called_at_a_time_and_all_in_turn(service: PushService, inbox: Folder) -> None:
    user, other = inbox.account.user, make_user("eve@example.org")
    hooks = [make_hook(service, user, path=f"/{number}") for number in range(3)]
    theirs = make_hook(service, other, path="/theirs")
    for hook in (*hooks, theirs):
        webhooks.queue_trial(hook)
    assert len(webhooks.due_webhooks()) == 2
    for _ in range(3):
        look()
    assert sorted(path for path, _, _ in service.got) == ["/0", "/1", "/2", "/theirs"]


def test_two_workers_make_a_call_once(service: PushService, inbox: Folder) -> None:
    hook = make_hook(service, inbox.account.user)
    ruled(inbox.account.user, hook)
    come_in(inbox)
    assert webhooks.claim(hook.pk)
    call_webhook(hook.pk)
    assert service.got == []


def test_a_rule_whose_webhook_went_is_paused_and_another_persons_is_not_called(
    service: PushService, inbox: Folder
) -> None:
    user = inbox.account.user
    theirs = make_hook(service, make_user("eve@example.org"))
    ruled(user, theirs)
    assert load_rules(user.pk)[0].problem == NO_WEBHOOK
    come_in(inbox)
    webhooks.queue_calls(user.pk, load_rules(user.pk)[0].deeds, "Rotas", list(Placement.objects.all()))
    assert not WebhookCall.objects.exists()


def test_a_message_that_is_forgotten_takes_its_call_along(service: PushService, inbox: Folder) -> None:
    hook = make_hook(service, inbox.account.user)
    ruled(inbox.account.user, hook)
    row = come_in(inbox)
    Message.objects.get(pk=row.message_id).delete()
    look()
    assert service.got == []


def test_keys_are_closed_anew_with_the_others(service: PushService, inbox: Folder, settings: Any) -> None:
    hook = make_hook(service, inbox.account.user)
    key = hook.reveal()
    settings.HERON_VAULT_KEYS = (vault.make_key(), *settings.HERON_VAULT_KEYS)
    assert vault.needs_rotation(bytes(hook.ciphertext))
    rotate_secrets()
    hook.refresh_from_db()
    assert not vault.needs_rotation(bytes(hook.ciphertext))
    assert hook.reveal() == key
