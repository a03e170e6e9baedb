"""The outbox page: every state in plain words with what can be done about it; only one's own."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from mailsync import actions
from mailsync.models import Blob, Draft, Outgoing
from tests.factories import make_user
from tests.store.test_listing_size import rows_touched
from tests.web.mail import html_message, store
from tests.web.outbox_page import JSON, State, do, put

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(writer: User) -> Outgoing:
    draft = actions.start_draft(writer.pk, to="bob@x.test", subject="Tea & cake", body="<p>Hi</p>")
    return actions.send(writer.pk, draft.pk, hold_seconds=30)


@pytest.mark.parametrize(
    ("state", "words", "verbs"),
    [
        (State.HELD, "It leaves in a moment", {"undo"}),
        (State.QUEUED, "next in line", {"undo"}),
        (State.CLAIMED, "handed to the mail server", set()),
        (State.DOT_SENT, "handed to the mail server", set()),
        (State.DEFERRED, "The mail server asked to come back later", {"now", "undo"}),
        (State.UNCERTAIN, "it may have been sent", {"sent", "retry"}),
        (State.FAILED, "The mail server refused it", {"retry", "reopen", "dismiss"}),
        (State.DONE, "Sent", set()),
    ],
)
def test_a_state_in_words_with_its_verbs(
    client: Client, row: Outgoing, state: str, words: str, verbs: set[str]
) -> None:
    put(row, state)
    page = client.get(reverse("outbox")).text
    assert "Tea &amp; cake" in page
    assert words in page
    assert {
        verb for verb in ("undo", "now", "sent", "retry", "reopen", "dismiss") if f'value="{verb}"' in page
    } == verbs


def test_the_timeline_and_the_servers_own_words(client: Client, row: Outgoing) -> None:
    put(row, State.FAILED, error="The server does not know bob@x.test.")
    row.recipients.update(state="failed", code=550, enhanced="5.1.1", text="No such user")
    page = client.get(reverse("outbox")).text
    for words in ("The server does not know bob@x.test.", "(550 5.1.1)", "No such user", "Waiting to be sent."):
        assert words in page


def test_a_stopped_message_is_a_draft_again_and_gone_from_the_list(client: Client, row: Outgoing) -> None:
    answer = do(client, row, "undo")
    assert answer.json()["draft"] == reverse("draft", args=[Draft.objects.get().pk])
    assert "Tea &amp; cake" not in client.get(reverse("outbox")).text


def test_stopping_without_scripts_opens_the_draft(client: Client, row: Outgoing) -> None:
    response = client.post(reverse("outgoing_act", args=[row.pk]), {"do": "undo"})
    assert response["Location"] == reverse("draft", args=[Draft.objects.get().pk])


def test_what_has_left_cannot_be_stopped(client: Client, row: Outgoing) -> None:
    put(row, State.DOT_SENT)
    answer = do(client, row, "undo")
    assert answer.status_code == 409
    assert answer.json()["error"] == "This message is already on its way."
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    ("code", "text", "again", "hint"),
    [
        (550, "5.1.1 User unknown", False, "spelled right"),
        (552, "5.3.4 Message too big", False, "Take files out"),
        (554, "5.7.1 Message rejected as spam", False, "Change what it says"),
        (550, "5.2.1 Mailbox disabled", False, "another address"),
        (552, "5.2.2 Mailbox full", True, "mailbox full"),
        (450, "4.1.1 User unknown", True, ""),
    ],
)
def test_another_try_is_offered_where_it_may_help(
    client: Client, row: Outgoing, code: int, text: str, again: bool, hint: str
) -> None:
    put(row, State.FAILED)
    enhanced, _, words = text.partition(" ")
    row.recipients.update(state="failed", code=code, enhanced=enhanced, text=words)
    page = client.get(reverse("outbox")).text
    assert ('value="retry"' in page) is again
    assert 'value="reopen"' in page
    assert hint in page


def test_who_may_not_send_it_any_more_edits_it(client: Client, row: Outgoing) -> None:
    put(row, State.FAILED, error="old@x.test is no longer one of your addresses.", mail_from="old@x.test")
    page = client.get(reverse("outbox")).text
    assert 'value="retry"' not in page
    assert 'value="reopen"' in page


def test_what_is_no_letter_is_not_edited(client: Client, row: Outgoing) -> None:
    put(row, State.FAILED, draft_snapshot=None)
    page = client.get(reverse("outbox")).text
    assert 'value="reopen"' not in page
    assert 'value="dismiss"' in page


def test_retry_mark_as_sent_and_dismiss(client: Client, row: Outgoing) -> None:
    put(row, State.FAILED)
    assert do(client, row, "retry").status_code == 200
    row.refresh_from_db()
    assert row.state == State.QUEUED
    put(row, State.FAILED)
    assert do(client, row, "dismiss").status_code == 200
    assert "Tea &amp; cake" not in client.get(reverse("outbox")).text


def test_an_empty_outbox_says_what_it_is_for(client: Client, writer: User) -> None:
    assert "Nothing is waiting" in client.get(reverse("outbox")).text


def test_the_list_alone_for_a_page_that_catches_up(client: Client, row: Outgoing) -> None:
    part = client.get(reverse("outbox"), headers={"HX-Request": "true", "HX-Target": "outbox"}).text
    assert "Tea &amp; cake" in part
    assert "<html" not in part


def test_the_number_of_queries_does_not_grow_with_the_list(
    client: Client, writer: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        draft = actions.start_draft(writer.pk, to="bob@x.test", subject=f"No {number}", body="<p>Hi</p>")
        actions.send(writer.pk, draft.pk)
    client.get(reverse("outbox"))  # the first notes when the session was used
    with django_assert_max_num_queries(14):
        client.get(reverse("outbox"))


def test_an_unknown_verb_is_404(client: Client, row: Outgoing) -> None:
    assert do(client, row, "explode").status_code == 404


@pytest.mark.parametrize("verb", ["undo", "reopen", "retry", "now", "later", "sent", "dismiss"])
def test_a_stranger_gets_404_and_an_empty_list(client: Client, row: Outgoing, verb: str) -> None:
    client.force_login(make_user("charlie"))
    assert do(client, row, verb).status_code == 404
    assert "Tea &amp; cake" not in client.get(reverse("outbox")).text
    row.refresh_from_db()
    assert row.state == State.HELD


def test_what_became_of_a_message_is_told_in_words(client: Client, row: Outgoing) -> None:
    put(row, State.FAILED, error="The server does not know bob@x.test.")
    url = reverse("outgoing_act", args=[row.pk])
    told = client.get(url, headers=JSON).json()
    assert (told["tone"], told["explanation"]) == ("bad", "The server does not know bob@x.test.")
    assert client.get(url)["Location"] == f"{reverse('outbox')}#o{row.pk}"
    client.force_login(make_user("charlie"))
    assert client.get(url, headers=JSON).status_code == 404


# Stopped and changed, with the time it had ----------------------------------------------------


def test_undo_of_a_message_that_was_to_leave_at_once_plans_nothing(client: Client, row: Outgoing) -> None:
    do(client, row, "undo")
    assert Draft.objects.get().send_at is None


RAW = "550 5.1.1 <bob@x.test>: Recipient address rejected: User unknown in virtual mailbox table"


def test_a_refusal_is_said_in_plain_words_beside_the_servers_own(client: Client, row: Outgoing) -> None:
    put(row, State.FAILED, error=RAW)
    row.recipients.update(state="failed", code=550, enhanced="5.1.1", text=RAW.removeprefix("550 5.1.1 "))
    page = client.get(reverse("outbox")).text
    assert "bob@x.test: there is no such address. Look whether the address is spelled right." in page
    assert "own words:" in page
    assert f'<q dir="auto">{RAW.replace("<", "&lt;").replace(">", "&gt;")}</q>' in page
    told = client.get(reverse("outgoing_act", args=[row.pk]), headers=JSON).json()
    assert told["explanation"].startswith("bob@x.test: there is no such address.")


def test_who_did_not_get_a_message_that_went_to_others_is_named(client: Client, row: Outgoing) -> None:
    put(row, State.DONE)
    row.recipients.update(state="failed", code=554, enhanced="5.7.1", text="Rejected as spam")
    page = client.get(reverse("outbox")).text
    assert "1 recipient was refused. bob@x.test: taken for spam." in page
    assert "spelled right" not in page


def test_what_is_put_off_says_when_it_is_tried_again(client: Client, row: Outgoing) -> None:
    put(row, State.DEFERRED, error="451 4.7.1 Greylisting in action", due_at=timezone.now())
    page = client.get(reverse("outbox")).text
    assert "The mail server asked to come back later. Next try: " in page
    assert "451 4.7.1 Greylisting in action</q>" in page


def test_what_could_not_be_sent_stays_in_the_navigation_until_it_is_dealt_with(client: Client, row: Outgoing) -> None:
    put(row, State.FAILED)
    page = client.get(reverse("flagged")).text
    entry = page[page.index(f'href="{reverse("outbox")}"') :].partition("</a>")[0]
    assert "#i-circle-alert" in entry
    assert 'class="cnt">1' in entry
    header = client.get(reverse("outbox")).text
    assert "1 message needs you" in header
    assert "on its way" not in header
    do(client, row, "dismiss")
    assert f'href="{reverse("outbox")}"' not in client.get(reverse("flagged")).text


def test_what_was_sent_before_is_not_gone_through_for_what_is_scheduled(client: Client, row: Outgoing) -> None:
    put(row, State.HELD, send_at=timezone.now() + timedelta(days=1))
    told = {"user": row.user, "account": row.account, "state": State.DONE, "finished_at": timezone.now(), "raw": b""}
    Outgoing.objects.bulk_create(Outgoing(**told, message_id=f"{n}@x.test") for n in range(2000))
    page, read = rows_touched(lambda: client.get(reverse("scheduled")))
    assert "Tea &amp; cake" in page.content.decode()
    assert read <= 300


def missed(client: Client, row: Outgoing) -> Any:
    return client.get(reverse("compose"), {"missed": row.pk}, follow=True)


def test_those_whom_it_did_not_reach_are_written_to_again(client: Client, writer: User) -> None:
    """Each in the line where they stood, with the same words and files, and nobody else."""
    draft = actions.start_draft(
        *(writer.pk, "new"),
        to="Bob Lee <bob@x.test>, ann@x.test",
        cc="Çem <cem@x.test>",
        bcc="dora@x.test",
        subject="Plan",
    )
    actions.attach(writer.pk, draft.pk, "plan.txt", "text/plain", b"plan")
    row = actions.send(writer.pk, draft.pk)
    put(row, State.DONE)
    row.recipients.update(state="accepted")
    assert "Send again to" not in client.get(reverse("outbox")).text
    row.recipients.filter(address="bob@x.test").update(state="failed", code=550)
    row.recipients.filter(address="dora@x.test").update(state="returned")
    page = client.get(reverse("outbox")).text
    assert f'data-compose href="{reverse("compose")}?missed={row.pk}"' in page
    assert "Send again to these 2" in page
    missed(client, row)
    (again,) = Draft.objects.all()
    assert (again.to, again.cc, again.bcc) == ("Bob Lee <bob@x.test>", "", "dora@x.test")
    assert (again.subject, again.body, again.identity) == ("Plan", draft.body, draft.identity)
    assert [bytes(one.blob.data) for one in again.attachments.all()] == [b"plan"]
    # A second click leads to the same draft; what is sent is a message of its own.
    missed(client, row)
    sent = actions.send(writer.pk, Draft.objects.get().pk, 0)
    assert sorted(one.address for one in sent.recipients.all()) == ["bob@x.test", "dora@x.test"]
    assert sent.message_id != row.message_id


def test_an_answer_that_came_back_is_an_answer_again(client: Client, writer: User) -> None:
    asked = store(writer, html_message("<p>When?</p>", Message_ID="<asked@x.test>"))
    draft = actions.start_draft(writer.pk, "reply", asked.pk)
    row = actions.send(writer.pk, draft.pk)
    put(row, State.DONE)
    row.recipients.update(state="returned")
    assert "Send again to ann@shop.test" in client.get(reverse("outbox")).text
    missed(client, row)
    again = Draft.objects.get()
    assert (again.mode, again.original, again.body) == ("reply", asked, draft.body)


def test_nothing_is_begun_where_a_file_is_not_kept_any_more(client: Client, writer: User) -> None:
    draft = actions.start_draft(writer.pk, to="bob@x.test")
    actions.attach(writer.pk, draft.pk, "plan.txt", "text/plain", b"plan")
    row = actions.send(writer.pk, draft.pk)
    put(row, State.DONE)
    row.recipients.update(state="failed")
    Blob.objects.all().delete()
    assert "Open the message in Sent" in missed(client, row).text
    assert not Draft.objects.exists()


@pytest.mark.parametrize("state", [State.FAILED, State.UNCERTAIN, State.DEFERRED])
def test_what_is_not_over_is_not_written_again(client: Client, row: Outgoing, state: str) -> None:
    put(row, state)
    row.recipients.update(state="failed")
    assert "Send again to" not in client.get(reverse("outbox")).text
    missed(client, row)
    assert not Draft.objects.exists()


def test_what_heron_wrote_is_not_written_again(client: Client, row: Outgoing) -> None:
    put(row, State.DONE, draft_snapshot=None)
    row.recipients.update(state="failed")
    assert "Send again to" not in client.get(reverse("outbox")).text
    missed(client, row)
    assert not Draft.objects.exists()


def test_a_stranger_writes_to_nobody_again(client: Client, row: Outgoing) -> None:
    put(row, State.DONE)
    row.recipients.update(state="failed")
    client.force_login(make_user("mallory"))
    assert missed(client, row).status_code == 404
