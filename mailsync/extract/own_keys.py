"""Opens a stranger's PKCS #12 file in a limited child process: file and passphrase in, certificates and keys out.

What a file hides in its encrypted parts may ask for hours of hashing, which nothing in our own process could stop. The
child gets both through its input, never by its command line or environment, and ends with its one answer.
"""

import json
import resource
import signal
import sys
from base64 import b64decode, b64encode

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mailsync.errors import CannotDo
from mailsync.extract.process import ChildGoneError, ChildProcess
from mailsync.extract.wire import read_frame, write_frame
from mailsync.message.pkcs12 import OwnKey, check_pkcs12, read_key, read_pkcs12

LIMIT_SECONDS = 20.0
_LIMIT_BYTES = 1 << 30


def open_pkcs12(data: bytes, passphrase: str, *, limit_seconds: float = LIMIT_SECONDS) -> list[OwnKey]:
    """``read_pkcs12``. Raises ``CannotDo``."""
    check_pkcs12(data)
    child = ChildProcess(f"from mailsync.extract.own_keys import serve_one; serve_one({limit_seconds})")
    try:
        child.send(passphrase.encode(), data)
        answer, body = child.receive()
    except ChildGoneError as error:
        raise CannotDo(
            "Opening this file takes too long: it asks for too much. Export it again from the program that has it.",
            field="file",
        ) from error
    finally:
        child.stop()
    if answer == b"refused":
        told = json.loads(body)
        raise CannotDo(told["words"], field=told["field"])
    found = json.loads(body)
    chain = tuple(map(_certificate, found["chain"]))
    return [OwnKey(_certificate(one), read_key(b64decode(key)), chain) for one, key in found["own"]]


def serve_one(limit_seconds: float) -> None:
    """Answers one request."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_LIMIT_BYTES, _LIMIT_BYTES))
    passphrase, data = read_frame(sys.stdin.buffer)
    # SIGALRM at its default action ends the process, whatever code is running.
    signal.setitimer(signal.ITIMER_REAL, limit_seconds)
    try:
        found = read_pkcs12(data, passphrase.decode())
    except CannotDo as error:
        told = json.dumps({"words": str(error), "field": error.field})
        write_frame(sys.stdout.buffer, b"refused", told.encode())
        return
    own = [(_text(one.certificate), b64encode(one.key_der()).decode()) for one in found]
    told = json.dumps({"own": own, "chain": [_text(one) for one in found[0].chain]})
    write_frame(sys.stdout.buffer, b"opened", told.encode())


def _text(certificate: x509.Certificate) -> str:
    return b64encode(certificate.public_bytes(Encoding.DER)).decode()


def _certificate(text: str) -> x509.Certificate:
    return x509.load_der_x509_certificate(b64decode(text))
