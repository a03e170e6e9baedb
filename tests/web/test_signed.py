"""Signing what is sent: offered where a certificate may, kept with the draft, and never left out in silence."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Identity, OwnCertificate, User
from mailsync import actions
from mailsync.actions import CannotDo
from mailsync.message.parse import parse_message
from mailsync.message.pkcs12 import OwnKey
from mailsync.message.protection import find_protection
from mailsync.models import Draft, Outgoing
from mailsync.store.own_certificates import record_key
from tests.factories import make_account, make_user
from tests.message.smime import NOW, keys, office, person, root
from tests.web.composing import JSON, form
from tests.web.mail import store
from webmail import signatures

pytestmark = pytest.mark.django_db


@pytest.fixture
def identity(writer: User) -> Identity:
    return writer.identities.get()


def certify(user: User, address: str, *, ends: int = 2000) -> OwnCertificate:
    """From before today until so many days after ``NOW``."""
    return record_key(user.pk, OwnKey(person("ec", address=address, days=(-100, ends)), keys()["ec"], (office(),)))


def is_signed(outgoing: Outgoing) -> bool:
    return find_protection(parse_message(bytes(outgoing.raw)).root).kind == "signed"


def send(client: Client, draft: Draft, **fields: Any) -> Outgoing:
    answer = client.post(reverse("draft_send", args=[draft.pk]), form(draft, **fields), headers=JSON)
    assert answer.status_code == 200, answer.text
    return Outgoing.objects.latest("pk")


def test_without_a_certificate_nothing_is_said_of_it(client: Client, draft: Draft, identity: Identity) -> None:
    assert "is_signed" not in client.get(reverse("draft", args=[draft.pk])).text
    assert "signs_mail" not in client.get(reverse("identity_edit", args=[identity.pk])).text
    assert not is_signed(send(client, draft))


def test_a_letter_is_signed_where_its_writer_says_so(
    client: Client, writer: User, draft: Draft, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    certify(writer, identity.address)
    page = client.get(reverse("draft", args=[draft.pk])).text
    assert '<input type="hidden" name="signing" value="wished"><input type="checkbox" name="is_signed">' in page
    outgoing = send(client, draft, signing="wished", is_signed="on")
    assert is_signed(outgoing)
    # Whoever gets it is told who signed it.
    monkeypatch.setattr(signatures, "authorities", lambda: (root(),))
    cache.clear()
    bob = make_user("bob")
    make_account(bob)
    received = store(bob, bytes(outgoing.raw))
    reader = Client()
    reader.force_login(bob)
    assert "Signed by Ada (certificate of Office Ltd), unchanged" in reader.get(f"/m/{received.pk}/").text


def test_an_address_that_always_signs_does_unless_a_letter_says_otherwise(
    client: Client, writer: User, draft: Draft, identity: Identity
) -> None:
    certify(writer, identity.address)
    edit = reverse("identity_edit", args=[identity.pk])
    assert 'name="signs_mail"' in client.get(edit).text
    client.post(edit, {"name": "Anna", "signs_mail": "on"})
    identity.refresh_from_db()
    assert identity.signs_mail
    page = client.get(reverse("draft", args=[draft.pk])).text
    assert 'name="signing" value="always"><input type="checkbox" name="is_signed" checked>' in page
    assert is_signed(send(client, draft, signing="always", is_signed="on"))
    plain = actions.start_draft(writer.pk)
    assert not is_signed(send(client, plain, signing="always"))
    # What no screen has saved, as a draft of another program, goes by the address.
    other = actions.start_draft(writer.pk, to="bob@friends.test")
    assert is_signed(actions.send(writer.pk, other.pk))


def test_the_choice_stays_with_the_draft(client: Client, writer: User, draft: Draft, identity: Identity) -> None:
    certify(writer, identity.address)
    client.post(reverse("draft_save", args=[draft.pk]), form(draft, signing="wished", is_signed="on"), headers=JSON)
    draft.refresh_from_db()
    assert draft.is_signed is True
    stopped = actions.undo_send(writer.pk, actions.send(writer.pk, draft.pk, 60).pk)
    assert stopped.is_signed is True
    client.post(reverse("draft_save", args=[stopped.pk]), form(stopped, signing="wished"), headers=JSON)
    stopped.refresh_from_db()
    assert stopped.is_signed is None
    # A form that does not ask changes nothing.
    Draft.objects.filter(pk=stopped.pk).update(is_signed=True)
    client.post(reverse("draft_save", args=[stopped.pk]), form(stopped, subject="Later"), headers=JSON)
    stopped.refresh_from_db()
    assert (stopped.subject, stopped.is_signed) == ("Later", True)


def test_without_scripts_another_address_brings_its_own_way(
    client: Client, writer: User, draft: Draft, identity: Identity
) -> None:
    """The form comes with the tick of the address that it showed: as long as that was not touched, it says nothing."""
    certify(writer, identity.address)
    Identity.objects.filter(pk=identity.pk).update(signs_mail=True)
    club = Identity.objects.create(
        user=writer, account=identity.account, address="club@mail.test", verified_at=timezone.now()
    )
    fields = {**form(draft, identity=club.pk, text="Hi", signing="always", is_signed="on")}
    del fields["body"]
    assert client.post(reverse("draft_send", args=[draft.pk]), fields).status_code == 302
    assert not is_signed(Outgoing.objects.get())


@pytest.mark.parametrize("why", ["none", "ended", "ends before it leaves", "another address", "of somebody else"])
def test_what_cannot_be_signed_does_not_leave_unsigned(
    why: str, client: Client, writer: User, draft: Draft, identity: Identity
) -> None:
    soon = (timezone.now() - NOW).days + 3
    if why in ("ended", "ends before it leaves"):
        certify(writer, identity.address, ends=soon - 10 if why == "ended" else soon)
    elif why == "another address":
        certify(writer, "else@example.test")
    elif why == "of somebody else":
        certify(make_user("eve"), identity.address)
    later = {"when": "pick", "send_at": (timezone.now() + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M")}
    fields = form(draft, signing="wished", is_signed="on", **(later if why == "ends before it leaves" else {}))
    answer = client.post(reverse("draft_send", args=[draft.pk]), fields, headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["field"] == "is_signed"
    assert f"You have no certificate that signs as {identity.address}" in answer.json()["error"]
    assert not Outgoing.objects.exists()
    # The page offers to take the wish back, and without it the letter leaves.
    page = client.get(reverse("draft", args=[draft.pk])).text
    assert 'name="is_signed" checked' in page
    draft.refresh_from_db()
    assert not is_signed(send(client, draft, signing="wished"))


def test_a_key_that_is_damaged_sends_nothing(writer: User, draft: Draft, identity: Identity) -> None:
    row = certify(writer, identity.address)
    OwnCertificate.objects.filter(pk=row.pk).update(sealed_key=b"\1" * 60)
    Draft.objects.filter(pk=draft.pk).update(is_signed=True, to="bob@friends.test")
    with pytest.raises(CannotDo, match="cannot be read here any more"):
        actions.send(writer.pk, draft.pk)
    assert Draft.objects.filter(pk=draft.pk).exists()
