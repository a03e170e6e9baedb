"""Signing and encrypting what is sent: what its writer wishes is done, or the message does not leave.

In: a draft and what it is going to be. Out: the key to sign with, and the certificates to encrypt for. Raises
``CannotDo`` with the field to mend; nothing is ever left out in silence.
"""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509

from accounts.models import Identity
from mailsync.errors import CannotDo
from mailsync.message.addresses import ascii_address
from mailsync.message.facts import Composition
from mailsync.message.pkcs12 import OwnKey
from mailsync.models import Draft
from mailsync.store import own_certificates, peer_certificates

_MOST_NAMED = 5


def key_to_sign(draft: Draft, identity: Identity, at: datetime) -> OwnKey | None:
    """None for a message that is not to be signed."""
    wished = identity.signs_mail if draft.is_signed is None else draft.is_signed
    if not wished:
        return None
    key = own_certificates.key_of(identity, at)
    if key is None:
        raise CannotDo(
            f"You have no certificate that signs as {identity.address} at the time of sending. Add one in the settings,"
            " under Certificates, or switch off “Sign” beside the address that you write from.",
            field="is_signed",
        )
    return key


def readers_of(draft: Draft, identity: Identity, composed: Composition, at: datetime) -> Sequence[x509.Certificate]:
    """Of everybody it goes to and of its writer; empty for a message that is not to be encrypted."""
    if not draft.is_encrypted:
        return ()
    if composed.bcc:
        # Each reader finds in the message for whom else it can be opened (RFC 8551 §3.3 and RFC 5652 §6.2).
        raise CannotDo(
            "An encrypted message tells everybody who else can read it. Take the addresses out of Bcc, or switch off"
            " “Encrypt”.",
            field="bcc",
        )
    own = peer_certificates.own_reader(identity, at)
    if own is None:
        raise CannotDo(
            f"You have no certificate of your own for {identity.address}, so you could not read what you have sent. Add"
            " one in the settings, under Certificates, or switch off “Encrypt”.",
            field="is_encrypted",
        )
    people = {ascii_address(one.address).lower(): one.address for one in (*composed.to, *composed.cc)}
    known = peer_certificates.certificates_of(identity.user_id, people, at)
    missing = [written for address, written in people.items() if address not in known]
    if missing:
        named = ", ".join(missing[:_MOST_NAMED]) + (" …" if len(missing) > _MOST_NAMED else "")
        raise CannotDo(
            f"No certificate is known of {named}. Open a signed message from there, or add the certificate in the"
            " settings, under Certificates. Until then, switch off “Encrypt”, or write to the others alone.",
            field="is_encrypted",
        )
    return tuple(dict.fromkeys((*known.values(), own)))
