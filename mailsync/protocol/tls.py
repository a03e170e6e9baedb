"""TLS for mail: a plain socket flows in, a verified one flows out, or a word on what is wrong.

Network room. Certificates are always checked against the system's authorities (and the operator's
own ``ca_file``); there is no way to switch that off.
"""

import socket
import ssl
from functools import lru_cache

from mailsync.errors import NeedsUser, TryLater
from mailsync.types import Security, ServerSettings

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


@lru_cache(maxsize=8)
def make_context(ca_file: str | None = None) -> ssl.SSLContext:
    """A client context: TLS 1.2 or later, host names checked, ``ca_file`` trusted beside the system's."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
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
    try:
        return make_context(settings.ca_file).wrap_socket(sock, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        sock.close()
        problem = _CERTIFICATE_PROBLEMS.get(error.verify_code, f"its certificate does not hold: {error.verify_message}")
        raise NeedsUser(
            f"{where} cannot be trusted: {problem}. Check the server name; if it is right, its operator "
            "must mend the certificate.",
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
