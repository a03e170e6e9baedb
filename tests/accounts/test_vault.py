"""Secrets at rest: what was closed opens for its own row only, with its own key only, and keys can change."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts import vault
from accounts.adapters import MFAAdapter
from accounts.models import Credential, MailAccount, OutgoingServer, User
from accounts.rotation import rotate_secrets

OLD, NEW, OTHER = vault.make_key(), vault.make_key(), vault.make_key()


@pytest.fixture(autouse=True)
def old_key(settings: Settings) -> None:
    settings.HERON_VAULT_KEYS = [OLD]


@pytest.fixture
def account(db: None) -> MailAccount:
    user = User.objects.create_user("alice@example.org")
    return MailAccount.objects.create(user=user, address="alice@example.com", username="alice", host="imap.example.com")


def keep(account: MailAccount, secret: str = "pass wörd") -> Credential:
    credential = Credential(account=account)
    credential.set_secret(secret)
    credential.save()
    return credential


def test_what_is_closed_opens_again_and_is_never_the_same_twice() -> None:
    tokens = [vault.encrypt(b"secret", b"row 1") for _ in range(2)]
    assert tokens[0] != tokens[1]
    assert [vault.decrypt(token, b"row 1") for token in tokens] == [b"secret", b"secret"]
    assert b"secret" not in tokens[0]


@pytest.mark.parametrize("context", [b"row 2", b""])
def test_a_moved_token_does_not_open(context: bytes) -> None:
    with pytest.raises(vault.VaultError, match="another record"):
        vault.decrypt(vault.encrypt(b"secret", b"row 1"), context)


@pytest.mark.parametrize("position", [0, 1, 5, 20, -1])
def test_a_changed_token_does_not_open(position: int) -> None:
    token = bytearray(vault.encrypt(b"secret", b"row 1"))
    token[position] ^= 1
    with pytest.raises(vault.VaultError):
        vault.decrypt(bytes(token), b"row 1")


def test_a_missing_key_is_named_as_such(settings: Settings) -> None:
    token = vault.encrypt(b"secret", b"row 1")
    settings.HERON_VAULT_KEYS = [OTHER]
    with pytest.raises(vault.VaultError, match="HERON_VAULT_KEYS"):
        vault.decrypt(token, b"row 1")


@pytest.mark.parametrize("keys", [[], ["short"], ["!" * 44], ["QUJD"]])
def test_a_bad_key_stops_loudly(settings: Settings, keys: list[str]) -> None:
    settings.HERON_VAULT_KEYS = keys
    with pytest.raises(ImproperlyConfigured, match="HERON_VAULT_KEYS"):
        vault.encrypt(b"x", b"")


def test_ciphertext_copied_to_another_row_or_kind_does_not_open(account: MailAccount) -> None:
    mine = keep(account)
    assert Credential.objects.get(pk=mine.pk).reveal() == "pass wörd"
    stolen = Credential(account=account, kind=Credential.Kind.REFRESH_TOKEN, ciphertext=mine.ciphertext)
    with pytest.raises(vault.VaultError):
        stolen.reveal()
    mine.kind = Credential.Kind.ACCESS_TOKEN
    with pytest.raises(vault.VaultError):
        mine.reveal()


def test_rotation_closes_all_anew_and_the_second_run_finds_nothing(account: MailAccount, settings: Settings) -> None:
    server = OutgoingServer.objects.create(user=account.user, host="smtp.example.com")
    own = keep(account)
    relay = Credential(server=server)
    relay.set_secret("relay")
    relay.save()
    closed = MFAAdapter().encrypt("totp secret")
    factor = Authenticator.objects.create(user=account.user, type="totp", data={"secret": closed, "note": 1})
    settings.HERON_VAULT_KEYS = [NEW, OLD]
    assert rotate_secrets() == (3, ())
    assert rotate_secrets() == (0, ())
    settings.HERON_VAULT_KEYS = [NEW]
    assert Credential.objects.get(pk=own.pk).reveal() == "pass wörd"
    assert Credential.objects.get(pk=relay.pk).reveal() == "relay"
    factor.refresh_from_db()
    assert MFAAdapter().decrypt(factor.data["secret"]) == "totp secret"
    assert factor.data["note"] == 1


def test_rotation_names_what_no_key_opens_and_leaves_it(account: MailAccount, settings: Settings) -> None:
    lost = keep(account)
    before = bytes(lost.ciphertext)
    settings.HERON_VAULT_KEYS = [NEW]
    with pytest.raises(CommandError, match=r"alice@example\.com"):
        call_command("rotatesecrets")
    assert bytes(Credential.objects.get(pk=lost.pk).ciphertext) == before


def test_makevaultkey_prints_a_key_that_works(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    call_command("makevaultkey")
    settings.HERON_VAULT_KEYS = [capsys.readouterr().out.strip()]
    assert vault.decrypt(vault.encrypt(b"x", b""), b"") == b"x"
