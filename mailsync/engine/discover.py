"""Finding servers for an address: ``accounts.discovery`` is given our careful HTTP. The meeting room, no database."""

import ssl

from django.conf import settings

from accounts.autoconfig import CONFIG_BYTES
from accounts.discovery import Discovery, DnsLookup, discover
from accounts.providers import ServerPreset
from mailsync.engine.hosts import is_private_allowed
from mailsync.errors import MailError
from mailsync.protocol import egress, http_get

_FETCH_SECONDS = 4.0
_GREETING_SECONDS = 3.0
_GREETINGS = {"imap": b"* ", "pop3": b"+OK", "smtp": b"220"}


def discover_servers(address: str) -> Discovery | None:
    """The servers behind an address, best first; takes some seconds at worst. None if there is nothing to try."""
    try:
        # DNS is asked without a connection of ours, but it is a call to the outside like any other.
        egress.guard(egress.Kind.DISCOVERY)
    except MailError:
        return None
    return discover(address, _Network(settings.HERON_NAMESERVERS), database_url=settings.HERON_PROVIDER_DATABASE)


class _Network(DnsLookup):
    """What is asked of the outside, each through the door."""

    def fetch(self, url: str, body: bytes = b"") -> bytes | None:
        """Never from a private address, but where the operator allows any; a redirect may lead anywhere."""
        everywhere = "all" in settings.HERON_ALLOW_PRIVATE_HOSTS
        try:
            if not body:
                return http_get.get(
                    url,
                    kind=egress.Kind.DISCOVERY,
                    limit_bytes=CONFIG_BYTES,
                    timeout_seconds=_FETCH_SECONDS,
                    accept="text/xml",
                    ports=(443,),
                    allow_private=everywhere,
                )
            status, content = http_get.send(
                "POST",
                url,
                body,
                kind=egress.Kind.DISCOVERY,
                limit_bytes=CONFIG_BYTES,
                timeout_seconds=_FETCH_SECONDS,
                headers={"Content-Type": "text/xml; charset=utf-8", "User-Agent": http_get.USER_AGENT},
                allow_private=everywhere,
            )
        except MailError:
            return None
        return content if status == 200 else None

    def greets(self, server: ServerPreset) -> bool:
        """A greeting of the right kind. The certificate is not judged yet: if it is bad, the login says so in words."""
        allowed = is_private_allowed(server.host, server.port)
        try:
            sock = egress.open_socket(server.host, server.port, _GREETING_SECONDS, allowed, kind=egress.Kind.DISCOVERY)
            with sock:
                if server.security == "tls":
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                    sock = context.wrap_socket(sock, server_hostname=egress.ascii_host(server.host))
                with sock:
                    return sock.recv(256).startswith(_GREETINGS[server.protocol])
        except (MailError, OSError):
            return False
