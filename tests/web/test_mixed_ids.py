"""Another person's ids in fields of one's own forms: what is asked for with them is refused, and nothing is kept of it.

``test_matrix.py`` walks the ids that stand in addresses; these stand in what a form sends.
"""

from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.test import Client
from django.urls import reverse

from accounts.models import User
from mailsync.models import Act, Change, Draft, ForwardAddress, Placement, Rule, SavedSearch, Upload
from tests.belongings import make_belongings
from tests.factories import START, make_user

pytestmark = pytest.mark.django_db


def _forms(mine: dict[str, Any], hers: dict[str, Any]) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(name of the address, what it takes, what is sent): each with one thing that is hers."""
    row = f"p{Placement.objects.get(message=mine['message_id']).pk}"
    draft, account, folder = ({f"{name}_id": mine[f"{name}_id"]} for name in ("draft", "account", "folder"))
    letter = {"version": 1, "to": "bob@x.test", "subject": "Hi", "body": "<p>Hi</p>"}
    rule = {"name": "Mine", "sender": "ann@x.test"}
    place = (f"a{hers['account_id']}", hers["folder_id"])
    return [
        *(("act", {}, {"do": verb, "on": row, "folder": hers["folder_id"]}) for verb in ("move", "copy")),
        ("act", {}, {"do": "move", "everything": 1, "next": f"/f/{mine['folder_id']}/", "folder": hers["folder_id"]}),
        ("act", {}, {"do": "archive", "everything": 1, "next": f"/f/{hers['folder_id']}/"}),
        *(("folder_new", {}, {"name": "New", "below": below}) for below in place),
        *(("folder_edit", folder, {"do": "move", "below": below}) for below in place[1:]),
        *(("settings_import", {}, {"into": into}) for into in place),
        *(("import_begin", {}, {"into": into, "name": "a.mbox", "size": 5}) for into in place),
        ("save_search", {}, {"name": "Hers", "q": "x", "folder": hers["folder_id"]}),
        ("ask_servers", {}, {"q": "x", "folder": hers["folder_id"]}),
        ("sweep", {"message_id": mine["message_id"]}, {"which": "all", "where": f"f{hers['folder_id']}"}),
        ("draft_upload_piece", {**draft, "upload_id": hers["upload_id"]}, {}),
        ("draft_detach", {**draft, "attachment_id": hers["attachment_id"]}, {}),
        ("draft_insert", {**draft, "template_id": hers["template_id"]}, letter),
        ("draft_keep", {"draft_id": hers["draft_id"]}, letter),
        ("draft_keep", {"draft_id": 10**9}, {**letter, "asked": 1, "mode": "reply", "original": hers["message_id"]}),
        *((f"draft_{verb}", draft, {**letter, "identity": hers["identity_id"]}) for verb in ("save", "send")),
        *(("contacts_chosen", {}, {"do": verb, "contact": [mine["contact_id"], hers["contact_id"]], "name": "G"})
          for verb in ("merge", "group")),
        ("rule_add", {}, {**rule, "filing": f"f{hers['folder_id']}"}),
        ("rule_add", {}, {**rule, "flag": "on", "accounts": hers["account_id"]}),
        ("rule_add", {}, {**rule, "call": hers["webhook_id"]}),
        ("rule_add", {}, {**rule, "forward": hers["forward_address_id"]}),
        ("account_transfer", account, {"to": hers["account_id"]}),
        ("auto_reply_edit", account, {"enabled": "on", "text": "Away", "also": hers["account_id"]}),
        ("template_file_remove", {"template_id": mine["template_id"], "file_id": hers["file_id"]}, {}),
    ]  # fmt: skip


_BEGUN = ("edit", "again", "missed", "template", "attached", "identity")


def test_what_is_hers_does_nothing_in_a_form_of_mine(client: Client) -> None:
    alice, bob = make_user("alice"), make_user("bob")
    hers, mine = make_belongings(alice), make_belongings(bob)
    client.force_login(bob)
    kept = (Act, Change, Draft, Rule, SavedSearch, Upload)
    before = [_rows(model, bob) for model in kept]
    was = {model: _hers(model, alice) for model in _tables()}
    for name, takes, sent in _forms(mine, hers):
        answer = client.post(reverse(name, kwargs=takes), sent)
        # A page that asks again (200) or leads back (302) has done nothing, which is looked at below.
        assert answer.status_code in (200, 204, 302, 404, 409, 422), (name, sent, answer.status_code)
        assert [_rows(model, bob) for model in kept] == before, (name, sent)
    ids = {"edit": "message", "again": "message", "missed": "outgoing", "attached": "message"}
    for wish in _BEGUN:
        asked = {wish: hers[f"{ids.get(wish, wish)}_id"]}
        assert client.get(reverse("compose"), asked).status_code == 404, wish
    assert client.get(reverse("compose"), {"mode": "reply", "original": hers["message_id"]}).status_code == 404
    assert client.get(reverse("export"), {"account": hers["account_id"]}).status_code == 404
    assert [_rows(model, bob) for model in kept] == before
    # Words are never lost, so this keeps a copy; of whom it is from it keeps what was mine.
    client.post(reverse("draft_keep", args=[mine["draft_id"]]), {"version": 1, "identity": hers["identity_id"]})
    assert set(Draft.objects.filter(user=bob).values_list("identity__user", flat=True)) == {bob.pk}
    assert {model: _hers(model, alice) for model in was} == was


def _rows(model: type[models.Model], user: User) -> list[tuple[Any, ...]]:
    whose = "account__user" if model is Change else "user"
    return list(model._default_manager.filter(**{whose: user}).order_by("pk").values_list("pk"))


#: What a person has arranged, by the way that leads to them.
_TABLES = {
    "Contact": "user",
    "Draft": "user",
    "DraftAttachment": "draft__user",
    "Folder": "account__user",
    "MailTemplate": "user",
    "Placement": "account__user",
    "Rule": "user",
    "TemplateFile": "template__user",
    "Upload": "user",
}


def _tables() -> list[type[models.Model]]:
    return [apps.get_model("mailsync", name) for name in _TABLES]


def _hers(model: type[models.Model], user: User) -> list[dict[str, Any]]:
    return list(model._default_manager.filter(**{_TABLES[model.__name__]: user}).order_by("pk").values())


def test_the_same_forms_do_something_with_what_is_mine(client: Client) -> None:
    """So that what is refused above is refused for whose it is."""
    bob = make_user("bob")
    mine = make_belongings(bob)
    ForwardAddress.objects.update(verified_at=START)
    client.force_login(bob)
    sent = [(name, client.post(reverse(name, kwargs=takes), form)) for name, takes, form in _forms(mine, mine)]
    refused = {name for name, answer in sent if answer.status_code not in (200, 204, 302)}
    # A folder into itself, a piece of nothing, an answer for the same mailbox twice.
    assert refused == {"folder_edit", "draft_upload_piece", "auto_reply_edit"}
