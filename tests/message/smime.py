"""Signed letters for tests (RFC 8551): people, those who vouch for them, what they sign, and their keys in a file."""

import base64
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    KeySerializationEncryption,
    pkcs7,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mailsync.message.pkcs12 import OwnKey

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CONTENT = b"Content-Type: text/plain\r\n\r\nPay 10 euros.\r\n"
TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\nPay 10 euros.\r\n"
WORD = "grüne Tür"
HEAD = b"From: Ada <ada@example.test>\r\nMIME-Version: 1.0\r\n"
_P256 = bytes.fromhex("06082a8648ce3d030107")
_DETACHED = (pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.DetachedSignature)
Key = Any


def certificate(
    name: str,
    key: Key,
    issuer: tuple[str, Key] | None = None,
    *,
    address: str = "ada@example.test",
    days: tuple[int, int] = (-100, 100),
    purpose: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.EMAIL_PROTECTION,
    is_authority: bool = False,
    usage: set[str] | None = None,
) -> x509.Certificate:
    """Self-signed without ``issuer``; valid for ``days`` around NOW. ``usage`` are names of RFC 5280 §4.2.1.3."""
    issuer_name, issuer_key = issuer or (name, key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if is_authority:
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
        builder = builder.add_extension(_usage({"key_cert_sign", "crl_sign"}), critical=True)
    else:
        if usage is not None:
            builder = builder.add_extension(_usage(usage), critical=True)
        names = x509.SubjectAlternativeName([x509.RFC822Name(address)])
        builder = builder.add_extension(names, critical=False)
    if purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _usage(names: set[str]) -> x509.KeyUsage:
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    every += ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: name in names for name in every})


def named(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"{name} Ltd"),
        ]
    )


@cache
def keys() -> dict[str, Key]:
    return {
        "ec": ec.generate_private_key(ec.SECP256R1()),
        "rsa": rsa.generate_private_key(65537, 2048),
        "root": ec.generate_private_key(ec.SECP256R1()),
        "office": ec.generate_private_key(ec.SECP256R1()),
    }


@cache
def root() -> x509.Certificate:
    return certificate("Root", keys()["root"], days=(-3000, 3000), purpose=None, is_authority=True)


@cache
def office() -> x509.Certificate:
    """Between the root and the people, as authorities have it."""
    issuer = ("Root", keys()["root"])
    return certificate("Office", keys()["office"], issuer, days=(-2000, 2000), is_authority=True)


def unruly() -> dict[str, x509.Certificate]:
    """Ada's, in ways that the library finds only when it is asked, by what is wrong with each."""
    twice = asn1.Certificate.load(person("rsa").public_bytes(serialization.Encoding.DER))
    extensions = twice["tbs_certificate"]["extensions"]
    extensions.append(extensions[2].copy())
    # As long as that of P-256 (1.2.840.10045.3.1.7), and nobody's.
    curve = person("ec").public_bytes(serialization.Encoding.DER).replace(_P256, _P256[:-1] + b"\x77")
    return {
        "an extension twice": x509.load_der_x509_certificate(twice.dump(force=True)),
        "a curve of nobody": x509.load_der_x509_certificate(curve),
    }


def person(kind: str = "ec", **told: Any) -> x509.Certificate:
    return certificate("Ada", keys()[kind], ("Office", keys()["office"]), **told)


def signed(
    who: x509.Certificate,
    key: Key,
    *,
    content: bytes = CONTENT,
    beside: tuple[x509.Certificate, ...] = (),
    options: tuple[pkcs7.PKCS7Options, ...] = (pkcs7.PKCS7Options.Binary,),
    **told: Any,
) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(who, key, hashes.SHA256(), **told)
    for one in beside or (office(),):
        builder = builder.add_certificate(one)
    return builder.sign(serialization.Encoding.DER, [*options])


def detached(
    entity: bytes = TEXT, *, after: bytes = b"", who: x509.Certificate | None = None, key: Key | None = None
) -> bytes:
    """A whole message, signed by Ada or by ``who``."""
    signature = signed(who or person(), key or keys()["ec"], content=entity, options=_DETACHED)
    body = base64.encodebytes(signature).replace(b"\n", b"\r\n")
    return (
        HEAD + b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b\r\n\r\n'
        b"This is an S/MIME signed message\r\n--b\r\n" + entity + b"\r\n--b\r\n"
        b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + body + after + b"--b--\r\n"
    )  # fmt: skip


def opaque() -> bytes:
    body = base64.encodebytes(signed(person(), keys()["ec"], content=TEXT)).replace(b"\n", b"\r\n")
    return (
        HEAD + b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + body
    )


def named_alone(letter: bytes) -> bytes:
    """An opaque or an encrypted letter whose type a gateway has taken away, so that its name alone tells."""
    header, _, body = letter.partition(b"\r\n\r\n")
    header = re.sub(rb"Content-Type: .*", b'Content-Type: application/octet-stream; name="smime.p7m"', header)
    return header + b"\r\n\r\n" + body


def packed(
    kind: str = "rsa",
    word: str = WORD,
    *,
    certified: x509.Certificate | None = None,
    encryption: KeySerializationEncryption | None = None,
    **told: Any,
) -> bytes:
    """A .p12 file of a person's key: ``certified``, or a new certificate as ``told``."""
    certified, encryption = certified or person(kind, **told), encryption or BestAvailableEncryption(word.encode())
    return pkcs12.serialize_key_and_certificates(b"Ada", keys()[kind], certified, [office(), root()], encryption)


def own_key(kind: str = "rsa", **told: Any) -> OwnKey:
    return OwnKey(person(kind, **told), keys()[kind], (office(), root()))


def encrypted(
    entity: bytes, *recipients: x509.Certificate, options: Sequence[str] = (), recipient: Sequence[str] = ()
) -> bytes:
    """A CMS structure as ``openssl cms -encrypt`` makes it; ``recipient`` are options of the last recipient."""
    with TemporaryDirectory() as folder:
        named = [f"{number}.pem" for number in range(len(recipients))]
        for name, one in zip(named, recipients, strict=True):
            Path(folder, name).write_bytes(one.public_bytes(serialization.Encoding.PEM))
        to = [word for name in named for word in ("-recip", name)]
        command = ["openssl", "cms", "-encrypt", "-binary", "-outform", "DER", *(options or ("-aes-256-cbc",))]
        return subprocess.run(
            [*command, *to, *recipient], cwd=folder, input=entity, capture_output=True, check=True
        ).stdout


def html_entity(words: str, *, picture: str = "", file: tuple[str, bytes] = ("plan.txt", b"By the old mill.")) -> bytes:
    """A formatted letter with a picture from outside and a file, to be encrypted."""
    shown = f'<img src="{picture}" width="300" height="200" alt="">' if picture else ""
    name, data = file
    return (
        "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        f"{words}{shown}\r\n--m\r\nContent-Type: text/plain; name={name}\r\n"
        f"Content-Disposition: attachment; filename={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        f"{base64.b64encode(data).decode()}\r\n--m--\r\n"
    ).encode()


def sealed_letter(
    entity: bytes, *recipients: x509.Certificate, options: Sequence[str] = (), head: bytes = HEAD
) -> bytes:
    """A whole message (RFC 8551 §3.3) that is encrypted."""
    body = base64.encodebytes(encrypted(entity, *recipients, options=options)).replace(b"\n", b"\r\n")
    return (
        head + b'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\r\n'
        b"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=smime.p7m\r\n\r\n" + body
    )
