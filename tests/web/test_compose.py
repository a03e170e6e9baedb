"""Writing and sending through the screens: begun once, saved before refused, a second look, sent once."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import preferences
from accounts.models import Identity, User
from mailsync import actions
from mailsync.models import Draft, Message, Outgoing, Upload
from tests.factories import make_account, make_folder, make_user
from tests.web.mail import html_message, store

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


@pytest.fixture
def alice(client: Client) -> User:
    """Signed in, with one account that may send."""
    user = make_user("alice", timezone="Europe/Berlin")
    make_account(user, address="alice@mail.test")
    client.force_login(user)
    return user


@pytest.fixture
def draft(alice: User) -> Draft:
    return actions.start_draft(alice.pk)


def form(draft: Draft, **fields: Any) -> dict[str, Any]:
    return {
        "version": draft.version,
        "identity": draft.identity_id,
        "to": "Bob <bob@friends.test>",
        "subject": "Hello",
        "body": "<p>Hi Bob</p>",
        **fields,
    }


def original(user: User, html: str = "<p>How are <b>you</b>?</p>", **headers: str) -> Message:
    return store(user, html_message(html, **headers))


# Begun ----------------------------------------------------------------------------------------


def test_a_new_message_opens_on_its_own_page(client: Client, alice: User) -> None:
    response = client.get(reverse("compose"), follow=True)
    (found,) = Draft.objects.all()
    assert response.redirect_chain[-1][0].startswith(reverse("draft", args=[found.pk]))
    assert 'name="subject"' in response.text


def test_the_same_wish_twice_is_one_draft_until_something_is_written(client: Client, alice: User) -> None:
    client.get(reverse("compose"))
    client.get(reverse("compose"))
    (found,) = Draft.objects.all()
    actions.save_draft(alice.pk, found.pk, found.version, subject="Begun")
    client.get(reverse("compose"))
    assert Draft.objects.count() == 2


def test_looking_ahead_begins_nothing(client: Client, alice: User) -> None:
    for headers in ({"HX-Preloaded": "true"}, {"Sec-Purpose": "prefetch"}):
        assert client.get(reverse("compose"), headers=headers).status_code == 204
    assert not Draft.objects.exists()


def test_a_mailto_link_fills_in_and_nothing_breaks_out(client: Client, alice: User) -> None:
    query = {"to": "bob@friends.test", "subject": "A\r\nBcc: eve@x.test", "body": "one\n<script>x</script>"}
    response = client.get(reverse("compose"), query, follow=True)
    (found,) = Draft.objects.all()
    assert (found.to, found.subject) == ("bob@friends.test", "A Bcc: eve@x.test")
    assert "<script>x" not in response.text


def test_a_mailto_link_of_another_page_is_handed_over_whole(client: Client, alice: User) -> None:
    link = "mailto:bob@friends.test,cy%2Btea@friends.test?subject=Tea%20%26%20cake&body=one%0Atwo&attach=/etc/passwd"
    client.get(reverse("compose"), {"mailto": link}, follow=True)
    (found,) = Draft.objects.all()
    assert (found.to, found.subject) == ("bob@friends.test,cy+tea@friends.test", "Tea & cake")
    assert found.body.startswith("<p>one</p><p>two</p>")
    assert client.get(reverse("compose"), {"mailto": "https://evil.test/"}).status_code == 404


def test_a_mailto_link_is_signed_and_copied_like_any_letter(client: Client, alice: User) -> None:
    Identity.objects.update(signature_text="Alice", default_bcc="files@mail.test")
    client.get(reverse("compose"), {"to": "bob@friends.test", "bcc": "eve@x.test", "body": "one\n\ntwo"})
    (found,) = Draft.objects.all()
    assert found.body == "<p>one</p><p></p><p>two</p><p></p><p>-- <br>Alice</p>"
    assert found.bcc == "eve@x.test, files@mail.test"
    client.get(reverse("compose"), {"to": "bob@friends.test", "bcc": "eve@x.test", "body": "one\n\ntwo"})
    assert Draft.objects.count() == 1


def test_who_stands_in_bcc_is_seen_by_nobody_and_warned_of_to_nobody(client: Client, alice: User, draft: Draft) -> None:
    crowd = ", ".join(f"p{number}@x.test" for number in range(12))
    sent = client.post(reverse("draft_send", args=[draft.pk]), form(draft, bcc=crowd), headers=JSON)
    assert sent.status_code == 200
    other = actions.start_draft(alice.pk)
    asked = client.post(reverse("draft_send", args=[other.pk]), form(other, cc=crowd), headers=JSON)
    assert "all see each other" in asked.json()["warnings"]


def test_a_file_given_as_a_link_was_not_forgotten(client: Client, alice: User, draft: Draft) -> None:
    Upload.objects.create(
        user=alice,
        draft=draft,
        name="film.mov",
        size_bytes=1,
        fingerprint="f",
        is_link=True,
        expires_at=timezone.now() + timedelta(days=1),
    )
    promised = form(draft, body="<p>The film is attached</p>")
    assert client.post(reverse("draft_send", args=[draft.pk]), promised, headers=JSON).status_code == 200


def test_a_new_message_is_from_the_account_on_the_screen(client: Client, alice: User) -> None:
    club = make_account(alice, address="alice@club.test")
    theirs = make_folder(make_account(make_user("eve")))
    page = f"http://testserver{reverse('folder', args=[make_folder(club).pk])}"

    def sender(referer: str) -> str:
        client.get(reverse("compose"), headers={"Referer": referer})
        return Draft.objects.order_by("-id")[0].identity.address  # type: ignore[union-attr]

    assert sender(page) == "alice@club.test"
    assert sender(f"{page}t/7/?show=unread") == "alice@club.test"
    # Another wish is another draft; one that says nothing is from the first account.
    for other in ("http://testserver/", "https://evil.test/f/1/", f"http://testserver/f/{theirs.pk}/", "nonsense", ""):
        assert sender(other) == "alice@mail.test"
    assert Draft.objects.count() == 2


def test_an_answer_to_a_list_goes_to_the_list_alone(client: Client, alice: User) -> None:
    post = "<mailto:choir%2Btenor@lists.test?subject=x>"
    asked = original(alice, To="choir+tenor@lists.test", List_Post=post)
    page = client.get(reverse("message", args=[asked.pk])).text
    assert f"mode=reply&amp;list&amp;original={asked.pk}" in page
    assert "Reply to the list" not in client.get(reverse("message", args=[original(alice).pk])).text
    client.get(reverse("compose"), {"mode": "reply", "list": "", "original": asked.pk})
    draft = Draft.objects.get()
    assert (draft.to, draft.cc, draft.mode, draft.original) == ("choir+tenor@lists.test", "", "reply", asked)


def test_an_answer_is_addressed_quoted_and_threaded(client: Client, alice: User) -> None:
    asked = original(alice, From="Ann <ann@shop.test>", Subject="Tea?")
    client.get(reverse("compose"), {"mode": "reply", "original": asked.pk})
    (found,) = Draft.objects.all()
    assert (found.to, found.subject, found.original_id) == ("Ann <ann@shop.test>", "Re: Tea?", asked.pk)
    client.post(
        reverse("draft_send", args=[found.pk]),
        form(found, to=found.to, subject=found.subject, body=f"<p>Yes!</p>{found.body}"),
        headers=JSON,
    )
    sent = message_from_bytes(bytes(Outgoing.objects.get().raw), policy=policy.default)
    html = sent.get_body(("html",)).get_content()  # type: ignore[union-attr]
    text = sent.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert sent["In-Reply-To"] == f"<{asked.message_id}>"
    assert "How are <b>you</b>?" in html
    assert "Ann wrote:" in html
    assert "data-original" not in html
    assert "> How are you?" in text
    assert text.startswith("Yes!")


def test_what_the_original_could_run_does_not_leave_with_the_answer(client: Client, alice: User) -> None:
    asked = original(alice, '<p onclick="x()">Hi</p><script>bad()</script><a href="javascript:bad()">x</a>')
    client.get(reverse("compose"), {"mode": "reply", "original": asked.pk})
    found = Draft.objects.get()
    client.post(reverse("draft_send", args=[found.pk]), form(found, body=found.body), headers=JSON)
    raw = bytes(Outgoing.objects.get().raw)
    assert b"bad()" not in raw
    assert b"onclick" not in raw


def test_a_window_is_the_same_form_without_the_page(client: Client, draft: Draft) -> None:
    response = client.get(reverse("draft", args=[draft.pk]), headers={"HX-Request": "true"})
    assert response.text.lstrip().startswith("<section")
    assert "no-store" in response["Cache-Control"]


# Saved ----------------------------------------------------------------------------------------


def test_a_save_tells_the_version_and_the_time(client: Client, draft: Draft) -> None:
    response = client.post(reverse("draft_save", args=[draft.pk]), form(draft, subject="Tea"), headers=JSON)
    assert response.json()["version"] == draft.version + 1
    assert response.json()["title"] == "Tea"
    draft.refresh_from_db()
    assert (draft.to, draft.body) == ("Bob <bob@friends.test>", "<p>Hi Bob</p>")


def test_half_typed_addresses_are_kept(client: Client, draft: Draft) -> None:
    client.post(reverse("draft_save", args=[draft.pk]), form(draft, to="bob@friends.test, al"), headers=JSON)
    draft.refresh_from_db()
    assert draft.to == "bob@friends.test, al"


def test_what_the_editor_sends_is_cleaned(client: Client, draft: Draft) -> None:
    body = '<p onclick="x()">Hi</p><script>x</script><img src="/d/1/cid/a@inline" data-cid="a@inline">'
    client.post(reverse("draft_save", args=[draft.pk]), form(draft, body=body), headers=JSON)
    draft.refresh_from_db()
    assert draft.body == '<p>Hi</p><img src="cid:a@inline">'


def test_without_scripts_untouched_text_keeps_the_formatting(client: Client, draft: Draft) -> None:
    rich = actions.save_draft(draft.user_id, draft.pk, draft.version, body="<p>Hi <b>Bob</b></p>")
    page = client.get(reverse("draft", args=[draft.pk]))
    fields = form(rich, text="Hi Bob\n")
    del fields["body"]
    assert "Hi Bob" in page.text
    client.post(reverse("draft_save", args=[draft.pk]), fields)
    rich.refresh_from_db()
    assert (rich.is_html, rich.body) == (True, "<p>Hi <b>Bob</b></p>")
    client.post(reverse("draft_save", args=[draft.pk]), {**fields, "version": rich.version, "text": "Hi Bob!\r\n"})
    rich.refresh_from_db()
    assert (rich.is_html, rich.body) == (False, "Hi Bob!\n")


def test_an_identity_of_somebody_else_is_refused(client: Client, draft: Draft) -> None:
    theirs = make_account(make_user("bob")).identities.get()
    response = client.post(reverse("draft_save", args=[draft.pk]), form(draft, identity=theirs.pk), headers=JSON)
    assert response.status_code == 422
    draft.refresh_from_db()
    assert draft.identity_id != theirs.pk


# Sent -----------------------------------------------------------------------------------------


def test_send_puts_one_message_into_the_outbox_held_for_undo(client: Client, draft: Draft) -> None:
    answer = client.post(reverse("draft_send", args=[draft.pk]), form(draft), headers=JSON).json()
    row = Outgoing.objects.get()
    assert answer["seconds"] == 10
    assert row.due_at is not None
    assert row.due_at > timezone.now() + timedelta(seconds=10)
    assert [one.address for one in row.recipients.all()] == ["bob@friends.test"]
    reopened = client.post(answer["undo"], {"do": "undo"}, headers=JSON).json()["draft"]
    assert reopened == reverse("draft", args=[draft.pk])
    assert Draft.objects.get(pk=draft.pk).body == "<p>Hi Bob</p>"


def test_a_window_that_says_more_than_what_was_sent_elsewhere_is_not_told_that_it_was_sent(
    client: Client, draft: Draft
) -> None:
    url = reverse("draft_send", args=[draft.pk])
    client.post(url, form(draft), headers=JSON)
    more = form(draft, body="<p>Hi Bob. And one thing more</p>")
    assert client.post(url, more, headers=JSON).status_code == 404
    response = client.post(url, more, follow=True)
    kept = Draft.objects.get()
    assert kept.body == "<p>Hi Bob. And one thing more</p>"
    assert response.redirect_chain[-1][0] == reverse("draft", args=[kept.pk])
    assert "kept here as a new draft" in response.text
    assert Outgoing.objects.count() == 1


def test_without_scripts_send_pressed_twice_is_once_for_formatted_words(client: Client, draft: Draft) -> None:
    actions.save_draft(draft.user_id, draft.pk, draft.version, to="bob@x.test", body="<p>Hi <b>Bob</b></p>")
    fields = form(draft, version=2, to="bob@x.test", text="Hi Bob\n")
    del fields["body"]
    for _ in range(2):
        assert client.post(reverse("draft_send", args=[draft.pk]), fields).status_code == 302
    assert (Outgoing.objects.count(), Draft.objects.count()) == (1, 0)


def test_send_pressed_twice_sends_once(client: Client, draft: Draft) -> None:
    first = client.post(reverse("draft_send", args=[draft.pk]), form(draft), headers=JSON)
    second = client.post(reverse("draft_send", args=[draft.pk]), form(draft), headers=JSON)
    assert first.json()["undo"] == second.json()["undo"]
    assert Outgoing.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"to": ""}, "to", "Add at least one recipient."),
        ({"to": "bob"}, "to", "not an email address"),
        ({"to": "bob@friends.test", "when": "pick", "send_at": "2020-01-01T08:00"}, "send_at", "has passed"),
        ({"to": "bob@friends.test", "when": "pick", "send_at": ""}, "send_at", "Choose a day"),
    ],
)
def test_a_refusal_says_why_and_keeps_everything(
    client: Client, draft: Draft, fields: dict[str, str], field: str, words: str
) -> None:
    response = client.post(
        reverse("draft_send", args=[draft.pk]), form(draft, body="<p>Long words</p>", **fields), headers=JSON
    )
    assert response.status_code == 422
    assert response.json()["field"] == field
    assert words in response.json()["error"]
    assert Draft.objects.get(pk=draft.pk).body == "<p>Long words</p>"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"subject": ""}, "subject"),
        ({"body": "<p>See the attached plan.</p>"}, "attachment"),
        ({"cc": ", ".join(f"p{n}@friends.test" for n in range(12))}, "many"),
    ],
)
def test_a_second_look_that_can_be_overruled(client: Client, draft: Draft, fields: dict[str, str], code: str) -> None:
    url = reverse("draft_send", args=[draft.pk])
    asked = client.post(url, form(draft, **fields), headers=JSON)
    assert asked.status_code == 422
    assert f'value="{code}"' in asked.json()["warnings"]
    assert not Outgoing.objects.exists()
    again = form(draft, **fields, version=asked.json()["version"], sure=[code])
    assert client.post(url, again, headers=JSON).status_code == 200
    assert Outgoing.objects.count() == 1


def test_the_warning_of_a_forgotten_attachment_can_be_switched_off(client: Client, draft: Draft) -> None:
    preferences.save(draft.user, warn_attachment=False)
    url = reverse("draft_send", args=[draft.pk])
    assert client.post(url, form(draft, body="<p>See the attached plan.</p>"), headers=JSON).status_code == 200
    assert Outgoing.objects.count() == 1


def test_the_second_look_works_without_scripts(client: Client, draft: Draft) -> None:
    url = reverse("draft_send", args=[draft.pk])
    page = client.post(url, form(draft, subject=""))
    assert page.status_code == 422
    assert 'name="sure" value="subject"' in page.text
    draft.refresh_from_db()
    done = client.post(url, form(draft, subject="", sure=["subject"]), follow=True)
    assert done.redirect_chain[0][0] == reverse("outbox")
    assert Outgoing.objects.count() == 1


def test_send_later_means_eight_in_the_writers_own_zone(client: Client, draft: Draft) -> None:
    answer = client.post(reverse("draft_send", args=[draft.pk]), form(draft, when="tomorrow"), headers=JSON).json()
    chosen = Outgoing.objects.get().send_at
    assert chosen is not None
    local = chosen.astimezone(ZoneInfo("Europe/Berlin"))
    assert (local.hour, local.minute) == (8, 0)
    assert local.date() == (datetime.now(ZoneInfo("Europe/Berlin")) + timedelta(days=1)).date()
    assert "08:00" in answer["label"]


def test_a_picked_time_is_read_in_the_writers_zone(client: Client, draft: Draft) -> None:
    fields = form(draft, when="pick", send_at="2099-07-01T09:30")
    client.post(reverse("draft_send", args=[draft.pk]), fields, headers=JSON)
    assert Outgoing.objects.get().send_at == datetime(2099, 7, 1, 7, 30, tzinfo=UTC)


def test_an_unverified_identity_cannot_send(client: Client, draft: Draft) -> None:
    Identity.objects.update(verified_at=None)
    response = client.post(reverse("draft_send", args=[draft.pk]), form(draft), headers=JSON)
    assert response.status_code == 422
    assert not Outgoing.objects.exists()


# Whose ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["draft", "draft_save", "draft_send"])
def test_a_stranger_gets_404(client: Client, draft: Draft, name: str) -> None:
    client.force_login(make_user("charlie"))
    url = reverse(name, args=[draft.pk])
    response = client.get(url) if name == "draft" else client.post(url, form(draft))
    assert response.status_code == 404


@pytest.mark.parametrize("mode", ["reply", "reply_all", "forward"])
def test_a_stranger_cannot_answer_somebody_elses_mail(client: Client, alice: User, mode: str) -> None:
    asked = original(alice)
    stranger = make_user("charlie")
    make_account(stranger)
    client.force_login(stranger)
    assert client.get(reverse("compose"), {"mode": mode, "original": asked.pk}).status_code == 404
    assert client.get(reverse("compose"), {"edit": asked.pk}).status_code == 404
    assert not Draft.objects.exists()


@pytest.mark.parametrize("query", [{"mode": "nonsense"}, {"mode": "reply", "original": "x"}, {"edit": "9" * 40}])
def test_nonsense_in_the_address_is_404(client: Client, alice: User, query: dict[str, str]) -> None:
    assert client.get(reverse("compose"), query).status_code == 404


def test_without_an_account_the_way_to_one_is_shown(client: Client) -> None:
    client.force_login(make_user("dora"))
    response = client.get(reverse("compose"))
    assert response.status_code == 302
    assert response["Location"] == reverse("settings_accounts")


def test_people_are_offered_and_pasted_lists_taken_apart(client: Client, alice: User) -> None:
    pasted = 'Ann Lee <ann@x.test>; "Day, Bo" <bo@x.test>\nnobody'
    answer = client.post(reverse("recipients"), {"parse": pasted}).json()
    assert [one["address"] for one in answer["people"]] == ["ann@x.test", "bo@x.test"]
    assert "nobody" in answer["errors"][0]


def test_a_long_pasted_list_loses_nobody(client: Client, alice: User) -> None:
    members = [f"member.number.{number}@choir.example" for number in range(2000)]
    answer = client.post(reverse("recipients"), {"parse": "\n".join(members)}).json()
    assert [one["address"] for one in answer["people"]] == members
    assert answer["errors"] == []
    assert client.post(reverse("recipients"), {"parse": "a@x.test," * 30_000}).status_code == 413


@pytest.mark.parametrize("path", ["/compose/", "/compose/recipients", "/d/1/", "/outbox/"])
def test_signed_out_means_sign_in_first(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))
