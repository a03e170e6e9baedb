"""Settings as a file: what comes out goes in again, elsewhere too, and nothing that a stranger wrote is believed."""

import io
import itertools
import json
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import preferences
from accounts.models import Credential, Identity, MailAccount, TrustedSender, User
from mailsync import actions
from mailsync.models import (
    BlockedSender,
    Label,
    MailTemplate,
    Rule,
    SavedSearch,
    SignaturePicture,
    TemplateFile,
    Webhook,
)
from mailsync.plan.rules import Deed, Fields
from mailsync.store.settings_file import VERSION, load_settings
from tests.factories import make_account, make_folder, make_user

pytestmark = pytest.mark.django_db

_COUNTED = (Rule, MailTemplate, TemplateFile, SignaturePicture, Label, BlockedSender, SavedSearch)
PAGE = "/settings/storage/settings/"
FILE = "/settings/storage/settings.json"
PICTURE = b"\x89PNG and so on"
LOGO = b"\x89PNG of a club"


def furnish(user: User) -> MailAccount:
    """Something of each kind."""
    account = make_account(user, address="anna@x.example", label="Club", hue=37, password="tell-nobody-this")
    folder = make_folder(account, "Work/Bills", delimiter="/")
    Identity.objects.filter(account=account).update(
        name="Anna B.", reply_to="anna@x.example", signature_on_answers=False, signature_below=True, signs_mail=True
    )
    identity = account.identities.get()
    logo = actions.attach_to_signature(user.pk, identity.pk, "logo.png", "image/png", LOGO)
    actions.write_signature(
        user.pk, identity.pk, f'<p><b>Anna</b><br>&lt;Club&gt;</p><img src="cid:{logo.content_id}">'
    )
    preferences.save(user, theme="dark", undo_seconds=30, mark_read_seconds=None)
    actions.make_label(user.pk, "Bills", 150)
    deeds = (Deed("label", "Bills"), Deed("move", str(folder.pk)))
    first = actions.write_rule(user.pk, None, actions.RuleText("Bills", Fields(sender="shop.example"), deeds))
    actions.switch_rule(user.pk, first.pk, on=False)
    hook = actions.write_webhook(user.pk, None, name="Chat", url="https://chat.example.org/", says="event")
    does = (Deed("flag"), Deed("call", str(hook.pk)))
    text = actions.RuleText("Club", Fields(list_id="club", larger_mb=2), does, stops=True)
    actions.write_rule(user.pk, None, text)
    actions.block_sender(user.pk, "pest.example", to_bin=True)
    TrustedSender.objects.create(user=user, address="@news.example")
    actions.save_search(user.pk, "Rotas", "subject:rota", folder.pk)
    template = actions.write_template(user.pk, None, name="Thanks", subject="Thank you", body="")
    inline = actions.attach_to_template(user.pk, template.pk, "p.png", "image/png", PICTURE, inline=True)
    words = f'<p>Thanks</p><p><img src="cid:{inline.content_id}"></p>'
    actions.write_template(user.pk, template.pk, name="Thanks", subject="Thank you", body=words)
    actions.attach_to_template(user.pk, template.pk, "a.txt", "text/plain", b"words")
    actions.set_emptying(user.pk, trash_days=30, junk_days=None)
    actions.write_auto_reply(user.pk, [account.pk], actions.AutoReplyText(enabled=True, html="<p>Back on Monday.</p>"))
    return account


def take(browser: Client, data: bytes | str) -> Any:
    given = SimpleUploadedFile("settings.json", data.encode() if isinstance(data, str) else data)
    return browser.post(PAGE, {"file": given})


def without_names(document: dict[str, Any]) -> dict[str, Any]:
    """Pictures are named anew wherever they go."""
    text = json.dumps(document)
    named = [row["files"] for row in document["templates"]]
    named += [row["signature_pictures"] for row in document["identities"]]
    for place, files in enumerate(named):
        for number, file in enumerate(files):
            text = text.replace(file["picture"], f"picture{place}.{number}") if file["picture"] else text
    found: dict[str, Any] = json.loads(text)
    return found


