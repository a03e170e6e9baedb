"""Closing every stored secret with the newest key: rows flow through the vault and back. Database room.

Each row is changed in a transaction of its own and only if nobody has changed it meanwhile, so this
can run while the site works, can be interrupted, and can be run again.
"""

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts import vault
from accounts.adapters import MFA_CONTEXT
from accounts.models import Credential, OAuthApp, OwnCertificate, PushKey


class Rotation(NamedTuple):
    """How many secrets were closed anew, and which cannot be opened with any key (named, never shown)."""

    rotated: int
    unreadable: tuple[str, ...]


#: What other rooms keep in the vault; each adds its own (``AppConfig.ready``).
ELSEWHERE: list[Callable[[], Iterator[tuple[str, bool]]]] = []


def rotate_secrets() -> Rotation:
    """Close all secrets that an older key closed with the newest one. Run it twice: the second finds nothing."""
    rotated, unreadable = 0, []
    own = (_credentials(), _oauth_apps(), _second_factors(), _push_keys(), _own_certificates())
    for step in (*own, *(more() for more in ELSEWHERE)):
        for name, done in step:
            if done:
                rotated += 1
            else:
                unreadable.append(name)
    return Rotation(rotated, tuple(unreadable))


def _credentials() -> Iterator[tuple[str, bool]]:
    for pk in Credential.objects.values_list("pk", flat=True):
        with transaction.atomic():
            credential = Credential.objects.select_for_update().filter(pk=pk).first()
            if credential is None or not vault.needs_rotation(bytes(credential.ciphertext)):
                continue
            try:
                credential.set_secret(credential.reveal())
            except vault.VaultError:
                yield str(credential), False
                continue
            credential.save(update_fields=["ciphertext"])
        yield str(credential), True


def _oauth_apps() -> Iterator[tuple[str, bool]]:
    for pk in OAuthApp.objects.exclude(secret_ciphertext=b"").values_list("pk", flat=True):
        with transaction.atomic():
            app = OAuthApp.objects.select_for_update().filter(pk=pk).first()
            if app is None or not vault.needs_rotation(bytes(app.secret_ciphertext)):
                continue
            try:
                app.set_secret(app.reveal())
            except vault.VaultError:
                yield f"OAuth registration {app}", False
                continue
            app.save(update_fields=["secret_ciphertext"])
        yield f"OAuth registration {app}", True


def _second_factors() -> Iterator[tuple[str, bool]]:
    for pk in Authenticator.objects.values_list("pk", flat=True):
        with transaction.atomic():
            factor = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if factor is None:
                continue
            try:
                data = {key: _rotated(key, value) for key, value in factor.data.items()}
            except vault.VaultError:
                yield f"{factor.get_type_display()} of {factor.user}", False
                continue
            if data == factor.data:
                continue
            factor.data = data
            factor.save(update_fields=["data"])
        yield f"{factor.get_type_display()} of {factor.user}", True


def _push_keys() -> Iterator[tuple[str, bool]]:
    for pk in PushKey.objects.values_list("pk", flat=True):
        with transaction.atomic():
            kept = PushKey.objects.select_for_update().filter(pk=pk).first()
            if kept is None or not vault.needs_rotation(bytes(kept.ciphertext)):
                continue
            try:
                kept.set_secret(kept.reveal())
            except vault.VaultError:
                yield str(kept), False
                continue
            kept.save(update_fields=["ciphertext"])
        yield str(kept), True


def _own_certificates() -> Iterator[tuple[str, bool]]:
    for pk in OwnCertificate.objects.values_list("pk", flat=True):
        with transaction.atomic():
            kept = OwnCertificate.objects.select_for_update().filter(pk=pk).first()
            if kept is None or not vault.needs_rotation(bytes(kept.sealed_key)):
                continue
            try:
                kept.set_key(kept.reveal_key())
            except vault.VaultError:
                yield str(kept), False
                continue
            kept.save(update_fields=["sealed_key"])
        yield str(kept), True


def _rotated(key: str, value: Any) -> Any:
    """One entry of an authenticator's data, closed anew if it is a secret that an older key closed."""
    if key not in ("secret", "seed", "migrated_codes"):
        return value
    if isinstance(value, list):
        return [_rotated(key, item) for item in value]
    try:
        token = base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise vault.VaultError("This second factor was not closed by the vault.") from error
    if not vault.needs_rotation(token):
        return value
    return base64.b64encode(vault.encrypt(vault.decrypt(token, MFA_CONTEXT), MFA_CONTEXT)).decode("ascii")
