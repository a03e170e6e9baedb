"""Somebody has a full copy of the database; a key is wrong; a key is changed while people work."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from accounts import vault
from accounts.models import Credential, OAuthApp
from accounts.rotation import rotate_secrets
from mailsync.engine import connect
from mailsync.errors import NeedsUser
from tests.factories import make_account

PASSWORDS = ["first very secret password", "second very secret password"]
CLIENT_SECRET = "a client secret for nobody"


def every_cell() -> Iterator[tuple[str, bytes]]:
    """Every value of every table, as bytes, bytea as it is."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                for value in row:
                    raw = bytes(value) if isinstance(value, memoryview | bytes) else str(value).encode()
                    yield table, raw


def fill() -> list[Credential]:
    for password in PASSWORDS:
        make_account(password=password)
    app = OAuthApp(key="club", name="Club", client_id="heron")
    app.set_secret(CLIENT_SECRET)
    app.save()
    return list(Credential.objects.all())


@pytest.mark.django_db
def test_a_copy_of_the_database_opens_nothing(settings: Any) -> None:
    credentials = fill()
    cells = list(every_cell())
    assert len(cells) > 100
    for secret in (*PASSWORDS, CLIENT_SECRET, *settings.HERON_VAULT_KEYS):
        assert [table for table, value in cells if secret.encode() in value] == []
    # Whoever has the copy makes a key of their own: it opens none of it.
    settings.HERON_VAULT_KEYS = [vault.make_key()]
    for credential in credentials:
        with pytest.raises(vault.VaultError):
            credential.reveal()


@pytest.mark.django_db
def test_a_wrong_key_says_so_and_loses_nothing(settings: Any) -> None:
    credentials, right = fill(), settings.HERON_VAULT_KEYS
    before = {c.pk: bytes(c.ciphertext) for c in credentials}
    settings.HERON_VAULT_KEYS = [vault.make_key()]
    with pytest.raises(vault.VaultError, match=r"not in HERON_VAULT_KEYS\. Put the old key back"):
        credentials[0].reveal()
    account = credentials[0].account or credentials[1].account
    assert account is not None
    with pytest.raises(NeedsUser, match="cannot be read"):
        connect.incoming_settings(account)
    assert len(rotate_secrets().unreadable) == len(credentials) + 1
    assert {c.pk: bytes(c.ciphertext) for c in Credential.objects.all()} == before
    settings.HERON_VAULT_KEYS = right
    assert {c.reveal() for c in Credential.objects.all()} == set(PASSWORDS)


@pytest.mark.django_db(transaction=True)
def test_rotation_goes_on_while_secrets_are_used_and_changed(settings: Any) -> None:
    credentials = fill()
    old = list(settings.HERON_VAULT_KEYS)
    settings.HERON_VAULT_KEYS = [vault.make_key(), *old]
    changed, stop, failures = credentials[0], threading.Event(), []

    def work() -> None:
        """A worker reads all the time, and somebody types a new password in the middle of it."""
        try:
            while not stop.is_set():
                for credential in Credential.objects.all():
                    credential.reveal()
                changed.set_secret("typed in the middle")
                changed.save(update_fields=["ciphertext"])
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(5):
            assert rotate_secrets().unreadable == ()
    finally:
        stop.set()
        worker.join(30)
    assert failures == []
    settings.HERON_VAULT_KEYS = settings.HERON_VAULT_KEYS[:1]
    assert Credential.objects.get(pk=changed.pk).reveal() == "typed in the middle"
    assert {c.reveal() for c in Credential.objects.exclude(pk=changed.pk)} == set(PASSWORDS)
    assert OAuthApp.objects.get().reveal() == CLIENT_SECRET
