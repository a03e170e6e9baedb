"""Read receipts: shown as a question, answered at the reader's word alone, once, and to nobody unasked."""

import email
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from mailsync import actions
from mailsync.engine.deliver import Doors, deliver
from mailsync.models import Change, Message, Outgoing, Placement
from mailsync.store.authored import store_own_message
from tests.engine.fake_sender import FakeSubmission
from tests.engine.fake_server import FakeServer
from tests.factories import make_account, make_user
from tests.web.mail import html_message, store

pytestmark = pytest.mark.django_db
ASKED = {"From": "Ann <ann@shop.test>", "To": "alice@mail.test", "Disposition-Notification-To": "Ann <ann@shop.test>"}
QUESTION = "asks to be told that you have read this"


def asking(user: User, **headers: str) -> Message:
    return store(user, html_message("<p>Please read</p>", **{**ASKED, **headers}))


def page(client: Client, message: Message) -> str:
    return client.get(reverse("message", args=[message.pk]), follow=True).text


def answer(client: Client, message: Message, do: str) -> int:
    return client.post(reverse("receipt", args=[message.pk]), {"do": do}).status_code


def run(outgoing: Outgoing) -> FakeSubmission:
    smtp = FakeSubmission()
    Outgoing.objects.filter(pk=outgoing.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    deliver(outgoing.pk, doors=Doors(smtp.open, FakeServer("Sent").connect, lambda: 0.0))
    return smtp


def test_nothing_is_sent_until_the_reader_says_so(client: Client, writer: User) -> None:
    message = asking(writer)
    html = page(client, message)
    assert QUESTION in html
    assert "ann@shop.test" in html
    assert not Outgoing.objects.exists()


def test_a_receipt_leaves_once_without_a_sender_and_is_not_filed(client: Client, writer: User) -> None:
    message = asking(writer)
    assert answer(client, message, "send") == 302
    assert QUESTION not in page(client, message)
    answer(client, message, "send")
    outgoing = Outgoing.objects.get()
    smtp = run(outgoing)
    outgoing.refresh_from_db()
    assert outgoing.state == "done"
    [taken] = smtp.taken
    assert (taken.mail_from, taken.recipients) == ("", ("ann@shop.test",))
    sent = email.message_from_bytes(taken.raw)
    assert sent.get_content_type() == "multipart/report"
    assert message.message_id in taken.raw.decode()
    assert "manual-action/MDN-sent-manually; displayed" in taken.raw.decode()
    assert not Placement.objects.filter(folder__role="sent").exists()


def test_no_is_an_answer_too_and_other_programs_hear_of_it(client: Client, writer: User) -> None:
    message = asking(writer)
    answer(client, message, "ignore")
    assert QUESTION not in page(client, message)
    assert not Outgoing.objects.exists()
    assert Change.objects.filter(add_flags=["$MDNSent"]).exists()


def test_what_another_program_answered_is_not_asked_again(client: Client, writer: User) -> None:
    message = asking(writer)
    message.placements.update(keywords=["$mdnsent"])
    assert QUESTION not in page(client, message)
    with pytest.raises(actions.CannotDo):
        actions.answer_receipt(writer.pk, message.pk, send=True)


@pytest.mark.parametrize(
    "headers",
    [
        {"Precedence": "bulk"},
        {"Auto-Submitted": "auto-generated"},
        {"Return-Path": "<>"},
        {"Disposition-Notification-To": "a@x.test, b@x.test"},
        {"Disposition-Notification-To": "alice@mail.test"},
        {"From": "alice@mail.test"},
    ],
)
def test_who_may_not_ask(client: Client, writer: User, headers: dict[str, str]) -> None:
    message = asking(writer, **headers)
    assert QUESTION not in page(client, message)
    with pytest.raises(actions.CannotDo):
        actions.answer_receipt(writer.pk, message.pk, send=True)
    assert not Outgoing.objects.exists()


def test_a_stranger_gets_404(client: Client, writer: User) -> None:
    message = asking(make_account().user)
    assert answer(client, message, "send") == 404
    assert answer(client, asking(writer), "something") == 404


def test_the_receipt_that_we_send_is_understood_by_the_one_who_asked(client: Client, writer: User) -> None:
    """Ann uses Heron too: what she asked for comes back to her timeline."""
    ann = make_account(make_user("ann"), address="ann@shop.test")
    draft = actions.start_draft(ann.user_id, to="alice@mail.test", subject="Plan")
    actions.save_draft(ann.user_id, draft.pk, draft.version, request_receipt=True)
    letter = actions.send(ann.user_id, draft.pk, 0)
    letter.recipients.update(state="accepted")
    letter.refresh_from_db()
    message = store(writer, bytes(letter.raw))
    Message.objects.filter(pk=message.pk).update(message_id=letter.message_id)
    assert QUESTION in page(client, message)
    answer(client, message, "send")
    smtp = run(Outgoing.objects.get(mail_from=""))
    store_own_message(ann.pk, smtp.taken[0].raw, timezone.now())
    assert letter.events.get(kind="read").text.startswith("alice@mail.test: opened on")


def test_a_sent_message_tells_what_became_of_it(client: Client, writer: User) -> None:
    draft = actions.start_draft(writer.pk, to="bob@friends.test", subject="Plan")
    outgoing = actions.send(writer.pk, draft.pk, 0)
    run(outgoing)
    sent = Placement.objects.get(folder__role="sent").message
    html = page(client, sent)
    assert "Accepted for 1 recipient" in html
    assert "Filed under Sent" in html
    outgoing.recipients.update(state="returned", text="552 5.2.2 over quota")
    assert "It came back from 1 recipient." in page(client, sent)
    Outgoing.objects.update(user=make_user("mallory"))
    assert "over quota" not in page(client, sent)
