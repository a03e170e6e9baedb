"""Mail servers that take OAuth tokens: a real Dovecot that asks the test's provider, and a submission server too."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult

from tests.servers.certificates import Certificates
from tests.servers.dovecot import Dovecot, make_base, require_dovecot, running
from tests.servers.oauth_provider import OAuthProvider
from tests.servers.smtp import SmtpServer

_ASKING = """\
introspection_mode = post
introspection_url = {issuer}/introspect
username_attribute = email
username_format = %u
active_attribute = active
active_value = true
"""


class OAuthDovecot(Dovecot):
    """Takes XOAUTH2 and OAUTHBEARER beside passwords."""

    def __init__(self, base: Path, certificates: Certificates, provider: OAuthProvider) -> None:
        super().__init__(base, certificates)
        self.provider = provider

    def write_config(self) -> Path:
        config = super().write_config()
        asking = self.base / "oauth2.conf.ext"
        asking.write_text(_ASKING.format(issuer=self.provider.issuer))
        asking.chmod(0o644)
        text = config.read_text().replace(
            "auth_mechanisms = plain login", "auth_mechanisms = plain login xoauth2 oauthbearer"
        )
        # Refused logins of one address are otherwise answered later and later.
        text = text.replace(
            "service anvil {", "service anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }"
        )
        passdb = f"passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {asking}\n}}\n"
        config.write_text(text.replace("passdb {", passdb + "passdb {\n  mechanisms = plain login", 1))
        return config


class OAuthSmtp(SmtpServer):
    """Takes the provider's tokens by XOAUTH2; passwords too, from who is not the provider's."""

    def __init__(self, certificates: Certificates, provider: OAuthProvider) -> None:
        super().__init__(certificates)
        self.provider = provider
        self.handler.auth_XOAUTH2 = self._xoauth2  # type: ignore[attr-defined]  # aiosmtpd looks for the name

    async def _xoauth2(self, server: Any, args: list[str]) -> AuthResult:
        fields = dict(part.split("=", 1) for part in base64.b64decode(args[1]).decode().split("\x01") if "=" in part)
        token = fields.get("auth", "").removeprefix("Bearer ")
        with self.provider.lock:
            return AuthResult(success=self.provider.access.get(token) == fields.get("user"), handled=False)


@pytest.fixture(scope="module")
def oauth_dovecot(certificates: Certificates, shared_oauth_provider: OAuthProvider) -> Iterator[OAuthDovecot]:
    require_dovecot()
    with running(OAuthDovecot(make_base(), certificates, shared_oauth_provider)) as server:
        yield server


@pytest.fixture(scope="module")
def oauth_smtp(certificates: Certificates, shared_oauth_provider: OAuthProvider) -> Iterator[OAuthSmtp]:
    server = OAuthSmtp(certificates, shared_oauth_provider)
    server.start()
    yield server
    server.stop()
