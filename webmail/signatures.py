"""A message's signature checked when it is read: a stored message in, its signers out. Screens room.

Nothing is written but the sender's certificate, so that one can write to them encrypted.

Judged at the moment of receipt, so an old letter stays as good as it was on the day it came; the answer is kept for a
day. The authorities are those that vouch for mail servers: the system's, or the operator's ``SSL_CERT_FILE``.
"""

import re
import ssl
import warnings
from functools import cache
from pathlib import Path

from cryptography import x509
from django.core.cache import cache as answers

from mailsync.message.cms import Signer, read_signers
from mailsync.message.protection import Protection, signed_bytes
from mailsync.models import Message
from mailsync.store.opening import part_reader
from mailsync.store.peer_certificates import learn_certificate

_KEPT_SECONDS = 24 * 3600
#: OpenSSL's folder of authorities names each by a hash; whatever else lies there is not asked.
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+\Z")


def load_signers(message: Message, protection: Protection) -> tuple[Signer, ...]:
    """Who signed, the best first; empty where that cannot be told. Raises ``BodyNotFetched``."""
    part = protection.part
    if part is None or (protection.kind, protection.way) != ("signed", "smime"):
        return ()
    # The moment tells apart the rows of two databases that use one cache, as after a restore.
    key = f"signers2:{message.raw_id}:{message.created_at.timestamp()}:{part.path}"
    # Who signed what was encrypted is part of what it says.
    is_kept = message.inside is None
    known: tuple[Signer, ...] | None = answers.get(key) if is_kept else None
    if known is None:
        data, content = signed_bytes(part, part_reader(message))
        known = read_signers(data, content, authorities(), message.received_at) if data and content else ()
        learn_certificate(message.account.user_id, message.from_address, known)
        if is_kept:
            answers.set(key, known, _KEPT_SECONDS)
    return known


@cache
def authorities() -> tuple[x509.Certificate, ...]:
    """All certificates that this machine trusts."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        files = [Path(paths.cafile)]
    else:
        folder = Path(paths.capath) if paths.capath else None
        files = [path for path in sorted(folder.iterdir()) if _HASHED.match(path.name)] if folder else []
    found: dict[bytes, x509.Certificate] = {}
    with warnings.catch_warnings():
        # Some roots of the nineties break rules that were written later.
        warnings.simplefilter("ignore")
        for path in files:
            for one in x509.load_pem_x509_certificates(path.read_bytes()):
                found[one.tbs_certificate_bytes] = one
    return tuple(found.values())
