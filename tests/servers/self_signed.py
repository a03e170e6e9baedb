"""Certificates that vouch for themselves, and a front of TLS with one of them before a plain server."""

import contextlib
import selectors
import socket
import ssl
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class SelfSigned:
    """``file`` holds certificate and key, ``der`` is the certificate as it is shown."""

    file: str
    der: bytes


def make_self_signed(file: Path, name: str = "localhost") -> SelfSigned:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + pem)
    return SelfSigned(str(file), certificate.public_bytes(serialization.Encoding.DER))


class TlsFront:
    """Listens on loopback with TLS and hands on what is said to a plain port; ``show`` changes the certificate.

    ``heard`` is what clients said under the certificate that is shown now; it is whole once the front has stopped.
    """

    def __init__(self, target_port: int, chain: str, key: str | None = None) -> None:
        self._target = target_port
        self.show(chain, key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def show(self, chain: str, key: str | None = None) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        self._context, self.heard = context, bytearray()

    def start(self) -> "TlsFront":
        self._accepting.start()
        return self

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(timeout=10)
        for thread in self._threads:
            thread.join(timeout=1)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            client.settimeout(60)
            context, heard = self._context, self.heard
            with (
                context.wrap_socket(client, server_side=True) as near,
                socket.create_connection(("127.0.0.1", self._target), timeout=60) as far,
                selectors.DefaultSelector() as ready,
            ):
                ready.register(near, selectors.EVENT_READ, (near, far))
                ready.register(far, selectors.EVENT_READ, (far, near))
                while True:
                    if near.pending():
                        said = near.recv(65536)
                        heard += said
                        far.sendall(said)
                    for entry, _ in ready.select(timeout=60):
                        source, sink = entry.data
                        data = source.recv(65536)
                        if not data:
                            return
                        if source is near:
                            heard += data
                        sink.sendall(data)
