"""The key for push services (RFC 8292): the operator's, or one made once and kept in the vault. Database room."""

import base64
import binascii

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from accounts.models import PushKey

_KEY_BYTES = 32


def load_push_key() -> bytes:
    """The private number, 32 bytes. Raises ``ImproperlyConfigured`` and ``vault.VaultError``."""
    if settings.HERON_PUSH_KEY:
        return _given(settings.HERON_PUSH_KEY)
    # The first is everybody's, should two be made at once.
    kept = PushKey.objects.order_by("pk").first() or _made()
    return kept.reveal()


def check() -> None:
    """Raises ``ImproperlyConfigured`` where the operator's key is none."""
    if settings.HERON_PUSH_KEY:
        _given(settings.HERON_PUSH_KEY)


@transaction.atomic
def _made() -> PushKey:
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    made = PushKey()
    made.set_secret(number.to_bytes(_KEY_BYTES, "big"))
    made.save()
    return PushKey.objects.order_by("pk").first() or made


def _given(text: str) -> bytes:
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImproperlyConfigured("HERON_PUSH_KEY is not base64.") from error
    if len(key) != _KEY_BYTES:
        raise ImproperlyConfigured(f"HERON_PUSH_KEY has {len(key)} bytes; it needs {_KEY_BYTES}.")
    return key
