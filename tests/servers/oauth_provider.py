"""A small OAuth and OpenID provider on loopback: consent page, codes with PKCE, rotating refresh tokens, introspection.

What a test asks it: ``people`` who have an account there, ``withdraw`` a permission, ``expire`` access
tokens, and which requests it has seen. Dovecot asks it whether a token holds.
"""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

CLIENT_ID, CLIENT_SECRET = "heron-at-the-club", "a-client-secret-nobody-may-see"


@dataclass
class Code:
    address: str
    challenge: str
    redirect_uri: str
    nonce: str


@dataclass
class OAuthProvider:
    """The running provider; one lock guards all it knows."""

    #: Who is signed in at the provider's page, as a browser there would be.
    address: str = ""
    codes: dict[str, Code] = field(default_factory=dict)
    access: dict[str, str] = field(default_factory=dict)
    refresh: dict[str, str] = field(default_factory=dict)
    #: Every token ever given: none of them may be found where it does not belong.
    given: list[str] = field(default_factory=list)
    refreshes: int = 0
    revoked: list[str] = field(default_factory=list)
    #: Answer the token endpoint with this instead, as ``(503, {})``.
    broken: tuple[int, dict[str, Any]] | None = None
    #: What it says of a person beside the address, for signing in.
    claims: dict[str, Any] = field(default_factory=lambda: {"email_verified": True})
    lock: threading.Lock = field(default_factory=threading.Lock)
    port: int = 0

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def withdraw(self, address: str) -> None:
        """The person takes the permission back at the provider."""
        with self.lock:
            for tokens in (self.access, self.refresh):
                for token in [token for token, owner in tokens.items() if owner == address]:
                    del tokens[token]

    def expire(self) -> None:
        """No access token holds any longer; refresh tokens do."""
        with self.lock:
            self.access.clear()

    def grant(self, address: str, nonce: str = "") -> dict[str, Any]:
        access, refresh = f"at-{secrets.token_hex(16)}", f"rt-{secrets.token_hex(16)}"
        self.access[access], self.refresh[refresh] = address, address
        self.given += [access, refresh]
        claims = {"iss": self.issuer, "sub": address, "aud": CLIENT_ID, "email": address, "nonce": nonce}
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        return {"access_token": access, "refresh_token": refresh, "expires_in": 3600, "id_token": f"e30.{body}.sig"}

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """The token endpoint (RFC 6749 §5); a refresh token is good for one use."""
        if self.broken is not None:
            return self.broken
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client"}
        if form.get("grant_type") == "refresh_token":
            address = self.refresh.pop(form["refresh_token"], "")
            self.refreshes += 1
            return (200, self.grant(address)) if address else (400, {"error": "invalid_grant"})
        code = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if code is None or code.challenge != challenge or code.redirect_uri != form.get("redirect_uri"):
            return 400, {"error": "invalid_grant", "error_description": "no such code"}
        return 200, self.grant(code.address, code.nonce)

    def introspect(self, token: str) -> dict[str, Any]:
        """RFC 7662, as Dovecot asks it."""
        address = self.access.get(token, "")
        return {"active": True, "email": address, "username": address} if address else {"active": False}

    def description(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            **{f"{name}_endpoint": f"{self.issuer}/{name}" for name in ("token", "userinfo")},
            "authorization_endpoint": f"{self.issuer}/authorize",
            "revocation_endpoint": f"{self.issuer}/revoke",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }


class _Handler(BaseHTTPRequestHandler):
    provider: OAuthProvider
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        provider = self.provider
        if parts.path == "/.well-known/openid-configuration":
            self._json(200, provider.description())
        elif parts.path == "/authorize":
            self._page(query)
        elif parts.path.startswith("/introspect"):
            with provider.lock:
                self._json(200, provider.introspect(self._bearer() or query.get("token", "")))
        elif parts.path == "/userinfo":
            with provider.lock:
                address = provider.access.get(self._bearer(), "")
            self._json(200 if address else 401, {"sub": address, "email": address, **provider.claims})
        else:
            self._json(404, {})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
        provider = self.provider
        with provider.lock:
            if self.path == "/token":
                self._json(*provider.token(form))
            elif self.path == "/introspect":
                self._json(200, provider.introspect(form.get("token", "")))
            elif self.path == "/revoke":
                provider.revoked.append(form["token"])
                provider.refresh.pop(form["token"], None)
                self._json(200, {})
            elif self.path == "/authorize":
                self._decide(form)
            else:
                self._json(404, {})

    def _page(self, query: dict[str, str]) -> None:
        """Who asks for what, and two buttons."""
        hidden = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in query.items())
        buttons = '<button name="do" value="allow">Allow</button><button name="do" value="deny">Deny</button>'
        text = f"<!doctype html><title>Club</title><h1>Allow?</h1><form method=post action=/authorize>{hidden}{buttons}"
        self._answer(200, "text/html", text.encode())

    def _decide(self, form: dict[str, str]) -> None:
        answer = {"state": form.get("state", "")}
        if form.get("do") == "allow":
            code = secrets.token_hex(16)
            self.provider.codes[code] = Code(
                self.provider.address, form.get("code_challenge", ""), form["redirect_uri"], form.get("nonce", "")
            )
            answer["code"] = code
        else:
            answer["error"] = "access_denied"
        self.send_response(302)
        self.send_header("Location", f"{form['redirect_uri']}?{urlencode(answer)}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _bearer(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def _json(self, status: int, body: dict[str, Any]) -> None:
        self._answer(status, "application/json", json.dumps(body).encode())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def oauth_provider() -> Iterator[OAuthProvider]:
    """A fresh provider for one test."""
    yield from _running()


@pytest.fixture(scope="module")
def shared_oauth_provider() -> Iterator[OAuthProvider]:
    """One provider for the tests of a file, beside the mail servers that ask it."""
    yield from _running()


def _running() -> Iterator[OAuthProvider]:
    provider = OAuthProvider()
    handler = type("Handler", (_Handler,), {"provider": provider})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    provider.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
