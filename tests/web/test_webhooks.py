"""The pages of webhooks, and the rules that call them."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import SecurityEvent, User
from mailsync import actions
from mailsync.models import Webhook, WebhookCall
from mailsync.plan.rules import Deed
from mailsync.store.rules import load_rules
from mailsync.store.webhooks import note_answered, note_failed
from tests.factories import make_account, make_folder, make_message, make_user
from tests.web.conftest import Part

pytestmark = pytest.mark.django_db

RULES = "/settings/rules/"
ADD = "/settings/rules/webhooks/add/"
URL = "https://chat.example.org/hooks/1?key=abc"


@pytest.fixture
def hook(anna: User) -> Webhook:
    return actions.write_webhook(anna.pk, None, name="Chat", url=URL, says="header")


def test_a_webhook_is_made_changed_and_removed(browser: Client, anna: User) -> None:
    answer = browser.post(ADD, {"name": "", "url": f" {URL}#top ", "says": "event"})
    hook = Webhook.objects.get()
    assert answer["Location"] == f"{RULES}webhooks/{hook.pk}/"
    assert (hook.user, hook.name, hook.url) == (anna, "chat.example.org", URL)
    page = browser.get(answer["Location"]).content.decode()
    assert ">whsec_" in page
    assert "It has not been called yet." in page
    browser.post(answer["Location"], {"name": "Chat", "url": URL.replace("/1", "/\r\n1"), "says": "preview"})
    browser.post(answer["Location"], {"name": "Chat", "url": URL, "says": "preview"})
    hook.refresh_from_db()
    assert (hook.name, hook.says) == ("Chat", "preview")
    # What leaves Heron from now on is in the log; saving what stood there changes nothing.
    assert list(SecurityEvent.objects.filter(kind="webhook").values_list("detail", flat=True)) == [
        "Chat",
        "chat.example.org",
    ]
    assert "Chat" in browser.get(RULES).content.decode()
    browser.post(f"{answer['Location']}change/", {"do": "remove", "sure": "1"})
    assert not Webhook.objects.exists()


def test_what_is_no_address_is_said_at_its_field(browser: Client, settings: pytest.Item) -> None:
    for url in ("example.org", "https://a:b@example.org/"):
        answer = browser.post(ADD, {"url": url, "says": "event"})
        assert answer.status_code == 422
    assert "cannot stand in the address" in answer.content.decode()
    assert not Webhook.objects.exists()


def test_a_test_is_sent_and_its_answer_shown(browser: Client, hook: Webhook) -> None:
    page = f"{RULES}webhooks/{hook.pk}/"
    for _ in range(2):
        browser.post(f"{page}change/", {"do": "test"})
    call = WebhookCall.objects.get()
    part = browser.get(f"{page}standing/", **Part("standing")).content.decode()
    assert "It is being called" in part
    assert "every 2s" in part
    note_failed(hook, call, "It answered 404: there is nothing at this address.", 404)
    part = browser.get(f"{page}standing/", **Part("standing")).content.decode()
    assert "there is nothing at this address" in part
    assert "every 2s" not in part
    assert "did not take the last call" in browser.get(RULES).content.decode()
    note_answered(hook, WebhookCall.objects.create(webhook=hook), 204)
    assert "took the last call (204)" in browser.get(page).content.decode()


@pytest.mark.parametrize(("says", "subject", "preview"), [("event", 0, 0), ("header", 1, 0), ("preview", 1, 1)])
def test_its_page_shows_what_a_call_says(browser: Client, anna: User, says: str, subject: int, preview: int) -> None:
    hook = actions.write_webhook(anna.pk, None, name="", url=URL, says=says)
    page = browser.get(f"{RULES}webhooks/{hook.pk}/").content.decode()
    assert "message.received" in page
    assert (page.count("Rota of March"), page.count("Dear all")) == (subject, preview)


def test_one_that_was_stopped_says_what_to_do(browser: Client, hook: Webhook) -> None:
    Webhook.objects.update(stopped=True, lost=12, error="It answered 500.", called_at=timezone.now())
    page = browser.get(f"{RULES}webhooks/{hook.pk}/").content.decode()
    assert "Send a test: once it takes that" in page
    assert "12 calls were given up." in page


def test_its_key_is_renewed(browser: Client, hook: Webhook) -> None:
    before = hook.reveal()
    browser.post(f"{RULES}webhooks/{hook.pk}/change/", {"do": "renew"})
    hook.refresh_from_db()
    assert hook.reveal() != before


def test_a_search_becomes_a_rule_that_calls_a_webhook(browser: Client, anna: User, hook: Webhook) -> None:
    inbox = make_folder(make_account(anna))
    make_message(inbox, subject="Rota")
    page = browser.get(f"{RULES}add/", {"q": "subject:rota"}).content.decode()
    assert f'<option value="{hook.pk}">Chat</option>' in page
    browser.post(f"{RULES}add/", {"search": "subject:rota", "call": str(hook.pk)})
    (rule,) = load_rules(anna.pk)
    assert rule.deeds == (Deed("call", str(hook.pk)),)
    assert f'<option value="{hook.pk}" selected>' in browser.get(f"{RULES}{rule.id}/").content.decode()
    assert "call “Chat”" in browser.get(RULES).content.decode()
    # It is for new mail only.
    assert "Run it over mail" not in browser.get(f"{RULES}{rule.id}/").content.decode()
    actions.remove_webhook(anna.pk, hook.pk)
    assert "The webhook it calls has been removed." in browser.get(RULES).content.decode()
    page = browser.get(f"{RULES}{rule.id}/").content.decode()
    assert "add a webhook" in page


def test_nobody_calls_anothers_webhook(browser: Client, anna: User) -> None:
    make_folder(make_account(anna))
    theirs = actions.write_webhook(make_user("eve@example.org").pk, None, name="", url=URL, says="event")
    assert browser.post(f"{RULES}add/", {"subject": "rota", "call": str(theirs.pk)}).status_code == 422
    for path in ("", "standing/"):
        assert browser.get(f"{RULES}webhooks/{theirs.pk}/{path}").status_code == 404
    assert browser.post(f"{RULES}webhooks/{theirs.pk}/change/", {"do": "test"}).status_code == 404
    assert load_rules(anna.pk) == []


def test_a_rule_whose_webhook_went_can_be_saved_without_it(browser: Client, anna: User, hook: Webhook) -> None:
    make_folder(make_account(anna))
    browser.post(f"{RULES}add/", {"subject": "rota", "call": str(hook.pk), "flag": "on"})
    (rule,) = load_rules(anna.pk)
    actions.remove_webhook(anna.pk, hook.pk)
    browser.post(f"{RULES}{rule.id}/", {"subject": "rota", "call": "", "flag": "on"})
    (rule,) = load_rules(anna.pk)
    assert (rule.works, rule.deeds) == (True, (Deed("flag"),))
