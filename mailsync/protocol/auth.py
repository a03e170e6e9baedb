"""How a login is put into bytes (SASL), and what a refused one means. Pure."""

import base64
import binascii
import hmac
from collections.abc import Callable

from mailsync.errors import MailError, NeedsUser, TryLater
from mailsync.types import Secret, Security, ServerSettings

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


def cram_md5(username: str, password: str, challenge: bytes) -> bytes:
    """RFC 2195 §2.

    >>> cram_md5("tim", "tanstaaftanstaaf", b"<1896.697170952@postoffice.reston.mci.net>")
    b'tim b913a602c7eda7a495b4e6e7334d3890'
    """
    digest = hmac.new(password.encode(), challenge, "md5").hexdigest()
    return f"{username} {digest}".encode()


def choose_mechanism(offered: frozenset[str], secret: Secret) -> str:
    """The best of the SASL mechanisms offered (upper case) for this secret; "" when none fits."""
    wanted = ("XOAUTH2", "OAUTHBEARER") if secret.kind == "oauth2" else ("PLAIN", "LOGIN", "CRAM-MD5")
    return next((name for name in wanted if name in offered), "")


class Exchange:
    """What we say in one SASL exchange (RFC 4422 §3), in base64: ``initial`` where we begin, then answer by answer."""

    def __init__(self, mechanism: str, settings: ServerSettings) -> None:
        self._is_bearer = mechanism == "OAUTHBEARER"
        name, secret = settings.username, settings.secret.value
        self._answers: list[Callable[[bytes], bytes]]
        match mechanism:
            case "LOGIN":
                # draft-murchison-sasl-login: asked for the name, then for the password, in whatever words.
                self._answers = [lambda _: name.encode(), lambda _: secret.encode()]
            case "CRAM-MD5":
                self._answers = [lambda challenge: cram_md5(name, secret, challenge)]
            case "XOAUTH2":
                self._answers = [lambda _: xoauth2(name, secret)]
            case "OAUTHBEARER":
                self._answers = [lambda _: oauthbearer(name, secret, settings.host, settings.port)]
            case _:
                self._answers = [lambda _: plain(name, secret)]
        self.is_client_first = mechanism not in ("LOGIN", "CRAM-MD5")
        #: What a server said of what it refuses.
        self.cause = ""

    def initial(self) -> bytes:
        """Our first words, of a mechanism where we begin."""
        return encode(self._answers.pop(0)(b""))

    def answer(self, challenge: bytes) -> bytes:
        """The answer to a challenge. One beyond the last tells of a refused token (RFC 7628 §3.2.3)."""
        if self._answers:
            try:
                return encode(self._answers.pop(0)(base64.b64decode(challenge)))
            except binascii.Error:
                return b"*"  # RFC 9051 §6.2.2, RFC 4954 §4, RFC 5034 §4: the client cancels.
        self.cause = decode_challenge(challenge)
        return b"AQ==" if self._is_bearer else b""


def no_way_in(settings: ServerSettings, offered: frozenset[str]) -> NeedsUser:
    """The server takes no password by any of the ``offered`` mechanisms (upper case)."""
    if settings.security is Security.NONE:
        return NeedsUser(f"{settings.host} takes no passwords on this port. Choose TLS.", code="security")
    if offered:
        return NeedsUser(
            f"{settings.host} offers no sign-in by password, only {', '.join(sorted(offered))}. "
            "Ask the provider how mail programs sign in.",
            code="protocol",
        )
    return NeedsUser(
        f"{settings.host} takes no passwords on port {settings.port}, though the connection is encrypted. "
        "Check the server's name and the port, or ask the provider.",
        code="protocol",
    )


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
