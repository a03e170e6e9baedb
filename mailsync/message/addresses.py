"""Address lists (RFC 5322 §3.4) in, mailboxes out, and back. Pure, linear, lenient.

One scanner serves header fields and what a person types into To:. A received list loses nothing; a typed one is
judged strictly, so that no mail goes to an address that nobody wrote.
"""

import re
from dataclasses import dataclass

import idna

from mailsync.message.address_scan import is_address, scan_mailboxes
from mailsync.types import Address

__all__ = [
    "ParsedAddresses",
    "ascii_address",
    "comparable",
    "format_address",
    "is_address",
    "parse_address_list",
    "read_addresses",
    "same_address",
    "without_tag",
]

_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]*")


@dataclass(frozen=True, slots=True)
class ParsedAddresses:
    """What was understood, and one plain sentence for each piece that was not."""

    addresses: tuple[Address, ...]
    errors: tuple[str, ...]


def parse_address_list(text: str) -> ParsedAddresses:
    """Mailboxes of a field or of what a person typed; separators are commas, semicolons and line ends.

    >>> parse_address_list("Ann <ann@example.org>, bob").addresses
    (Address(name='Ann', address='ann@example.org'),)
    >>> parse_address_list("bob").errors
    ('“bob” is not an email address. Write it as name@example.org.',)
    """
    good: list[Address] = []
    errors: list[str] = []
    for one in scan_mailboxes(text):
        if one.address and is_address(one.address):
            good.append(one)
        else:
            wrong = one.address or one.name
            errors.append(f"“{wrong[:200]}” is not an email address. Write it as name@example.org.")
    return ParsedAddresses(tuple(good), tuple(errors))


def read_addresses(text: str) -> tuple[tuple[Address, ...], bool]:
    """Mailboxes of a received header and whether all were sound. Nothing is lost: a broken one keeps its text
    as ``name``, with an empty ``address``."""
    addresses: list[Address] = []
    sound = True
    for one in scan_mailboxes(text):
        # Seen in practice: an address folded in its middle.
        address = "".join(one.address.split())
        if address and is_address(address):
            one = Address(one.name, address)
            # Seen in practice: ``Lee, Ann <ann@example.org>`` with a comma that nobody quoted.
            if addresses and not addresses[-1].address and one.name:
                one = Address(f"{addresses.pop().name}, {one.name}", one.address)
            addresses.append(one)
        else:
            sound = False
            whole = f"{one.name} <{one.address}>" if one.name and one.address else one.name or one.address
            addresses.append(Address(whole, ""))
    return tuple(addresses), sound


def format_address(address: Address) -> str:
    """For people and forms: ``Ann Lee <ann@example.org>``; the name is quoted where it must be, never encoded.

    >>> format_address(Address("Lee, Ann", "ann@example.org"))
    '"Lee, Ann" <ann@example.org>'
    """
    if not address.name:
        return address.address
    name = address.name
    if not all(_ATOMS.fullmatch(char) or char > "\x7f" for char in name) or "=?" in name:
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address.address}>" if address.address else name


def ascii_address(address: str) -> str:
    """The address as it goes on the wire: the domain as A-labels (RFC 5891), the local part as it is.

    Raises ``ValueError`` in plain words when the domain cannot be written so.
    """
    local, at, domain = address.rpartition("@")
    if not at or domain.isascii():
        return address
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError as error:
        raise ValueError(f"“{domain}” is not a domain name: {error}.") from error


def without_tag(address: str) -> str:
    """``ann+shop@x.test`` reaches ``ann@x.test`` (RFC 5233).

    >>> without_tag("ann+shop@x.test"), without_tag("ann@x.test")
    ('ann@x.test', 'ann@x.test')
    """
    local, at, domain = address.rpartition("@")
    return f"{local[0]}{local[1:].partition('+')[0]}{at}{domain}" if local else address


def same_address(one: str, other: str) -> bool:
    """Equal for people: without case in the domain and in the local part, domains as A-labels."""
    return comparable(one) == comparable(other)


def comparable(address: str) -> str:
    """A key under which an address compares: lower case, A-labels."""
    try:
        return ascii_address(address.strip()).lower()
    except ValueError:
        return address.strip().lower()