def test_what_comes_out_goes_in_elsewhere(browser: Client, anna: User) -> None:
    furnish(anna)
    User.objects.filter(pk=anna.pk).update(language="de")
    answer = browser.get(FILE)
    assert answer["Content-Disposition"].startswith('attachment; filename="heron-settings-')
    data = answer.content
    assert b"tell-nobody-this" not in data
    ben = make_user("ben")
    account = make_account(ben, address="Anna@x.example")
    make_folder(account, "Work/Bills", delimiter="/")
    Identity.objects.filter(account=account).update(address="Anna@x.example")
    actions.write_webhook(ben.pk, None, name="Chat", url="https://chat.example.org/", says="event")
    other = Client()
    other.force_login(ben, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = take(other, data)
    assert page.status_code == 200
    assert "left-out" not in page.content.decode(), page.content.decode()
    ours, theirs = load_settings(User.objects.get(pk=anna.pk)), load_settings(User.objects.get(pk=ben.pk))
    for document in (ours, theirs):
        # Servers belong to an account, and its address is written as it was typed there; see also below.
        for one in document["accounts"]:
            del one["incoming"], one["sending"], one["address"]
        document["identities"] = [{**one, "account": "", "address": ""} for one in document["identities"]]
    text = json.dumps(without_names(theirs)).replace("Anna@x.example", "anna@x.example")
    emptying = {"emptying": {"trash_days": 30, "junk_days": None}}
    assert {**json.loads(text), **emptying} == without_names(ours)
    # What deletes mail by itself is switched on by hand.
    assert theirs["emptying"] is None
    shown = TemplateFile.objects.get(template__user=ben, name="p.png")
    assert f"cid:{shown.content_id}" in shown.template.body
    assert bytes(shown.blob.data) == PICTURE


def test_a_file_too_large_for_it_is_told_and_lies_beside_it(
    browser: Client, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(anna)
    thanks = MailTemplate.objects.get()
    large = b"brochure" * 40
    actions.attach_to_template(anna.pk, thanks.pk, "brochure.pdf", "application/pdf", large)
    assert "Too large for the file" not in browser.get(PAGE).content.decode()
    monkeypatch.setattr("mailsync.store.settings_file.MOST_FILE_BYTES", 300)
    page = browser.get(PAGE).content.decode()
    assert "Too large for the file" in page
    assert "Thanks: brochure.pdf (320" in page
    data = browser.get(FILE).content
    with zipfile.ZipFile(io.BytesIO(b"".join(browser.get("/settings/storage/export.zip").streaming_content))) as found:  # type: ignore[attr-defined]
        assert found.read("settings.json") == data
        assert found.read("settings files/Thanks/1 brochure.pdf") == large
    # Elsewhere the template comes with its words and its other files.
    MailTemplate.objects.all().delete()
    answer = take(browser, data).content.decode()
    assert "Thanks: Its file “brochure.pdf” was too large to come along" in answer
    back = MailTemplate.objects.get()
    assert "<p>Thanks</p>" in back.body
    assert sorted(back.files.values_list("name", flat=True)) == ["a.txt", "p.png"]


def test_a_signature_comes_with_its_picture(browser: Client, anna: User) -> None:
    furnish(anna)
    document = json.loads(browser.get(FILE).content)
    Identity.objects.update(signature_html="", signature_text="", signature_below=False, signs_mail=False)
    SignaturePicture.objects.all().delete()
    take(browser, json.dumps(document))
    identity, logo = Identity.objects.get(), SignaturePicture.objects.get()
    assert identity.signature_html == f'<p><b>Anna</b><br>&lt;Club&gt;</p><img src="cid:{logo.content_id}">'
    assert (identity.signature_text, identity.signature_below) == ("Anna\n<Club>", True)
    assert (identity.signature_on_new, identity.signature_on_answers, identity.signs_mail) == (True, False, True)
    assert bytes(logo.blob.data) == LOGO
    # What is no picture is no picture of a signature either, and the rest stays as it is.
    document["identities"][0]["signature_pictures"][0] |= {"type": "text/html", "data": "eA=="}
    assert "Only PNG" in take(browser, json.dumps(document)).content.decode()
    assert Identity.objects.get().signature_html == identity.signature_html


def test_a_file_leads_no_copies_or_answers_elsewhere(browser: Client, anna: User) -> None:
    furnish(anna)
    document = json.loads(browser.get(FILE).content)
    document["identities"][0] |= {"name": "Anna", "reply_to": "", "default_bcc": "spy@else.test"}
    page = take(browser, json.dumps(document)).content.decode()
    assert "Copies or answers to spy@else.test are for you to set" in page
    identity = Identity.objects.get()
    assert (identity.name, identity.reply_to, identity.default_bcc) == ("Anna", "", "")


def test_a_file_of_an_older_heron_has_the_text_of_signatures_alone(browser: Client, anna: User) -> None:
    furnish(anna)
    document = json.loads(browser.get(FILE).content)
    (row,) = document["identities"]
    document["identities"] = [
        {name: row[name] for name in ("account", "address", "name", "reply_to", "default_bcc", "signature")}
    ]
    assert "left-out" not in take(browser, json.dumps(document)).content.decode()
    identity = Identity.objects.get()
    assert identity.signature_html == "<p>Anna<br>&lt;Club&gt;</p>"
    assert (identity.signature_text, identity.signature_below) == ("Anna\n<Club>", True)
    assert not SignaturePicture.objects.exists()


def test_twice_doubles_nothing(browser: Client, anna: User) -> None:
    furnish(anna)
    data = browser.get(FILE).content
    before = [kind.objects.count() for kind in _COUNTED]
    page = take(browser, data).content.decode()
    assert "left-out" not in page
    assert "1 saved search" in page
    after = [kind.objects.count() for kind in _COUNTED]
    assert after == before
    assert json.loads(browser.get(FILE).content) == json.loads(data)


def test_what_has_no_place_here_is_named(browser: Client, anna: User) -> None:
    furnish(anna)
    document = json.loads(browser.get(FILE).content)
    document["templates"][0]["files"][0]["data"] = None
    document["templates"][0]["name"] = "Too much"
    document["labels"].append({"keyword": "no label!", "hue": "red"})
    MailAccount.objects.all().delete()
    Webhook.objects.all().delete()
    page = take(browser, json.dumps(document)).content.decode()
    assert "The mail account anna@x.example is not connected here." in page
    assert "was too large to come along" in page
    assert "A label has letters" in page
    assert MailTemplate.objects.get(name="Too much").files.count() == 1
    assert "There is no webhook “Chat” here: add it first." in page
    assert Rule.objects.filter(name="Club").count() == 1


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"[]", b"null", b"{}", b"\xff\xfe", b"[" * 100_000, b"PK\x03\x04", b'{"heron_settings": 2}'),
    ],
)
def test_another_file_is_refused(browser: Client, data: bytes) -> None:
    answer = take(browser, data)
    assert answer.status_code == 422
    assert browser.post(PAGE).status_code == 422


