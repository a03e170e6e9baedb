"""Answers, forwards and other senders through the screens: archived when sent, looked at twice, whole as a file."""

import re
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Identity, User
from mailsync import actions
from mailsync.models import Draft, Outgoing
from mailsync.store.quoting import plain_body
from tests.factories import make_account, make_folder, make_message, make_user, raw_message
from tests.web.composing import JSON, form, original
from tests.web.mail import store

pytestmark = pytest.mark.django_db


def test_an_answer_can_be_sent_and_its_conversation_archived(client: Client, writer: User) -> None:
    asked = original(writer, From="Ann <ann@shop.test>", Subject="Tea?")
    page = client.get(reverse("compose"), {"mode": "reply", "original": asked.pk}, follow=True)
    assert "Send and archive" in page.text
    answer = Draft.objects.get()
    url = reverse("draft_send", args=[answer.pk])
    fields = form(answer, to="Ann <ann@shop.test>", subject="", archive="1")
    asked_again = client.post(url, fields, headers=JSON)
    # The second look keeps the wish: its button says archive too.
    assert 'name="archive"' in asked_again.json()["warnings"]
    answer.refresh_from_db()
    client.post(url, {**fields, "version": answer.version, "sure": "subject"}, headers=JSON)
    assert Outgoing.objects.get().archived_group is not None
    assert not asked.placements.filter(shown=True, folder__role="inbox").exists()


def test_a_new_message_and_a_forward_have_nothing_to_archive(client: Client, writer: User, draft: Draft) -> None:
    assert "Send and archive" not in client.get(reverse("draft", args=[draft.pk])).text
    asked = original(writer)
    page = client.get(reverse("compose"), {"mode": "forward", "original": asked.pk}, follow=True)
    assert "Send and archive" not in page.text


def test_an_answer_from_the_wrong_address_and_to_an_outsider_is_looked_at_twice(client: Client) -> None:
    user = make_user("gus")
    client.force_login(user)
    work, home = make_account(user, address="gus@firm.test"), make_account(user, address="gus@home.test")
    raw = raw_message("Plan", From="Bob <bob@firm.test>", To="gus@firm.test")
    original = store(user, raw, make_folder(work))
    draft = actions.start_draft(user.pk, "reply", original.pk)
    url = reverse("draft_send", args=[draft.pk])

    def codes(**fields: object) -> list[str]:
        said = {"version": Draft.objects.get(pk=draft.pk).version, "subject": "Re: Plan", "text": "Fine.", **fields}
        answer = client.post(url, said, headers={"Accept": "application/json"})
        return re.findall(r'name="sure" value="(\w+)"', answer.json().get("warnings", ""))

    at_home, at_work = home.identities.get(), work.identities.get()
    assert codes(to="bob@firm.test", identity=at_home.pk) == ["identity"]
    assert codes(to="bob@firm.test, eve@else.test", identity=at_work.pk) == ["outside"]
    assert codes(to="bob@firm.test", identity=at_work.pk) == []
    assert not Draft.objects.filter(pk=draft.pk).exists()


# From another address, again, and as a file -----------------------------------------------------


def test_without_scripts_the_signature_and_bcc_go_with_the_sender(client: Client, writer: User, draft: Draft) -> None:
    old = draft.identity
    assert old is not None
    Identity.objects.filter(pk=old.pk).update(signature_text="Alice\nHome", default_bcc="log@home.test")
    new = make_account(writer, address="alice@firm.test").identities.get()
    Identity.objects.filter(pk=new.pk).update(signature_html="<b>Alice</b>, Firm")
    draft = actions.start_draft(writer.pk, identity_id=old.pk)
    assert (draft.bcc, "Home" in draft.body) == ("log@home.test", True)
    text = "\n\n-- \nAlice\nHome\n"
    for words, wanted in ((text, "-- \n\nAlice, Firm"), ("Hello\n" + text, "Hello\n\n\n-- \n\nAlice, Firm\n")):
        said = {"version": draft.version, "identity": new.pk, "bcc": "log@home.test", "text": words}
        assert client.post(reverse("draft_save", args=[draft.pk]), said, headers=JSON).status_code == 200
        saved = Draft.objects.get(pk=draft.pk)
        assert (saved.identity, saved.bcc) == (new, "")
        assert wanted in plain_body(saved)
        assert "Home" not in saved.body
        Draft.objects.filter(pk=draft.pk).update(identity=old, version=draft.version)


