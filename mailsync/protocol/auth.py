"""How a login is put into bytes (SASL), and what a refused one means. Pure."""

import base64

from mailsync.errors import MailError, NeedsUser, TryLater
from mailsync.types import Secret, ServerSettings

# Words with which providers tell that the account's own password will not do here.
_APP_PASSWORD_WORDS = (
    "application-specific password",  # Gmail
    "app-specific password",  # iCloud
    "app password",  # Yahoo, AOL, Fastmail
    "application password",  # Mail.ru, Yandex
    "authorization code",  # QQ, 163
    "authorisation code",
    "less secure",
    "web login required",  # Gmail
    "basic authentication is disabled",  # Microsoft
    "basicauthblocked",  # Microsoft
)
_SWITCHED_OFF_WORDS = (
    "imap access is disabled",
    "not enabled for imap",
    "imap is disabled",
    "pop is disabled",
    "pop access is disabled",
    "not enabled for pop",
    "not permitted to access pop",
    "protocol disabled",
    "imap service is not enabled",
    "service is not enabled",
    "smtpclientauthentication is disabled",
    "enable imap",
    "enable pop",
)
_PASSING_WORDS = ("temporar", "try again later", "too many", "unavailable", "rate limit", "throttl", "in use", "busy")


def plain(username: str, password: str) -> bytes:
    """RFC 4616."""
    return f"\0{username}\0{password}".encode()


def xoauth2(username: str, token: str) -> bytes:
    """What Google, Microsoft and Yahoo call XOAUTH2."""
    return f"user={username}\x01auth=Bearer {token}\x01\x01".encode()


def oauthbearer(username: str, token: str, host: str, port: int) -> bytes:
    """RFC 7628 §3.1, with the GS2 header's own escapes (RFC 5801 §4)."""
    name = username.replace("=", "=3D").replace(",", "=2C")
    return f"n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01".encode()


def choose_mechanism(offered: frozenset[str], secret: Secret) -> str:
    """The best of the SASL mechanisms offered (upper case) for this secret; "" when none fits."""
    wanted = ("XOAUTH2", "OAUTHBEARER") if secret.kind == "oauth2" else ("PLAIN", "LOGIN")
    return next((name for name in wanted if name in offered), "")


def initial_response(mechanism: str, settings: ServerSettings) -> bytes:
    """The client's first bytes for PLAIN, XOAUTH2 or OAUTHBEARER, not yet in base64."""
    if mechanism == "XOAUTH2":
        return xoauth2(settings.username, settings.secret.value)
    if mechanism == "OAUTHBEARER":
        return oauthbearer(settings.username, settings.secret.value, settings.host, settings.port)
    return plain(settings.username, settings.secret.value)


def encode(response: bytes) -> bytes:
    return base64.b64encode(response)


def check_login(settings: ServerSettings) -> None:
    """Refuse what cannot be sent as it is. Raises ``NeedsUser`` (``password``)."""
    for text, word in ((settings.username, "user name"), (settings.secret.value, "password")):
        if any(ord(char) < 32 or ord(char) == 127 for char in text):
            raise NeedsUser(
                f"The {word} holds a control character (a line break, perhaps, from copying). Type it again.",
                code="password",
            )


def refused_login(settings: ServerSettings, line: str) -> MailError:
    """What a refusal means, from the server's words: ``line`` is its reply, kept as the detail.

    >>> from mailsync.types import Security
    >>> at = ServerSettings("imap", "imap.example.org", 993, Security.TLS, "a@example.org", Secret("password", "x"))
    >>> refused_login(at, "[ALERT] Application-specific password required").code
    'app_password'
    """
    # Some servers repeat whom they refuse, and names may be any words: busy.bee@example.org.
    lowered = line.lower().replace(settings.username.lower() or " ", " ")
    if any(word in lowered for word in _APP_PASSWORD_WORDS):
        return NeedsUser(
            f"{settings.host} wants an app password: make one in your account's security settings at the provider, "
            "and use it here instead of your own password.",
            code="app_password",
            detail=line,
        )
    if any(word in lowered for word in _SWITCHED_OFF_WORDS):
        name = settings.protocol.upper()
        return NeedsUser(
            f"{name} is switched off for this mailbox at {settings.host}. Switch it on in the provider's settings.",
            code="imap_disabled",
            detail=line,
        )
    if any(word in lowered for word in _PASSING_WORDS) and "password" not in lowered:
        return TryLater(f"{settings.host} does not take logins just now.", detail=line)
    if settings.secret.kind == "oauth2":
        return NeedsUser(
            f"{settings.host} no longer accepts the permission you gave. Connect the account again.",
            code="token",
            detail=line,
        )
    return NeedsUser(
        f"{settings.host} refused the user name or the password of {settings.username}.", code="password", detail=line
    )


def decode_challenge(challenge: bytes) -> str:
    """What a server says of a refused token, for the detail: often JSON with a status (RFC 7628 §3.2.2)."""
    try:
        return base64.b64decode(challenge, validate=True).decode("utf-8", "replace")[:300]
    except ValueError:
        return ""
