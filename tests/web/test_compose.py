"""Writing and sending through the screens: begun once, saved before refused, a second look, sent once."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import preferences
from accounts.models import Identity, User
from mailsync import actions
from mailsync.models import Draft, Outgoing, Upload
from tests.factories import make_account, make_user
from tests.web.composing import JSON, form

pytestmark = pytest.mark.django_db


# Saved -----------------------------------------------------------------------------------------


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


# Sent ------------------------------------------------------------------------------------------


def test_who_stands_in_bcc_is_seen_by_nobody_and_warned_of_to_nobody(
    client: Client, writer: User, draft: Draft
) -> None:
    crowd = ", ".join(f"p{number}@x.test" for number in range(12))
    sent = client.post(reverse("draft_send", args=[draft.pk]), form(draft, bcc=crowd), headers=JSON)
    assert sent.status_code == 200
    other = actions.start_draft(writer.pk)
    asked = client.post(reverse("draft_send", args=[other.pk]), form(other, cc=crowd), headers=JSON)
    assert "all see each other" in asked.json()["warnings"]


def test_a_file_given_as_a_link_was_not_forgotten(client: Client, writer: User, draft: Draft) -> None:
    Upload.objects.create(
        user=writer,
        draft=draft,
        name="film.mov",
        size_bytes=1,
        fingerprint="f",
        is_link=True,
        expires_at=timezone.now() + timedelta(days=1),
    )
    promised = form(draft, body="<p>The film is attached</p>")
    assert client.post(reverse("draft_send", args=[draft.pk]), promised, headers=JSON).status_code == 200


def test_a_window_is_the_same_form_without_the_page(client: Client, draft: Draft) -> None:
    response = client.get(reverse("draft", args=[draft.pk]), headers={"HX-Request": "true"})
    assert response.text.lstrip().startswith("<section")
    assert "no-store" in response["Cache-Control"]


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


# Whose -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["draft", "draft_save", "draft_send"])
def test_a_stranger_gets_404(client: Client, draft: Draft, name: str) -> None:
    client.force_login(make_user("charlie"))
    url = reverse(name, args=[draft.pk])
    response = client.get(url) if name == "draft" else client.post(url, form(draft))
    assert response.status_code == 404


def test_people_are_offered_and_pasted_lists_taken_apart(client: Client, writer: User) -> None:
    pasted = 'Ann Lee <ann@x.test>; "Day, Bo" <bo@x.test>\nnobody'
    answer = client.post(reverse("recipients"), {"parse": pasted}).json()
    assert [one["address"] for one in answer["people"]] == ["ann@x.test", "bo@x.test"]
    assert "nobody" in answer["errors"][0]


def test_a_long_pasted_list_loses_nobody(client: Client, writer: User) -> None:
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
