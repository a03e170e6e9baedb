"""Accounts connected with their secret encrypted, mended, paused, and deleted without touching their server."""

import pytest

from accounts.models import Credential, Identity, MailAccount, OutgoingServer
from mailsync import actions
from mailsync.models import AccountSync, Change, Message
from mailsync.types import Secret, Security, ServerSettings
from tests.factories import make_account, make_folder, make_message, make_user
from tests.forgotten import forget_all

pytestmark = pytest.mark.django_db


def server(protocol: str = "imap", host: str = "mail.example.test", password: str = "pass-phrase") -> ServerSettings:
    return ServerSettings(
        protocol=protocol,  # type: ignore[arg-type]
        host=host,
        port=993,
        security=Security.TLS,
        username="me@example.test",
        secret=Secret("password", password),
    )


def connect(user: object, **fields: object) -> MailAccount:
    options = {"address": "me@example.test", "incoming": server(), "outgoing": server("smtp"), **fields}
    return actions.connect_account(user, **options)  # type: ignore[arg-type]


def test_connecting_makes_everything_and_keeps_the_secret_encrypted() -> None:
    user = make_user()
    account = connect(user, name="Me", label="Work")
    assert Identity.objects.get(account=account).verified_at is not None
    assert AccountSync.objects.get(account=account).due_at is not None
    secrets = [bytes(row.ciphertext) for row in Credential.objects.all()]
    assert len(secrets) == 2
    assert not any(b"pass-phrase" in secret for secret in secrets)
    assert Credential.objects.get(account=account).reveal() == "pass-phrase"
    with pytest.raises(actions.CannotDo, match="already"):
        connect(user)
    assert OutgoingServer.objects.count() == 1


def test_anothers_relay_cannot_be_used() -> None:
    relay = OutgoingServer.objects.create(user=make_user(), host="relay.example.test", is_relay=True)
    with pytest.raises(actions.CannotDo, match="not yours"):
        connect(make_user(), outgoing=relay)


def test_mending_an_account_wakes_it_and_its_changes() -> None:
    account = connect(make_user())
    placement = make_message(make_folder(account))
    actions.flag(account.user_id, [placement.pk], True)
    Change.objects.update(due_at="2030-01-01T00:00Z")
    MailAccount.objects.update(state="needs_user", state_reason="no")
    actions.update_account(account.user_id, account.pk, incoming=server(password="newer"))
    account.refresh_from_db()
    assert (account.state, account.state_reason) == ("active", "")
    assert Credential.objects.get(account=account).reveal() == "newer"
    assert Change.objects.get().due_at is None


def test_pausing_resuming_and_deleting() -> None:
    account = connect(make_user())
    assert actions.pause_account(account.user_id, account.pk).state == "paused"
    assert actions.resume_account(account.user_id, account.pk).state == "active"
    actions.sync_now(account.user_id, account.pk)
    placement = make_message(make_folder(account))
    actions.archive(account.user_id, [placement.pk])
    reply = actions.start_draft(account.user_id, "reply", placement.message_id)
    actions.send(account.user_id, actions.start_draft(account.user_id, to="bob@example.org").pk)
    kept = make_message(make_folder(make_account(account.user)))
    actions.delete_account(account.user_id, account.pk)
    reply.refresh_from_db()
    assert (reply.original, reply.identity) == (None, None)
    assert not MailAccount.objects.filter(pk=account.pk, user=account.user).exists()
    forget_all()
    assert [row.pk for row in Message.objects.all()] == [kept.message_id]
    assert not MailAccount.objects.filter(pk=account.pk).exists()
    assert Credential.objects.count() == 2
    assert not OutgoingServer.objects.filter(host="mail.example.test").exists()


def test_strangers_get_nowhere() -> None:
    account, stranger = make_account(), make_user().pk
    for attempt in (
        actions.sync_now,
        actions.pause_account,
        actions.resume_account,
        actions.delete_account,
        lambda user, pk: actions.update_account(user, pk, label="x"),
        lambda user, pk: actions.create_folder(user, pk, "x"),
    ):
        with pytest.raises(actions.NotYours):
            attempt(stranger, account.pk)
