"""Writing what is encrypted: for whom a certificate is known and for oneself, or not at all; drafts are for oneself."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Identity, PeerCertificate, User
from mailsync import actions
from mailsync.message.bodies import reader
from mailsync.message.cms import Signer
from mailsync.message.enveloped import Envelope, open_envelope, read_envelope
from mailsync.message.parse import parse_message
from mailsync.message.pkcs12 import OwnKey
from mailsync.message.protection import find_protection
from mailsync.message.transfer import decode_transfer
from mailsync.models import Draft, Message, Outgoing
from mailsync.store import leases, peer_certificates
from mailsync.store.draft_copies import store_due_drafts
from mailsync.store.own_certificates import record_key
from mailsync.store.peer_certificates import learn_certificate
from mailsync.store.raw import read_raw
from tests.factories import make_folder, make_user
from tests.message import smime as letters
from tests.web.composing import JSON, form
from tests.web.mail import store
from webmail import signatures

pytestmark = pytest.mark.django_db

BOB = "bob@friends.test"
SECRET = "the old mill"
_KEYS = {name: rsa.generate_private_key(65537, 2048) for name in ("alice", "bob")}
_MADE: dict[str, list[OwnKey]] = {"alice": [], "bob": []}


def own_key(name: str, address: str, *, days: tuple[int, int] = (-100, 2000)) -> OwnKey:
    issuer = ("Office", letters.keys()["office"])
    made = letters.certificate(name.title(), _KEYS[name], issuer, address=address, days=days)
    _MADE[name].append(OwnKey(made, _KEYS[name]))
    return _MADE[name][-1]


@pytest.fixture
def identity(writer: User) -> Identity:
    """Alice's, with a certificate of her own."""
    identity = writer.identities.get()
    record_key(writer.pk, own_key("alice", identity.address))
    return identity


def learn(user: User, address: str = BOB, **told: Any) -> None:
    known = own_key("bob", address, **told).certificate.public_bytes(Encoding.DER)
    learn_certificate(user.pk, address, [Signer("good", "Bob", (address,), certificate=known)])


def send(client: Client, draft: Draft, **fields: Any) -> Any:
    wish = {"encrypting": "1", "is_encrypted": "on", "body": f"<p>At {SECRET}</p>", **fields}
    return client.post(reverse("draft_send", args=[draft.pk]), form(draft, **wish), headers=JSON)


def opened_by(raw: bytes, name: str) -> str:
    """What is inside, for whoever has this key; "" where it does not open."""
    part = find_protection(parse_message(raw).root).part
    assert part is not None
    envelope = read_envelope(decode_transfer(reader(raw)(part.start, part.end), part.encoding))
    assert isinstance(envelope, Envelope)
    entity = open_envelope(envelope, _MADE[name]).entity
    return parse_message(entity).preview if entity else ""


def is_encrypted(raw: bytes) -> bool:
    return find_protection(parse_message(raw).root).kind == "encrypted"


def test_a_certificate_is_learnt_from_a_signed_letter_and_written_to(
    client: Client, writer: User, draft: Draft, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signatures, "authorities", lambda: (letters.root(),))
    cache.clear()
    ann = own_key("bob", "ada@example.test")
    raw = letters.detached(who=ann.certificate, key=ann.key)
    assert send(client, draft, to="ada@example.test").status_code == 422
    received = store(writer, raw)
    Message.objects.filter(pk=received.pk).update(received_at=timezone.now())
    client.get(f"/m/{received.pk}/")
    known = PeerCertificate.objects.get()
    assert (known.user_id, known.address) == (writer.pk, "ada@example.test")
    draft.refresh_from_db()
    assert send(client, draft, to="Ada <ADA@example.test>").status_code == 200
    outgoing = Outgoing.objects.get()
    assert SECRET.encode() not in bytes(outgoing.raw)
    assert SECRET in opened_by(bytes(outgoing.raw), "bob")


def test_it_is_encrypted_for_its_writer_too(client: Client, writer: User, draft: Draft, identity: Identity) -> None:
    learn(writer)
    assert send(client, draft).status_code == 200
    outgoing = Outgoing.objects.get()
    for name in ("alice", "bob"):
        assert SECRET in opened_by(bytes(outgoing.raw), name)
    # The copy in Sent is these bytes, and opens for who has written them.
    sent = store(writer, bytes(outgoing.raw))
    page = client.get(reverse("body", args=[sent.pk])).text
    assert SECRET in page


def test_who_writes_to_themselves_reads_it_by_one_key(client: Client, draft: Draft, identity: Identity) -> None:
    assert send(client, draft, to=identity.address).status_code == 200
    raw = bytes(Outgoing.objects.get().raw)
    part = find_protection(parse_message(raw).root).part
    assert part is not None
    envelope = read_envelope(decode_transfer(reader(raw)(part.start, part.end), part.encoding))
    assert isinstance(envelope, Envelope)
    assert len(envelope.recipients) == 1
    assert SECRET in opened_by(raw, "alice")


def test_a_domain_beyond_ascii_is_known_by_the_letters_that_certificates_have(writer: User) -> None:
    known = own_key("bob", "bob@xn--mller-kva.test").certificate.public_bytes(Encoding.DER)
    signer = Signer("good", "Bob", ("bob@xn--mller-kva.test",), certificate=known)
    learn_certificate(writer.pk, "bob@müller.test", [signer])
    assert PeerCertificate.objects.get().address == "bob@xn--mller-kva.test"


