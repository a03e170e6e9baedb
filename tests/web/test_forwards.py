"""The pages of forwarding: who has said who they are adds an address, its code proves it, and a rule names it."""

import json
import re

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import SecurityEvent, User
from mailsync import actions
from mailsync.models import Forward, ForwardAddress, Rule
from mailsync.plan.rules import Deed, Fields
from mailsync.store.rules import load_rules
from tests.factories import make_account, make_folder, make_message, make_user

pytestmark = pytest.mark.django_db

RULES = "/settings/rules/"
ADD = f"{RULES}forward/add/"
FRIEND = "friend@else.example"


@pytest.fixture
def proved(anna: User) -> ForwardAddress:
    row, code = actions.add_forward_address(anna.pk, FRIEND)
    actions.confirm_forward_address(anna.pk, row.pk, code)
    row.refresh_from_db()
    return row


def test_an_open_session_alone_adds_no_address(browser: Client) -> None:
    answer = browser.post(ADD, {"address": FRIEND})
    assert answer.status_code == 302
    assert "/reauthenticate/" in answer["Location"]
    assert not ForwardAddress.objects.exists()
    assert mail.outbox == []


def test_an_address_is_added_proved_and_removed(at_home: Client, alice: User) -> None:
    answer = at_home.post(ADD, {"address": f" {FRIEND}"})
    row = ForwardAddress.objects.get()
    page = answer["Location"]
    assert page == f"{RULES}forward/{row.pk}/"
    (letter,) = mail.outbox
    assert letter.to == [FRIEND]
    assert "Alice" in letter.subject
    found = re.search(r"^(\w{4} \w{4})$", str(letter.body), re.MULTILINE)
    assert found
    assert found[1] not in str(vars(row))
    assert list(SecurityEvent.objects.filter(kind="forwarding").values_list("user", "detail")) == [(alice.pk, FRIEND)]
    assert "Not confirmed yet" in at_home.get(RULES).content.decode()
    answer = at_home.post(page, {"code": "ABCD2345"})
    assert answer.status_code == 422
    assert "This is not the code" in answer.content.decode()
    at_home.post(f"{page}change/", {"do": "send"})
    assert len(mail.outbox) == 2
    assert "This is not the code" in at_home.post(page, {"code": found[1]}).content.decode()
    newer = re.search(r"^(\w{4} \w{4})$", str(mail.outbox[1].body), re.MULTILINE)
    assert newer
    assert at_home.post(page, {"code": newer[1].lower()})["Location"] == f"{RULES}#forwarding"
    row.refresh_from_db()
    assert row.verified_at
    assert FRIEND in at_home.get(f"{RULES}add/").content.decode()
    at_home.post(f"{page}change/", {"do": "remove", "sure": "1"})
    assert not ForwardAddress.objects.exists()


def test_nobody_is_pestered_with_codes(at_home: Client, alice: User) -> None:
    for n in range(12):
        at_home.post(ADD, {"address": f"friend{n}@else.example"})
    assert len(mail.outbox) == 10
    answer = at_home.post(ADD, {"address": FRIEND})
    assert answer.status_code == 422
    assert "Too many codes" in answer.content.decode()
    row = ForwardAddress.objects.earliest("pk")
    at_home.post(f"{RULES}forward/{row.pk}/change/", {"do": "send"})
    assert len(mail.outbox) == 10


def test_a_rule_forwards_to_it_and_says_so(browser: Client, anna: User, proved: ForwardAddress) -> None:
    make_account(anna)
    browser.post(f"{RULES}add/", {"subject": "rota", "forward": str(proved.pk), "name": "Rotas"})
    rule = Rule.objects.get()
    assert rule.deeds == [["forward", str(proved.pk)]]
    assert f"forward to {FRIEND}" in browser.get(RULES).content.decode()
    page = browser.get(f"{RULES}{rule.pk}/").content.decode()
    assert f'<option value="{proved.pk}" selected>' in page
    answer = browser.post(f"{RULES}add/", {"subject": "rota", "forward": str(proved.pk), "filing": "trash"})
    assert answer.status_code == 422
    assert Rule.objects.count() == 1


def test_one_that_is_not_proved_or_is_a_strangers_cannot_be_named(browser: Client, anna: User) -> None:
    make_account(anna)
    row, _ = actions.add_forward_address(anna.pk, FRIEND)
    ben = make_user("ben")
    theirs, code = actions.add_forward_address(ben.pk, FRIEND)
    actions.confirm_forward_address(ben.pk, theirs.pk, code)
    for one in (row, theirs):
        assert browser.post(f"{RULES}add/", {"subject": "rota", "forward": str(one.pk)}).status_code == 422
        with pytest.raises(actions.NotYours):
            actions.write_rule(
                anna.pk, None, actions.RuleText("", Fields(subject="rota"), (Deed("forward", str(one.pk)),))
            )
    assert not Rule.objects.exists()
    assert browser.get(f"{RULES}forward/{theirs.pk}/").status_code == 404
    assert browser.post(f"{RULES}forward/{theirs.pk}/", {"code": code}).status_code == 404
    assert browser.post(f"{RULES}forward/{theirs.pk}/change/", {"do": "remove"}).status_code == 404


def test_what_did_not_arrive_stands_with_the_rule_and_the_address(
    browser: Client, anna: User, proved: ForwardAddress
) -> None:
    message = make_message(make_folder(make_account(anna))).message
    actions.write_rule(anna.pk, None, actions.RuleText("", Fields(subject="rota"), (Deed("forward", str(proved.pk)),)))
    Forward.objects.create(
        to=proved, message=message, rule="Rotas", error="The text of the message did not come from its server."
    )
    page = browser.get(RULES).content.decode()
    assert "What it forwarded last did not arrive" in page
    page = browser.get(f"{RULES}forward/{proved.pk}/").content.decode()
    assert "did not come from its server" in page


def test_settings_as_a_file_name_the_address_and_take_it_only_where_it_is_proved(
    browser: Client, anna: User, proved: ForwardAddress
) -> None:
    make_account(anna)
    text = actions.RuleText("Rotas", Fields(subject="rota"), (Deed("forward", str(proved.pk)),))
    actions.write_rule(anna.pk, None, text)
    data = browser.get("/settings/storage/settings.json").content
    assert json.loads(data)["rules"][0]["deeds"] == [["forward", {"forward": FRIEND}]]
    Rule.objects.all().delete()
    ForwardAddress.objects.update(verified_at=None)
    page = browser.post("/settings/storage/settings/", {"file": SimpleUploadedFile("s.json", data)}).content.decode()
    assert f"{FRIEND} is no confirmed address" in page
    assert not Rule.objects.exists()
    ForwardAddress.objects.update(verified_at=proved.verified_at)
    browser.post("/settings/storage/settings/", {"file": SimpleUploadedFile("s.json", data)})
    assert load_rules(anna.pk)[0].deeds == (Deed("forward", str(proved.pk)),)