def test_a_message_is_forwarded_whole_as_a_file(client: Client, writer: User) -> None:
    raw = raw_message("Plan: A/B", From="Bob <bob@x.test>", To="alice@mail.test")
    original = store(writer, raw)
    answer = client.get(reverse("compose"), {"attached": original.pk}, follow=True)
    assert answer.status_code == 200
    made = Draft.objects.get()
    assert (made.subject, made.mode, made.original) == ("Fwd: Plan: A/B", "forward", original)
    file = made.attachments.get()
    assert (file.name, file.content_type, bytes(file.blob.data)) == ("Plan A B.eml", "message/rfc822", raw)
    actions.save_draft(writer.pk, made.pk, made.version, to="carol@x.test")
    sent = actions.send(writer.pk, made.pk, 0)
    (part,) = message_from_bytes(bytes(sent.raw), policy=policy.default).iter_attachments()
    assert part.get_content_type() == "message/rfc822"
    assert part.get_payload(0)["subject"] == "Plan: A/B"  # type: ignore[union-attr,index,call-overload]
    assert sent.original_flag == "$Forwarded"


def test_what_was_sent_is_written_again(client: Client, writer: User) -> None:
    raw = raw_message("Plan", "Come at noon.\r\n", From="alice@mail.test", To="bob@x.test", Cc="carol@x.test")
    original = store(writer, raw)
    client.get(reverse("compose"), {"again": original.pk})
    made = Draft.objects.get()
    assert (made.to, made.cc, made.subject, made.placement) == ("bob@x.test", "carol@x.test", "Plan", None)
    assert "Come at noon." in made.body
    sent = actions.send(writer.pk, made.pk, 0)
    assert sent.message_id != original.message_id


@pytest.mark.parametrize("wish", ["again", "attached"])
def test_of_a_strangers_message_nothing_is_begun(client: Client, writer: User, wish: str) -> None:
    theirs = store(make_user("mallory"), raw_message("Secret"))
    assert client.get(reverse("compose"), {wish: theirs.pk}).status_code == 404


def test_a_window_asks_who_else_has_answered_meanwhile(client: Client, writer: User) -> None:
    asked = original(writer)
    inbox = asked.placements.get().folder
    make_message(inbox, thread=asked.thread, received_at=asked.received_at - timedelta(days=1))
    draft = actions.start_draft(writer.pk, "reply", asked.pk)
    url = reverse("draft_answers", args=[draft.pk])
    nobody = {"names": [], "url": ""}
    assert client.get(url).json() == nobody
    later = {"thread": asked.thread, "received_at": asked.received_at + timedelta(hours=1)}
    junk = make_folder(inbox.account, "Junk", role="junk")
    make_message(junk, **later)
    make_message(inbox, **later, from_address=writer.email)
    make_message(inbox, **later, draft=True)
    assert client.get(url).json() == nobody
    bert = make_message(inbox, **later, from_name="Bert", from_address="bert@x.test")
    make_message(inbox, **later, from_name="Bert", from_address="bert@x.test")
    make_message(inbox, **later, from_name="", from_address="cleo@x.test")
    told = client.get(url).json()
    assert told == {
        "names": ["Bert", "cleo@x.test"],
        "url": f"/f/{inbox.pk}/t/{asked.thread_id}/#m{bert.message_id}",
    }
    asked.thread.placements.update(seen=True)
    assert client.get(url).json() == nobody
    client.force_login(make_user("charlie"))
    assert client.get(url).status_code == 404


def test_only_an_answer_is_told_of_others(client: Client, writer: User, draft: Draft) -> None:
    asked = original(writer)
    told = {
        mode: "data-answers"
        in client.get(reverse("draft", args=[actions.start_draft(writer.pk, mode, asked.pk).pk])).text
        for mode in Draft.Mode.values
        if mode != Draft.Mode.NEW
    }
    assert told == {"reply": True, "reply_all": True, "forward": False}
    assert "data-answers" not in client.get(reverse("draft", args=[draft.pk])).text
    assert client.get(reverse("draft_answers", args=[draft.pk])).json() == {"names": [], "url": ""}
