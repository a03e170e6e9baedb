"""One throw-away certificate authority for the test servers: its files flow out to servers and clients."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

#: Further names that the good certificate is for: the world in which the running site finds servers.
NAMES = (
    "database.test",
    *(
        f"{star}{name}.test"
        for name in ("harbour", "by-file", "by-site", "by-outlook", "by-guess")
        for star in ("", "*.")
    ),
)


@dataclass(frozen=True)
class Certificates:
    """``ca_file`` is what a client trusts; ``chain`` and ``key`` are what a server at localhost shows."""

    ca_file: str
    chain: str
    key: str
    expired_chain: str
    expired_key: str
    other_name_chain: str
    other_name_key: str

    def server_context(self, chain: str = "", key: str = "") -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain or self.chain, key or self.key)
        return context


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def make_certificates(folder: Path) -> Certificates:
    """A new authority and its certificates, written into ``folder``."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    written: dict[str, str] = {}
    for name, cert in (
        ("good", authority.issue_cert("localhost", "127.0.0.1", *NAMES)),
        ("expired", authority.issue_cert("localhost", "127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=1))),
        ("other", authority.issue_cert("elsewhere.example")),
    ):
        chain = b"".join(blob.bytes() for blob in cert.cert_chain_pems)
        (folder / f"{name}.pem").write_bytes(chain)
        cert.private_key_pem.write_to_path(str(folder / f"{name}.key"))
        written |= {f"{name}_chain": str(folder / f"{name}.pem"), f"{name}_key": str(folder / f"{name}.key")}
    return Certificates(
        ca_file=str(folder / "ca.pem"),
        chain=written["good_chain"],
        key=written["good_key"],
        expired_chain=written["expired_chain"],
        expired_key=written["expired_key"],
        other_name_chain=written["other_chain"],
        other_name_key=written["other_key"],
    )
