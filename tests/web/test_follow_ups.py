"""Waiting for answers in the browser: asked for beside Send, told above the list, dealt with on a page of its own."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import MailAccount, User
from mailsync import actions
from mailsync.models import Draft, Folder, FollowUp, Message, Outgoing
from tests.factories import make_folder, make_user, raw_message
from tests.web.composing import JSON, form
from tests.web.mail import store

pytestmark = pytest.mark.django_db


def folder_of(account: MailAccount, role: str) -> Folder:
    found = account.folders.filter(role=role).first()
    return found or make_folder(account, role.title(), role=role)


def sent(user: User, subject: str = "The hall", *, days: int = 3, told: bool = False) -> Outgoing:
    """A letter that has left, with its copy in Sent."""
    draft = actions.start_draft(user.pk, to="Bo <bo@work.test>", subject=subject, body="<p>Is it free?</p>")
    outgoing = actions.send(user.pk, draft.pk, hold_seconds=0)
    Outgoing.objects.filter(pk=outgoing.pk).update(state=Outgoing.State.DONE, finished_at=timezone.now())
    assert outgoing.identity is not None
    headers = {"From": outgoing.identity.address, "To": "bo@work.test", "Message_ID": f"<{outgoing.message_id}>"}
    copy = store(user, raw_message(subject, **headers), folder_of(outgoing.account, "sent"))
    Message.objects.filter(pk=copy.pk).update(message_id=outgoing.message_id)
    if days:
        actions.remind_of(user.pk, outgoing.pk, days)
    if told:
        FollowUp.objects.filter(outgoing=outgoing).update(told_at=timezone.now())
    return outgoing


def test_the_wish_is_saved_with_the_draft_and_taken_along_by_send(client: Client, writer: User) -> None:
    draft = actions.start_draft(writer.pk)
    page = client.get(reverse("draft", args=[draft.pk])).text
    assert 'name="remind_days"' in page
    assert '<option value="7">after a week</option>' in page
    saved = client.post(reverse("draft_save", args=[draft.pk]), form(draft, remind_days="7"), headers=JSON)
    assert saved.status_code == 200
    draft.refresh_from_db()
    assert draft.remind_days == 7
    assert '<option value="7" selected>' in client.get(reverse("draft", args=[draft.pk])).text
    # A form that does not ask leaves it.
    client.post(reverse("draft_save", args=[draft.pk]), form(draft, subject="Other"), headers=JSON)
    draft.refresh_from_db()
    assert (draft.subject, draft.remind_days) == ("Other", 7)
    client.post(reverse("draft_send", args=[draft.pk]), form(draft, remind_days="2"), headers=JSON)
    assert FollowUp.objects.get().days == 2


@pytest.mark.parametrize("days", ["400", "-1", "x"])
def test_days_that_nobody_offers_are_refused(client: Client, writer: User, days: str) -> None:
    draft = actions.start_draft(writer.pk)
    answer = client.post(reverse("draft_save", args=[draft.pk]), form(draft, remind_days=days), headers=JSON)
    assert answer.status_code == 422
    assert Draft.objects.get().remind_days == 0


def test_what_nobody_answers_is_told_above_the_inbox_alone(client: Client, writer: User) -> None:
    outgoing = sent(writer)
    inbox = folder_of(outgoing.account, "inbox")
    at = [reverse("folder", args=[inbox.pk]), reverse("unified")]
    for url in at:
        assert "Nobody has answered" not in client.get(url).text
    FollowUp.objects.update(told_at=timezone.now())
    for url in at:
        page = client.get(url).text
        assert "Nobody has answered “The hall”." in page
        assert "You sent it to bo@work.test on" in page
    listed = client.get(at[0], headers={"HX-Request": "true", "HX-Target": "list"}).text
    assert "Nobody has answered “The hall”." in listed
    elsewhere = Folder.objects.get(account=outgoing.account, role="sent")
    assert "Nobody has answered" not in client.get(reverse("folder", args=[elsewhere.pk])).text
    sent(writer, "The piano", told=True)
    assert "Nobody has answered 2 of your messages." in client.get(at[0]).text


def test_the_column_names_the_page_while_something_is_waited_for(client: Client, writer: User) -> None:
    link = f'href="{reverse("waiting")}"'
    assert link not in client.get(reverse("flagged")).text
    outgoing = sent(writer)
    assert link in client.get(reverse("flagged")).text
    actions.remind_of(writer.pk, outgoing.pk, 0)
    assert link not in client.get(reverse("flagged")).text


def test_the_page_has_what_is_overdue_first_and_leads_to_the_letter(client: Client, writer: User) -> None:
    assert "You wait for no answer" in client.get(reverse("waiting")).text
    sent(writer, "The piano")
    late = sent(writer, "The hall", told=True)
    page = client.get(reverse("waiting")).text
    assert page.index("The hall") < page.index("May still be answered") < page.index("The piano")
    assert "1 message was not answered in time" in page
    copy = late.account.folders.get(role="sent").placements.get(message__subject="The hall").message_id
    assert reverse("message", args=[copy]) in page
    assert f"{reverse('compose')}?mode=reply_all&amp;original={copy}" in page
    begun = client.get(reverse("compose"), {"mode": "reply_all", "original": copy}, follow=True)
    assert "bo@work.test" in begun.text


def test_a_letter_that_was_sent_offers_it_and_takes_it_back(client: Client, writer: User) -> None:
    outgoing = sent(writer, days=0)
    copy = outgoing.account.folders.get(role="sent").placements.get().message_id
    url = reverse("message", args=[copy])
    assert "Remind me if nobody answers" in client.get(url).text
    remind = reverse("outgoing_remind", args=[outgoing.pk])
    answer = client.post(remind, {"days": "5", "next": url}, follow=True)
    assert answer.redirect_chain[-1][0] == url
    assert "You are reminded in 5 days, unless somebody answers." in answer.text
    assert "If nobody answers, you are reminded on" in answer.text
    assert FollowUp.objects.get().due_at > timezone.now() + timedelta(days=4)
    FollowUp.objects.update(told_at=timezone.now())
    assert "Nobody has answered yet." in client.get(url).text
    answer = client.post(remind, {"days": "0"}, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("waiting")
    assert "You are not reminded of it any more." in answer.text
    assert not FollowUp.objects.exists()


def test_odd_days_and_other_peoples_letters(client: Client, writer: User) -> None:
    outgoing = sent(writer, days=0)
    url = reverse("outgoing_remind", args=[outgoing.pk])
    assert client.post(url, {"days": "soon"}).status_code == 404
    assert "Choose after how many days." in client.post(url, {"days": "400"}, follow=True).text
    client.force_login(make_user())
    assert client.post(url, {"days": "3"}).status_code == 404
    assert not FollowUp.objects.exists()
