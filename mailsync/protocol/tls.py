"""TLS for mail: a plain socket flows in, a verified one flows out, or a word on what is wrong.

Network room. Certificates are always checked: against the system's authorities (and the operator's own
``ca_file``), or, where an administrator has looked at one and trusts it, against exactly that one. There is no way
to switch that off.
"""

import socket
import ssl
from functools import lru_cache

from mailsync.errors import CertificateRefused, NeedsUser, TryLater
from mailsync.protocol.certificate import fingerprint, parse_certificate
from mailsync.types import Certificate, Security, ServerSettings

#: Ports where TLS begins at once (RFC 8314 §3); 585 is the old port of secure IMAP.
IMPLICIT_TLS_PORTS = frozenset({465, 585, 993, 995})

# X509_V_ERR_*, as OpenSSL numbers them.
_CERTIFICATE_PROBLEMS = {
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    18: "its certificate is self-signed, so nobody vouches for it",
    19: "its certificate was issued by an authority that this Heron does not know",
    20: "its certificate was issued by an authority that this Heron does not know",
    21: "its certificate was issued by an authority that this Heron does not know",
    23: "its certificate was revoked",
    62: "its certificate is for another name",
    64: "its certificate is for another address",
}
_FIX = "Check the server name; if it is right, its operator must mend the certificate."
_FIXES = {
    10: "Its operator must renew it; until then nothing is sent there.",
    18: "If it is a server of your own, an administrator of this Heron can trust exactly this certificate.",
    62: "Enter the server by the name that the certificate is for.",
    64: "Enter the server by the name that the certificate is for.",
}


@lru_cache(maxsize=8)
def make_context(ca_file: str | None = None) -> ssl.SSLContext:
    """A client context: TLS 1.2 or later, host names checked, ``ca_file`` trusted beside the system's."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context


@lru_cache(maxsize=1)
def _context_for_pins() -> ssl.SSLContext:
    """A client context that takes any certificate: whoever uses it compares the fingerprint before a byte is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def effective_security(settings: ServerSettings) -> Security:
    """What is really done: a port of implicit TLS never speaks STARTTLS.

    Raises ``NeedsUser`` (``security``) for a plain connection that the operator has not allowed.
    """
    if settings.port in IMPLICIT_TLS_PORTS:
        return Security.TLS
    if settings.security is Security.NONE and not settings.allow_plaintext:
        raise NeedsUser(
            f"{settings.host}:{settings.port} would send the password in the clear. Choose TLS or STARTTLS.",
            code="security",
        )
    return settings.security


def wrap(sock: socket.socket, settings: ServerSettings, host: str) -> ssl.SSLSocket:
    """The TLS handshake on a connected socket, which is closed when it fails.

    Raises ``NeedsUser`` with ``certificate`` (which says what is wrong with it) or ``security``
    (no TLS there), and ``TryLater`` when the connection broke in the handshake.
    """
    where = f"{settings.host}:{settings.port}"
    context = _context_for_pins() if settings.pinned_sha256 else make_context(settings.ca_file)
    try:
        wrapped = context.wrap_socket(sock, server_hostname=host)
        if settings.pinned_sha256:
            _check_pin(wrapped, settings)
        return wrapped
    except ssl.SSLCertVerificationError as error:
        sock.close()
        problem = _CERTIFICATE_PROBLEMS.get(error.verify_code, f"its certificate does not hold: {error.verify_message}")
        fix = _FIXES.get(error.verify_code, _FIX)
        raise NeedsUser(
            f"{where} cannot be trusted: {problem}. {fix}",
            code="certificate",
            detail=error.verify_message,
        ) from error
    except TimeoutError as error:
        sock.close()
        raise NeedsUser(
            f"{where} did not begin TLS. The port may be one for STARTTLS: try that, or another port.",
            code="timeout",
            detail=str(error),
        ) from error
    except ssl.SSLError as error:
        sock.close()
        if isinstance(error, ssl.SSLEOFError):
            raise TryLater(f"{where} broke off while TLS was being set up.", detail=str(error)) from error
        raise NeedsUser(
            f"{where} does not speak TLS in the way that was chosen. Try STARTTLS, or another port.",
            code="security",
            detail=str(error),
        ) from error
    except OSError as error:
        sock.close()
        raise TryLater(f"{where} broke off while TLS was being set up.", detail=str(error)) from error


def shown_certificate(sock: socket.socket | None) -> Certificate | None:
    """The certificate that a socket of ``wrap`` was opened by; None where nothing protects it."""
    der = sock.getpeercert(binary_form=True) if isinstance(sock, ssl.SSLSocket) else None
    return parse_certificate(der) if der else None


def _check_pin(sock: ssl.SSLSocket, settings: ServerSettings) -> None:
    """Raises ``CertificateRefused`` for every certificate but the trusted one, and hangs up."""
    der = sock.getpeercert(binary_form=True) or b""
    if fingerprint(der) == settings.pinned_sha256:
        return
    sock.close()
    raise CertificateRefused(
        f"{settings.host}:{settings.port} shows another certificate than the one that was trusted: its fingerprint is "
        f"{parse_certificate(der).fingerprint}. Nothing was sent. If the server was given a new one, an administrator "
        "of this Heron must look at it; if not, somebody may be in between.",
        der=der,
    )


def starttls_missing(settings: ServerSettings) -> NeedsUser:
    """The error for a server that offers no STARTTLS, or from whose offer someone has stripped it."""
    return NeedsUser(
        f"{settings.host}:{settings.port} does not offer STARTTLS, so the password would travel in the clear. "
        "Nothing was sent. Use the TLS port instead (993 for IMAP, 995 for POP3, 465 for SMTP).",
        code="security",
    )


def plaintext_injected(settings: ServerSettings) -> NeedsUser:
    """The error for bytes that came in the clear after STARTTLS: someone is on the line (CVE-2011-0411)."""
    return NeedsUser(
        f"{settings.host}:{settings.port} sent data in the clear while TLS was being set up, which an attacker on "
        "the way may have put there. Nothing was sent. Use the TLS port instead.",
        code="security",
    )
