"""How a composition begins: new, by a link of another page, as an answer; addressed, quoted and threaded."""

from email import message_from_bytes, policy

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Identity, User
from mailsync import actions
from mailsync.models import Draft, Outgoing
from tests.factories import make_account, make_folder, make_user
from tests.web.composing import JSON, form, original

pytestmark = pytest.mark.django_db


def test_a_new_message_opens_on_its_own_page(client: Client, writer: User) -> None:
    response = client.get(reverse("compose"), follow=True)
    (found,) = Draft.objects.all()
    assert response.redirect_chain[-1][0].startswith(reverse("draft", args=[found.pk]))
    assert 'name="subject"' in response.text


def test_the_same_wish_twice_is_one_draft_until_something_is_written(client: Client, writer: User) -> None:
    client.get(reverse("compose"))
    client.get(reverse("compose"))
    (found,) = Draft.objects.all()
    actions.save_draft(writer.pk, found.pk, found.version, subject="Begun")
    client.get(reverse("compose"))
    assert Draft.objects.count() == 2


def test_looking_ahead_begins_nothing(client: Client, writer: User) -> None:
    for headers in ({"HX-Preloaded": "true"}, {"Sec-Purpose": "prefetch"}):
        assert client.get(reverse("compose"), headers=headers).status_code == 204
    assert not Draft.objects.exists()


def test_a_mailto_link_fills_in_and_nothing_breaks_out(client: Client, writer: User) -> None:
    query = {"to": "bob@friends.test", "subject": "A\r\nBcc: eve@x.test", "body": "one\n<script>x</script>"}
    response = client.get(reverse("compose"), query, follow=True)
    (found,) = Draft.objects.all()
    assert (found.to, found.subject) == ("bob@friends.test", "A Bcc: eve@x.test")
    assert "<script>x" not in response.text


def test_a_mailto_link_of_another_page_is_handed_over_whole(client: Client, writer: User) -> None:
    link = "mailto:bob@friends.test,cy%2Btea@friends.test?subject=Tea%20%26%20cake&body=one%0Atwo&attach=/etc/passwd"
    client.get(reverse("compose"), {"mailto": link}, follow=True)
    (found,) = Draft.objects.all()
    assert (found.to, found.subject) == ("bob@friends.test,cy+tea@friends.test", "Tea & cake")
    assert found.body.startswith("<p>one</p><p>two</p>")
    assert client.get(reverse("compose"), {"mailto": "https://evil.test/"}).status_code == 404


def test_a_mailto_link_is_signed_and_copied_like_any_letter(client: Client, writer: User) -> None:
    Identity.objects.update(signature_text="Alice", default_bcc="files@mail.test")
    client.get(reverse("compose"), {"to": "bob@friends.test", "bcc": "eve@x.test", "body": "one\n\ntwo"})
    (found,) = Draft.objects.all()
    assert found.body == "<p>one</p><p></p><p>two</p><p></p><p>-- <br>Alice</p>"
    assert found.bcc == "eve@x.test, files@mail.test"
    client.get(reverse("compose"), {"to": "bob@friends.test", "bcc": "eve@x.test", "body": "one\n\ntwo"})
    assert Draft.objects.count() == 1


def test_a_new_message_is_from_the_account_on_the_screen(client: Client, writer: User) -> None:
    club = make_account(writer, address="alice@club.test")
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


def test_an_answer_to_a_list_goes_to_the_list_alone(client: Client, writer: User) -> None:
    post = "<mailto:choir%2Btenor@lists.test?subject=x>"
    asked = original(writer, To="choir+tenor@lists.test", List_Post=post)
    page = client.get(reverse("message", args=[asked.pk])).text
    assert f"mode=reply&amp;list&amp;original={asked.pk}" in page
    assert "Reply to the list" not in client.get(reverse("message", args=[original(writer).pk])).text
    client.get(reverse("compose"), {"mode": "reply", "list": "", "original": asked.pk})
    draft = Draft.objects.get()
    assert (draft.to, draft.cc, draft.mode, draft.original) == ("choir+tenor@lists.test", "", "reply", asked)


def test_an_answer_goes_to_the_author_alone_where_a_list_hides_them(client: Client, writer: User) -> None:
    fields = {"To": "choir@lists.test", "List_Post": "<mailto:choir@lists.test>"}
    asked = original(writer, From="Bo via Choir <choir@lists.test>", Cc="Bo <bo@home.test>", **fields)
    page = client.get(reverse("message", args=[asked.pk])).text
    assert f"mode=reply&amp;author&amp;original={asked.pk}" in page
    assert "Reply only to Bo" in page
    open_list = original(writer, From="Bo <bo@home.test>", Message_ID="<2@home.test>", **fields)
    assert "Reply only to" not in client.get(reverse("message", args=[open_list.pk])).text
    client.get(reverse("compose"), {"mode": "reply", "author": "", "original": asked.pk})
    draft = Draft.objects.get()
    assert (draft.to, draft.cc, draft.mode, draft.original) == ("Bo <bo@home.test>", "", "reply", asked)


@pytest.mark.parametrize("mode", ["reply", "reply_all", "forward"])
def test_a_stranger_cannot_answer_somebody_elses_mail(client: Client, writer: User, mode: str) -> None:
    asked = original(writer)
    stranger = make_user("charlie")
    make_account(stranger)
    client.force_login(stranger)
    assert client.get(reverse("compose"), {"mode": mode, "original": asked.pk}).status_code == 404
    assert client.get(reverse("compose"), {"edit": asked.pk}).status_code == 404
    assert not Draft.objects.exists()


@pytest.mark.parametrize("query", [{"mode": "nonsense"}, {"mode": "reply", "original": "x"}, {"edit": "9" * 40}])
def test_nonsense_in_the_address_is_404(client: Client, writer: User, query: dict[str, str]) -> None:
    assert client.get(reverse("compose"), query).status_code == 404


def test_without_an_account_the_way_to_one_is_shown(client: Client) -> None:
    client.force_login(make_user("dora"))
    response = client.get(reverse("compose"))
    assert response.status_code == 302
    assert response["Location"] == reverse("settings_accounts")


def test_an_answer_is_addressed_quoted_and_threaded(client: Client, writer: User) -> None:
    asked = original(writer, From="Ann <ann@shop.test>", Subject="Tea?")
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


def test_what_the_original_could_run_does_not_leave_with_the_answer(client: Client, writer: User) -> None:
    asked = original(writer, '<p onclick="x()">Hi</p><script>bad()</script><a href="javascript:bad()">x</a>')
    client.get(reverse("compose"), {"mode": "reply", "original": asked.pk})
    found = Draft.objects.get()
    client.post(reverse("draft_send", args=[found.pk]), form(found, body=found.body), headers=JSON)
    raw = bytes(Outgoing.objects.get().raw)
    assert b"bad()" not in raw
    assert b"onclick" not in raw
