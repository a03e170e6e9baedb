"""Send freezes, Undo gives back everything, and each refusal names the field to mend."""

from datetime import datetime, timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from unittest.mock import patch

import pytest
from django.utils import timezone

from accounts.models import Identity, MailAccount
from mailsync import actions
from mailsync.models import Blob, Draft, Outgoing, Placement
from tests.factories import make_account, make_folder, make_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> MailAccount:
    return make_account(address="me@example.test")


def write(account: MailAccount, to: str = "bob@example.org", **fields: object) -> Draft:
    return actions.start_draft(account.user_id, to=to, subject="Plan", **fields)


def test_sending_freezes_the_message_and_ends_the_draft(account: MailAccount) -> None:
    draft = write(account, cc="Carol <carol@example.org>, bob@example.org")
    outgoing = actions.send(account.user_id, draft.pk)
    assert outgoing.mail_from == "me@example.test"
    assert sorted(row.address for row in outgoing.recipients.all()) == ["bob@example.org", "carol@example.org"]
    assert f"Message-ID: <{outgoing.message_id}>".encode() in bytes(outgoing.raw)
    assert outgoing.message_id.endswith("@example.test")
    assert not Draft.objects.exists()


def test_pressing_send_twice_sends_once(account: MailAccount) -> None:
    draft = write(account)
    first = actions.send(account.user_id, draft.pk)
    assert actions.send(account.user_id, draft.pk).pk == first.pk
    assert Outgoing.objects.count() == 1


def test_undo_opens_the_same_draft_with_all_its_files(account: MailAccount) -> None:
    draft = write(account, body="<p>Words</p>")
    actions.attach(account.user_id, draft.pk, "a.txt", "text/plain", b"abc")
    outgoing = actions.send(account.user_id, draft.pk)
    back = actions.undo_send(account.user_id, outgoing.pk)
    assert (back.pk, back.body, back.to) == (draft.pk, "<p>Words</p>", "bob@example.org")
    assert [bytes(row.blob.data) for row in back.attachments.all()] == [b"abc"]
    outgoing.refresh_from_db()
    assert (outgoing.state, outgoing.due_at) == ("cancelled", None)
    again = actions.send(account.user_id, back.pk)
    assert again.message_id != outgoing.message_id


@pytest.mark.django_db(transaction=True)
def test_undo_keeps_the_words_whatever_has_gone_meanwhile(account: MailAccount) -> None:
    original = make_message(make_folder(account))
    copy = make_message(make_folder(account, "Drafts", role="drafts"))
    second = account.identities.create(user=account.user, address="also@example.test", verified_at=timezone.now())
    draft = write(account, body="<p>Words</p>", identity_id=second.pk)
    Draft.objects.update(mode="reply", original=original.message, placement=copy)
    actions.attach(account.user_id, draft.pk, "a.txt", "text/plain", b"abc")
    outgoing = actions.send(account.user_id, draft.pk)
    second.delete()
    for row in (original, copy):
        row.message.delete()
    Blob.objects.all().delete()
    back = actions.undo_send(account.user_id, outgoing.pk)
    assert (back.body, back.to, back.subject) == ("<p>Words</p>", "bob@example.org", "Plan")
    assert (back.original, back.placement, back.identity, back.attachments.count()) == (None, None, None, 0)


@pytest.mark.parametrize(
    ("to", "field", "words"),
    [("", "to", "at least one"), ("bob", "to", "not an email address"), ("bob@", "to", "not an email address")],
)
def test_recipients_are_checked(account: MailAccount, to: str, field: str, words: str) -> None:
    draft = write(account, to)
    with pytest.raises(actions.CannotDo, match=words) as raised:
        actions.send(account.user_id, draft.pk)
    assert raised.value.field == field
    assert Draft.objects.filter(pk=draft.pk).exists()


def test_only_a_confirmed_address_sends(account: MailAccount) -> None:
    draft = write(account)
    Identity.objects.update(verified_at=None)
    with pytest.raises(actions.CannotDo, match="not confirmed") as raised:
        actions.send(account.user_id, draft.pk)
    assert raised.value.field == "identity"


def test_without_an_outgoing_server_the_way_to_one_is_said(account: MailAccount) -> None:
    draft = write(account)
    account.outgoing_server = None
    account.save()
    with pytest.raises(actions.CannotDo, match="settings"):
        actions.send(account.user_id, draft.pk)


def test_no_header_can_be_smuggled_in(account: MailAccount) -> None:
    draft = write(account)
    actions.save_draft(account.user_id, draft.pk, draft.version, subject="Hi\r\nBcc: evil@example.org")
    outgoing = actions.send(account.user_id, draft.pk)
    head = bytes(outgoing.raw).split(b"\r\n\r\n")[0]
    assert not any(line.lower().startswith(b"bcc:") for line in head.split(b"\r\n"))
    assert [row.address for row in outgoing.recipients.all()] == ["bob@example.org"]