ODD = (None, True, -1, 1e308, "", "\0", "\ud83d", "x" * 5000, [], {}, [[]], [{}], {"a": 1}, [["move", {}]], [["x", 1]])


def test_what_nobody_wrote_does_no_harm(browser: Client, anna: User) -> None:
    furnish(anna)
    standing = json.loads(browser.get(FILE).content)
    del standing["heron_settings"]
    odd = itertools.cycle(ODD)
    changed: list[dict[str, Any]] = []
    for kind, rows in standing.items():
        changed += [{kind: next(odd)} for _ in range(3)]
        row = rows[0] if isinstance(rows, list) and isinstance(rows[0], dict) else rows
        for name in row if isinstance(row, dict) else ():
            one = {**row, name: next(odd)}
            changed.append({kind: [one] if isinstance(rows, list) else one})
    for document in changed:
        text = json.dumps({"heron_settings": VERSION, **document})
        assert take(browser, text).status_code == 200, document
    assert Credential.objects.filter(account__user=anna).count() == 1


def test_a_stranger_finds_nothing_of_others(browser: Client, anna: User) -> None:
    furnish(anna)
    mallory = make_user("mallory")
    other = Client()
    other.force_login(mallory, backend="allauth.account.auth_backends.AuthenticationBackend")
    document = json.loads(other.get(FILE).content)
    assert (document["accounts"], document["rules"], document["templates"]) == ([], [], [])
    take(other, browser.get(FILE).content)
    assert not Rule.objects.filter(user=mallory, deeds__contains=[["move", str(anna.pk)]]).exists()
    assert load_settings(mallory)["identities"] == []


@pytest.mark.parametrize("path", [PAGE, FILE])
def test_the_door_is_closed_to_those_who_are_not_signed_in(client: Client, path: str) -> None:
    assert client.get(path).status_code == 302
