"""People's own certificates: kept and closed, found for an address and for a message, each its owner's alone."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from accounts import vault
from accounts.leaving import begin_leaving
from accounts.models import OwnCertificate, User
from accounts.rotation import rotate_secrets
from mailsync.errors import CannotDo
from mailsync.message.certificates import CertificateId
from mailsync.message.pkcs12 import OwnKey
from mailsync.store import own_certificates
from mailsync.store.own_certificates import (
    certificate_to_sign,
    keep_certificates,
    keys_to_open,
    remove_certificate,
)
from tests.factories import make_user
from tests.message.smime import NOW, WORD, office, packed, root

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return make_user("ada@example.test")


def keep(user: User, kind: str = "rsa", **told: Any) -> OwnCertificate:
    (row,) = keep_certificates(user.pk, packed(kind, **told), WORD)
    return row


def named(key: OwnKey) -> CertificateId:
    return CertificateId(key.certificate.issuer.public_bytes(), key.certificate.serial_number)


def test_kept_once_and_the_key_is_closed(ada: User) -> None:
    data = packed()
    (row,) = keep_certificates(ada.pk, data, WORD)
    assert keep_certificates(ada.pk, data, WORD) == [row]
    kept = OwnCertificate.objects.get()
    assert kept.addresses == ["ada@example.test"]
    assert (kept.not_before, kept.not_after) == (NOW - timedelta(days=100), NOW + timedelta(days=100))
    assert (kept.can_sign, kept.can_decrypt) == (True, True)
    key = kept.reveal_key()
    assert key not in bytes(kept.sealed_key)
    found = certificate_to_sign(ada.pk, "Ada@Example.test", NOW)
    assert found is not None
    assert found.key_der() == key
    assert set(found.chain) == {office(), root()}


def test_a_key_moved_to_another_person_or_certificate_does_not_open(ada: User) -> None:
    mine, other = keep(ada), keep(ada, "ec")
    for stolen in (
        OwnCertificate(user=make_user("eve@example.test"), fingerprint=mine.fingerprint, sealed_key=mine.sealed_key),
        OwnCertificate(user=ada, fingerprint=other.fingerprint, sealed_key=mine.sealed_key),
    ):
        with pytest.raises(vault.VaultError):
            stolen.reveal_key()


def test_the_newest_that_is_valid_signs(ada: User) -> None:
    keep(ada, days=(-300, -1))
    older, newer = keep(ada, days=(-200, 100)), keep(ada, "ec", days=(-10, 50))
    keep(ada, days=(1, 200))
    keep(ada, address="ada@else.test", days=(-5, 100))
    keep(ada, usage={"key_encipherment"}, days=(-1, 100))
    for days, expected in ((-9, newer), (0, newer), (60, older)):
        found = certificate_to_sign(ada.pk, "ada@example.test", NOW + timedelta(days=days))
        assert found is not None
        assert found.key_der() == expected.reveal_key()
    assert certificate_to_sign(ada.pk, "ada@example.test", NOW - timedelta(days=400)) is None
    assert certificate_to_sign(ada.pk, "eve@example.test", NOW) is None


def test_only_the_owner_opens_and_only_what_was_encrypted_for_them(ada: User) -> None:
    old, new = keep(ada, days=(-300, -1)), keep(ada)
    names = [named(own_certificates._opened(one)) for one in (old, new)]
    assert [one.key_der() for one in keys_to_open(ada.pk, names[:1])] == [old.reveal_key()]
    assert len(keys_to_open(ada.pk, [*names, CertificateId(b"else", 1)])) == 2
    assert keys_to_open(make_user("eve@example.test").pk, names) == []
    assert keys_to_open(ada.pk, []) == []


def test_a_lost_vault_key_is_said_where_it_matters(ada: User, settings: Settings) -> None:
    name = named(own_certificates._opened(keep(ada)))
    settings.HERON_VAULT_KEYS = [vault.make_key()]
    assert keys_to_open(ada.pk, [name]) == []
    with pytest.raises(CannotDo, match="add it again"):
        certificate_to_sign(ada.pk, "ada@example.test", NOW)


def test_rotation_closes_keys_anew(ada: User, settings: Settings) -> None:
    key = keep(ada).reveal_key()
    newest = vault.make_key()
    settings.HERON_VAULT_KEYS = [newest, *settings.HERON_VAULT_KEYS]
    assert rotate_secrets() == (1, ())
    assert rotate_secrets() == (0, ())
    settings.HERON_VAULT_KEYS = [newest]
    assert OwnCertificate.objects.get().reveal_key() == key


def test_removed_by_the_owner_alone_and_gone_with_them(ada: User) -> None:
    row, more = keep(ada), keep(ada, "ec")
    remove_certificate(make_user("eve@example.test").pk, row.pk)
    assert OwnCertificate.objects.count() == 2
    for _ in range(2):
        remove_certificate(ada.pk, row.pk)
    assert OwnCertificate.objects.get() == more
    begin_leaving(ada)
    assert not OwnCertificate.objects.exists()


def test_there_is_an_end_to_them(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_certificates, "MOST", 1)
    data = packed()
    keep_certificates(ada.pk, data, WORD)
    keep_certificates(ada.pk, data, WORD)
    with pytest.raises(CannotDo) as told:
        keep(ada, "ec")
    assert told.value.field == "file"


def test_the_wrong_words_keep_nothing(ada: User) -> None:
    with pytest.raises(CannotDo) as told:
        keep_certificates(ada.pk, packed(), "wrong")
    assert told.value.field == "passphrase"
    assert not OwnCertificate.objects.exists()
