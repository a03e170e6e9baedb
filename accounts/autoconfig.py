"""Files that name a domain's mail servers: what a stranger's server sent flows in, servers flow out. Pure.

Two kinds: Mozilla's autoconfig (config-v1.1.xml) and the plain answer of Outlook's autodiscover, which many
hosters of IMAP give without a login (MS-OXDSCLI §2.2.4). Both may be false: host names and ports are checked for
shape, and only TLS and STARTTLS are taken.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from typing import Literal
from xml.sax.saxutils import escape

import idna

from accounts.providers import ProtocolName, ServerPreset

CONFIG_BYTES = 64 * 1024
HOST = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}\Z")
_OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook"


def parse_autoconfig(content: bytes, address: str) -> list[ServerPreset]:
    """Servers from an autoconfig file, IMAP first; none for what is none, or tries something."""
    root = _root(content)
    if root is None:
        return []
    return [
        server
        for tag, kind in (("incomingServer", "imap"), ("incomingServer", "pop3"), ("outgoingServer", "smtp"))
        for server in _servers(root, tag, kind, address)
    ]


def _servers(root: ElementTree.Element, tag: str, kind: str, address: str) -> Iterator[ServerPreset]:
    for node in root.iter(tag):
        if node.get("type", "").lower() != kind:
            continue
        security = {"SSL": "tls", "STARTTLS": "starttls"}.get(node.findtext("socketType", "").strip().upper())
        username = _filled(node.findtext("username", "%EMAILADDRESS%"), address)
        local, _, domain = address.rpartition("@")
        host = _filled(node.findtext("hostname", ""), f"{local}@{ascii_domain(domain)}")
        yield from _checked(kind, host, node.findtext("port", ""), security, username or address)


def ascii_domain(domain: str) -> str:
    """A domain as it stands in DNS (RFC 5891); what cannot stand there is left as it is.

    >>> ascii_domain("Bücher.example"), ascii_domain("club.example")
    ('xn--bcher-kva.example', 'club.example')
    """
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain


def build_autodiscover(address: str) -> bytes:
    """The question that autodiscover answers with the servers of this address."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="{_OUTLOOK}/requestschema/2006"><Request>'
        f"<EMailAddress>{escape(address)}</EMailAddress>"
        f"<AcceptableResponseSchema>{_OUTLOOK}/responseschema/2006a</AcceptableResponseSchema>"
        "</Request></Autodiscover>"
    ).encode()


def parse_autodiscover(content: bytes, address: str) -> list[ServerPreset]:
    """Servers from an autodiscover answer, IMAP first. Exchange itself names protocols of its own only: none."""
    root = _root(content)
    if root is None:
        return []
    found: list[ServerPreset] = []
    for kind in ("imap", "pop3", "smtp"):
        for node in root.findall(".//{*}Protocol"):
            said = {name: node.findtext(f"{{*}}{name}", "").strip() for name in ("Type", "Server", "Port", "LoginName")}
            if said["Type"].lower() != kind:
                continue
            encryption = node.findtext("{*}Encryption", "").strip().upper()
            # <SSL> is on when it is missing; <Encryption> says which kind and stands above it.
            plain = encryption == "NONE" or (not encryption and node.findtext("{*}SSL", "on").strip().lower() == "off")
            begins_clear = said["Port"] in ("143", "110", "587", "25") or encryption == "TLS"
            at_once = said["Port"] in ("993", "995", "465") or not begins_clear
            security = None if plain else ("tls" if at_once else "starttls")
            found.extend(_checked(kind, said["Server"], said["Port"], security, said["LoginName"] or address))
    return found


def _root(content: bytes) -> ElementTree.Element | None:
    if not content or len(content) > CONFIG_BYTES or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        return None
    try:
        return ElementTree.fromstring(content)  # noqa: S314  small, and without entities of its own
    except ElementTree.ParseError:
        return None


def _checked(kind: str, host: str, port: str, security: str | None, username: str) -> Iterator[ServerPreset]:
    host, port = host.lower().strip().rstrip("."), port.strip()
    protocol: ProtocolName = kind  # type: ignore[assignment]
    wanted: Literal["tls", "starttls"] = security  # type: ignore[assignment]
    if security and port.isascii() and port.isdecimal() and 0 < int(port) < 65536 and HOST.match(host):
        yield ServerPreset(protocol, host, int(port), wanted, _printable(username))


def _filled(text: str, address: str) -> str:
    local, _, domain = address.rpartition("@")
    for word, value in (("%EMAILADDRESS%", address), ("%EMAILLOCALPART%", local), ("%EMAILDOMAIN%", domain)):
        text = text.replace(word, value)
    return _printable(text)


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable()).strip()[:320]