def test_send_later_can_be_moved_and_stopped(account: MailAccount) -> None:
    later = timezone.now() + timedelta(days=2)
    outgoing = actions.send(account.user_id, write(account).pk, send_at=later)
    assert (outgoing.state, outgoing.due_at, outgoing.send_at) == ("held", later, later)
    moved = actions.reschedule(account.user_id, outgoing.pk, later + timedelta(hours=1))
    assert moved.due_at == later + timedelta(hours=1)
    assert actions.reschedule(account.user_id, outgoing.pk, None).due_at <= timezone.now()
    actions.cancel_outgoing(account.user_id, outgoing.pk)
    assert Draft.objects.get().subject == "Plan"
    with pytest.raises(actions.CannotDo, match="has passed"):
        actions.send(account.user_id, Draft.objects.get().pk, send_at=timezone.now() - timedelta(minutes=1))


def test_the_stored_copy_hides_while_its_message_waits(account: MailAccount) -> None:
    drafts = make_folder(account, "Drafts", role="drafts")
    stored = make_message(drafts)
    draft = write(account)
    Draft.objects.update(placement=stored)
    outgoing = actions.send(account.user_id, draft.pk)
    assert not Placement.objects.get(pk=stored.pk).shown
    actions.undo_send(account.user_id, outgoing.pk)
    assert Placement.objects.get(pk=stored.pk).shown


def test_a_failed_message_can_be_mended_or_dismissed(account: MailAccount) -> None:
    outgoing = actions.send(account.user_id, write(account).pk)
    Outgoing.objects.update(state="failed", finished_at=timezone.now())
    assert actions.retry_send(account.user_id, outgoing.pk).state == "queued"
    Outgoing.objects.update(state="failed", finished_at=timezone.now())
    assert actions.reopen(account.user_id, outgoing.pk).subject == "Plan"
    other = actions.send(account.user_id, write(account).pk)
    with pytest.raises(actions.CannotDo):
        actions.dismiss_outgoing(account.user_id, other.pk)


def test_strangers_get_nowhere(account: MailAccount) -> None:
    stranger = make_account().user_id
    outgoing = actions.send(account.user_id, write(account).pk)
    for attempt in (
        actions.undo_send,
        actions.reopen,
        actions.retry_send,
        actions.mark_as_sent,
        actions.dismiss_outgoing,
        lambda user, pk: actions.reschedule(user, pk, None),
    ):
        with pytest.raises(actions.NotYours):
            attempt(stranger, outgoing.pk)


def date_of(raw: bytes) -> datetime:
    return parsedate_to_datetime(message_from_bytes(raw)["Date"])


def test_a_message_has_the_date_at_which_it_leaves(account: MailAccount) -> None:
    later = timezone.now() + timedelta(days=2)
    outgoing = actions.send(account.user_id, write(account, bcc="eve@example.org").pk, send_at=later)
    assert abs(date_of(bytes(outgoing.raw)) - later) < timedelta(seconds=1)
    before = bytes(outgoing.raw).partition(b"\r\n")[2]
    moved = actions.reschedule(account.user_id, outgoing.pk, later + timedelta(days=3))
    assert abs(date_of(bytes(moved.raw)) - later) > timedelta(days=2)
    actions.reschedule(account.user_id, outgoing.pk, None)
    outgoing.refresh_from_db()
    for raw in (bytes(outgoing.raw), bytes(outgoing.raw_sent_copy)):
        assert abs(date_of(raw) - timezone.now()) < timedelta(minutes=1)
    assert bytes(outgoing.raw).partition(b"\r\n")[2] == before


def test_what_some_have_already_keeps_its_date(account: MailAccount) -> None:
    outgoing = actions.send(account.user_id, write(account, "a@x.test, b@x.test").pk)
    now = timezone.now()
    Outgoing.objects.filter(pk=outgoing.pk).update(state="deferred", send_at=now, due_at=now + timedelta(hours=4))
    outgoing.recipients.filter(address="a@x.test").update(state="accepted")
    before = bytes(outgoing.raw)
    with patch("django.utils.timezone.now", return_value=timezone.now() + timedelta(hours=1)):
        actions.reschedule(account.user_id, outgoing.pk, None)
    outgoing.refresh_from_db()
    assert bytes(outgoing.raw) == before


def test_the_date_is_told_in_the_writers_zone(account: MailAccount) -> None:
    with timezone.override("Asia/Tokyo"):
        outgoing = actions.send(account.user_id, write(account).pk)
    assert b" +0900\r\n" in bytes(outgoing.raw).partition(b"\r\nFrom")[0] + b"\r\n"


def test_who_has_an_address_in_their_own_script_can_send() -> None:
    account = make_account(address="anna@münchen.example")
    outgoing = actions.send(account.user_id, write(account, "jo@bücher.example").pk)
    assert outgoing.message_id.endswith("@xn--mnchen-3ya.example")
    assert b"From: " in bytes(outgoing.raw)
    assert b"<anna@xn--mnchen-3ya.example>" in bytes(outgoing.raw)
    assert [one.address for one in outgoing.recipients.all()] == ["jo@xn--bcher-kva.example"]
