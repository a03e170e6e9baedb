"""What nothing brings back is removed after a question, which sends again what was sent; for nobody else."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.db.models import Model
from django.test import Client

from accounts.models import Identity, MailAccount, User
from mailsync import actions
from mailsync.actions import RuleText
from mailsync.message.vcard import Labelled, VCard
from mailsync.models import ForwardAddress, MailTemplate, Rule, Webhook
from mailsync.plan.rules import Deed, Fields
from mailsync.store.contacts import keep_card
from tests.factories import make_account, make_user

pytestmark = pytest.mark.django_db

Asked = tuple[str, dict[str, object], str, type[Model]]


def rule(user: User, account: MailAccount) -> Asked:
    made = actions.write_rule(user.pk, None, RuleText("Rotas", Fields(subject="rota"), (Deed("flag"),)))
    return f"/settings/rules/{made.pk}/change/", {"do": "remove"}, "Remove the rule “Rotas”?", Rule


def template(user: User, account: MailAccount) -> Asked:
    made = actions.write_template(user.pk, None, name="Thanks", subject="", body="<p>Thanks</p>")
    return f"/settings/templates/{made.pk}/remove/", {}, "Remove the template “Thanks”?", MailTemplate


def webhook(user: User, account: MailAccount) -> Asked:
    made = actions.write_webhook(user.pk, None, name="Chat", url="https://chat.example.org/1", says="header")
    return f"/settings/rules/webhooks/{made.pk}/change/", {"do": "remove"}, "Remove the webhook “Chat”?", Webhook


def forwarding(user: User, account: MailAccount) -> Asked:
    made, _code = actions.add_forward_address(user.pk, "bo@else.example")
    return f"/settings/rules/forward/{made.pk}/change/", {"do": "remove"}, "Remove bo@else.example?", ForwardAddress


def identity(user: User, account: MailAccount) -> Asked:
    made = Identity.objects.create(user=user, account=account, address="sales@else.example")
    return f"/settings/identities/{made.pk}/remove/", {}, "Remove sales@else.example?", Identity


@pytest.mark.parametrize("make", [rule, template, webhook, forwarding, identity])
def test_it_is_asked_first(make: Callable[[User, MailAccount], Asked], browser: Client, anna: User) -> None:
    path, sent, title, kind = make(anna, make_account(anna))
    before = kind.objects.count()
    page = browser.post(path, sent).text
    assert title in unescape(page)
    assert kind.objects.count() == before
    answer = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', page))
    mallory = Client()
    mallory.force_login(make_user("mallory"))
    assert mallory.post(path, {**answer, "sure": "1"}).status_code == 404
    assert browser.post(path, {**answer, "sure": "1"}).status_code == 302
    assert kind.objects.count() == before - 1


def test_of_several_people_their_number_is_said(browser: Client, anna: User) -> None:
    people = [keep_card(anna.pk, VCard(name=name, addresses=(Labelled(f"{name}@x.test"),)))[0] for name in ("a", "b")]
    one, both = [people[0].pk], [person.pk for person in people]
    assert "Remove a?" in browser.post("/settings/contacts/chosen/", {"do": "remove", "contact": one}).text
    page = browser.post("/settings/contacts/chosen/", {"do": "remove", "contact": both}).text
    assert "Remove 2 people?" in page
    assert [f'name="contact" value="{pk}"' in page for pk in both] == [True, True]
    browser.post("/settings/contacts/chosen/", {"do": "remove", "contact": both, "sure": "1"})
    assert "Nobody is kept yet" in browser.get("/settings/contacts/").text
