"""OAuth 2 for mailboxes: what to ask a provider, and what its answers mean. Pure; others carry the bytes.

Authorisation code with PKCE and state (RFC 6749 §4.1, RFC 7636, RFC 9700 §2.1.1). Scopes are those of
mail, and where the provider has it the address, so that nobody need type it.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

#: A token is renewed this long before it ends, so that none ends on its way.
RENEW_EARLY_SECONDS = 120
_DEFAULT_LIFE_SECONDS = 3600
_LONGEST_LIFE_SECONDS = 90 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Endpoints:
    authorize_url: str
    token_url: str
    revoke_url: str
    scopes: str
    extra: tuple[tuple[str, str], ...] = ()


_OUTLOOK = "https://outlook.office.com"
_FASTMAIL = "https://www.fastmail.com/dev"
#: Gathered on 2026-11-28 from what mail programs in wide use ask for.
KNOWN: Mapping[str, Endpoints] = {
    "google": Endpoints(
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com/token",
        "https://oauth2.googleapis.com/revoke",
        "https://mail.google.com/ openid email",
        # Without these Google gives no refresh token the second time that a person connects.
        (("access_type", "offline"), ("prompt", "consent")),
    ),
    "microsoft": Endpoints(
        "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        "",
        f"{_OUTLOOK}/IMAP.AccessAsUser.All {_OUTLOOK}/POP.AccessAsUser.All {_OUTLOOK}/SMTP.Send "
        "offline_access openid email profile",
    ),
    "yahoo": Endpoints(
        "https://api.login.yahoo.com/oauth2/request_auth", "https://api.login.yahoo.com/oauth2/get_token", "", "mail-w"
    ),
    "aol": Endpoints(
        "https://api.login.aol.com/oauth2/request_auth", "https://api.login.aol.com/oauth2/get_token", "", "mail-w"
    ),
    "fastmail": Endpoints(
        "https://api.fastmail.com/oauth/authorize",
        "https://api.fastmail.com/oauth/refresh",
        "https://api.fastmail.com/oauth/revoke",
        f"{_FASTMAIL}/protocol-imap {_FASTMAIL}/protocol-pop {_FASTMAIL}/protocol-smtp",
    ),
    "yandex": Endpoints(
        "https://oauth.yandex.com/authorize", "https://oauth.yandex.com/token", "", "mail:imap_full mail:smtp"
    ),
    "mailru": Endpoints("https://o2.mail.ru/login", "https://o2.mail.ru/token", "", "mail.imap"),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """What a provider gave. ``refresh_token`` is empty where the old one stays good (RFC 6749 §6)."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    address: str = ""


class OAuthRefused(Exception):
    """The provider said no. ``final``: the person must give permission anew; else it may pass."""

    def __init__(self, error: str, description: str, *, final: bool) -> None:
        super().__init__(f"{error}: {description}" if description else error)
        self.error = error
        self.final = final


def make_verifier() -> str:
    """RFC 7636 §4.1: 43 to 128 characters that nobody can guess."""
    return secrets.token_urlsafe(48)


def build_challenge(verifier: str) -> str:
    """RFC 7636 §4.2, method S256.

    >>> build_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def build_authorize_url(
    endpoints: Endpoints, *, client_id: str, redirect_uri: str, state: str, verifier: str, nonce: str, address: str = ""
) -> str:
    """Where to send the person. ``address`` is a hint only: they may choose another account there."""
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": endpoints.scopes,
        "state": state,
        "code_challenge": build_challenge(verifier),
        "code_challenge_method": "S256",
        **dict(endpoints.extra),
    }
    if "openid" in endpoints.scopes.split():
        query["nonce"] = nonce
    if address:
        query["login_hint"] = address
    return f"{endpoints.authorize_url}{'&' if '?' in endpoints.authorize_url else '?'}{urlencode(query)}"


def build_exchange(
    *, client_id: str, client_secret: str, code: str, redirect_uri: str, verifier: str
) -> dict[str, str]:
    """The form that turns a code into tokens (RFC 6749 §4.1.3, RFC 7636 §4.5)."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
    return form | _client(client_id, client_secret)


def build_refresh(*, client_id: str, client_secret: str, refresh_token: str) -> dict[str, str]:
    """The form for a new access token (RFC 6749 §6)."""
    return {"grant_type": "refresh_token", "refresh_token": refresh_token} | _client(client_id, client_secret)


def _client(client_id: str, client_secret: str) -> dict[str, str]:
    return {"client_id": client_id, **({"client_secret": client_secret} if client_secret else {})}


def parse_grant(status: int, body: bytes, *, client_id: str, nonce: str = "") -> Grant:
    """The answer of a token endpoint. Raises ``OAuthRefused``."""
    answer = _object(body)
    if status != 200 or "access_token" not in answer:
        error = _text(answer.get("error"), 60) or f"status {status}"
        # invalid_client is the operator's to mend: nobody need give permission anew for it.
        final = status < 500 and error in ("invalid_grant", "access_denied", "interaction_required", "consent_required")
        raise OAuthRefused(error, _text(answer.get("error_description"), 200), final=final)
    return Grant(
        access_token=str(answer["access_token"]),
        refresh_token=str(answer.get("refresh_token") or ""),
        expires_in=_life(answer.get("expires_in")),
        address=_address(str(answer.get("id_token") or ""), client_id, nonce),
    )


def _address(id_token: str, client_id: str, nonce: str) -> str:
    """The address an ID token names, or "". It came over TLS from the provider itself, which vouches for it
    in place of the signature (OpenID Connect Core §3.1.3.7, 6); it must be for us and for this very request."""
    parts = id_token.split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = _object(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return ""
    audience = claims.get("aud")
    if client_id not in (audience if isinstance(audience, list) else [audience]) or claims.get("nonce") != nonce:
        return ""
    # Microsoft's accounts of work have no "email" where the directory holds none.
    named = (_text(claims.get(name), 320) for name in ("email", "preferred_username", "upn"))
    return next((name for name in named if "@" in name), "")


def parse_endpoints(body: bytes, issuer: str) -> tuple[str, str, str]:
    """Authorisation, token and revocation endpoints from a provider's own word (OpenID Connect Discovery §4.2).

    Raises ``ValueError`` for a document that is another issuer's, or none.
    """
    answer = _object(body)
    if str(answer.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
        raise ValueError("The document names another issuer.")
    first, token = str(answer.get("authorization_endpoint", "")), str(answer.get("token_endpoint", ""))
    if not first or not token:
        raise ValueError("The document names no endpoints.")
    return first, token, str(answer.get("revocation_endpoint", ""))


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: Any, most: int) -> str:
    return "".join(char for char in value if char.isprintable())[:most] if isinstance(value, str) else ""


def _life(value: Any) -> int:
    try:
        return min(max(0, int(value)), _LONGEST_LIFE_SECONDS)
    except (TypeError, ValueError):
        return _DEFAULT_LIFE_SECONDS