def test_who_has_no_certificate_is_named_and_nobody_gets_it_in_clear(
    client: Client, writer: User, draft: Draft, identity: Identity
) -> None:
    learn(writer)
    learn(make_user("eve"), "carol@friends.test")  # somebody else's knowledge
    learn(writer, "dave@friends.test", days=(-100, -50))  # no longer valid
    answer = send(client, draft, to=f"{BOB}, carol@friends.test", cc="Dave <dave@friends.test>")
    assert answer.status_code == 422
    assert answer.json()["field"] == "is_encrypted"
    assert "of carol@friends.test, dave@friends.test." in answer.json()["error"]
    assert not Outgoing.objects.exists()
    draft.refresh_from_db()
    # Without scripts the page says the same, and the wish can be taken back.
    page = client.post(reverse("draft_send", args=[draft.pk]), form(draft, encrypting="1", is_encrypted="on", cc=""))
    assert page.status_code == 302
    assert is_encrypted(bytes(Outgoing.objects.get().raw))


def test_blind_copies_would_be_told_to_all(client: Client, writer: User, draft: Draft, identity: Identity) -> None:
    learn(writer)
    learn(writer, "carol@friends.test")
    answer = send(client, draft, bcc="carol@friends.test")
    assert (answer.status_code, answer.json()["field"]) == (422, "bcc")
    assert not Outgoing.objects.exists()


def test_who_has_none_of_their_own_is_not_offered_it(client: Client, writer: User, draft: Draft) -> None:
    learn(writer)
    assert "is_encrypted" not in client.get(reverse("draft", args=[draft.pk])).text
    answer = send(client, draft)
    assert answer.status_code == 422
    assert "You have no certificate of your own" in answer.json()["error"]
    draft.refresh_from_db()
    assert 'name="is_encrypted" checked' in client.get(reverse("draft", args=[draft.pk])).text


def test_it_is_valid_when_the_letter_leaves(client: Client, writer: User, draft: Draft, identity: Identity) -> None:
    learn(writer, days=(-100, (timezone.now() - letters.NOW).days + 3))
    later = (timezone.now() + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M")
    assert send(client, draft, when="pick", send_at=later).status_code == 422
    draft.refresh_from_db()
    assert send(client, draft).status_code == 200


def test_the_copy_in_drafts_is_for_its_writer_alone(
    client: Client, writer: User, draft: Draft, identity: Identity
) -> None:
    learn(writer)
    make_folder(identity.account, "Drafts", role="drafts")
    wish = form(draft, body=f"<p>At {SECRET}</p>", encrypting="1", is_encrypted="on")
    client.post(reverse("draft_save", args=[draft.pk]), wish, headers=JSON)
    Draft.objects.update(store_due_at=timezone.now())
    lease = leases.claim(identity.account_id, "push")
    assert lease is not None
    assert store_due_drafts(lease)
    draft.refresh_from_db()
    assert draft.placement is not None
    copy = draft.placement.message
    raw = read_raw(copy)
    assert is_encrypted(raw)
    assert SECRET in opened_by(raw, "alice")
    assert opened_by(raw, "bob") == ""
    assert SECRET not in copy.preview
    # Where its row was lost, the copy is gone on with, and stays encrypted.
    Draft.objects.all().delete()
    again = actions.edit_stored_draft(writer.pk, copy.pk)
    assert SECRET in again.body
    assert again.is_encrypted


def test_an_answer_to_what_came_encrypted_is_encrypted(client: Client, writer: User, identity: Identity) -> None:
    sealed = letters.sealed_letter(letters.TEXT, _MADE["alice"][-1].certificate)
    received = store(writer, sealed, make_folder(identity.account))
    answer = actions.start_draft(writer.pk, Draft.Mode.REPLY, received.pk)
    assert answer.is_encrypted
    page = client.get(reverse("draft", args=[answer.pk])).text
    assert 'name="is_encrypted" checked' in page
    plain = actions.start_draft(writer.pk)
    assert not plain.is_encrypted


@pytest.mark.parametrize(
    ("signer", "learnt"),
    [
        ({}, True),
        ({"state": "expired"}, False),
        ({"state": "unknown"}, False),
        ({"state": "changed"}, False),
        ({"addresses": ("eve@friends.test",)}, False),
        ({"certificate": b""}, False),
        ({"certificate": letters.person("ec").public_bytes(Encoding.DER)}, False),
    ],
)
def test_only_a_senders_own_vouched_certificate_is_learnt(writer: User, signer: dict[str, Any], learnt: bool) -> None:
    good = own_key("bob", BOB).certificate.public_bytes(Encoding.DER)
    told = {"state": "good", "name": "Bob", "addresses": (BOB,), "certificate": good, **signer}
    learn_certificate(writer.pk, BOB.upper(), [Signer(**told)])
    assert PeerCertificate.objects.exists() is learnt


def test_the_newer_certificate_counts_and_the_one_learnt_longest_ago_goes(
    writer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_certificates, "MOST", 2)
    learn(writer, days=(-10, 300))
    newer = PeerCertificate.objects.get().not_after
    learn(writer, days=(-100, 2000))
    assert PeerCertificate.objects.get().not_after == newer
    learn(writer, "carol@friends.test")
    learn(writer, "dave@friends.test")
    assert set(PeerCertificate.objects.values_list("address", flat=True)) == {"carol@friends.test", "dave@friends.test"}
