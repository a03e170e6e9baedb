"""Address lists (RFC 5322 §3.4) in, mailboxes out, and back. Pure, linear, lenient.

One scanner serves header fields and what a person types into To: groups, comments, routes, quoted local parts,
names with commas nobody quoted, encoded words inside or outside quotes, semicolons as separators, IDN.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import idna

from mailsync.message.encoded_words import decode_words
from mailsync.types import Address

_MAX_CHARS = 1024 * 1024
_MAX_ADDRESSES = 10_000
_MAX_COMMENT_DEPTH = 50
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | "(?P<quoted>(?:[^"\\]|\\.)*)"
      | (?P<word>[^\s"(),:;<>\[\]]+ | \[[^\[\]\s<>,;]*\]?)
      | (?P<mark>.)""",
    re.X | re.S,
)
_ESCAPED = re.compile(r"\\(.)", re.S)
_AROUND_AT = re.compile(r" *@ *")
_COMMENT_MARK = re.compile(r"\\.|[()]", re.S)
_LOCAL_QUOTED = r'"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*"'
_ADDRESS = re.compile(
    rf"(?:{_LOCAL_QUOTED}|[^\s\"(),:;<>@\[\]\\\x00-\x1f]+)@(?:[^\s\"(),:;<>@\[\]\\\x00-\x1f]+|\[[\w.:-]+\])"
)
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]*")
_MAX_LOCAL = 64


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
    for one in _scan(text):
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
    for one in _scan(text):
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


def is_address(address: str) -> bool:
    """``local@domain`` in shape, with no control characters and no white space outside quotes."""
    return _ADDRESS.fullmatch(address) is not None and len(address) <= 320


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


def same_address(one: str, other: str) -> bool:
    """Equal for people: without case in the domain and in the local part, domains as A-labels."""
    return comparable(one) == comparable(other)


def comparable(address: str) -> str:
    """A key under which an address compares: lower case, A-labels."""
    try:
        return ascii_address(address.strip()).lower()
    except ValueError:
        return address.strip().lower()


class _Pending:
    """The pieces of the mailbox that is being read."""

    __slots__ = ("angle", "comments", "in_angle", "words")

    def __init__(self) -> None:
        self.words: list[tuple[str, str]] = []  # (space before, text)
        self.comments: list[str] = []
        self.angle: str | None = None
        self.in_angle = False

    def add(self, space: str, text: str) -> None:
        if self.in_angle:
            self.angle = f"{self.angle}{space}{text}"
        else:
            self.words.append((space, text))

    def phrase(self) -> str:
        return "".join(space + text for space, text in self.words).strip()

    def finish(self) -> Address | None:
        if self.angle is not None:
            # RFC 5322 §4.4: an obsolete route before the colon is dropped.
            address = self.angle.rpartition(":")[2] if self.angle.startswith("@") else self.angle
            return _mailbox(_name(self.phrase() or " ".join(self.comments)), address)
        phrase = self.phrase()
        if not phrase:
            return None
        # RFC 5322 §4.4: obsolete white space around the "@" is dropped.
        bare = _AROUND_AT.sub("@", phrase)
        if is_address(bare):
            # RFC 5322 appendix A.5: the old form ``ann@example.org (Ann Lee)``.
            return _mailbox(_name(" ".join(self.comments)), bare)
        # Seen in practice: ``Ann Lee ann@example.org`` without brackets.
        last = self.words[-1][1]
        if len(self.words) > 1 and is_address(last):
            name = "".join(space + text for space, text in self.words[:-1])
            return _mailbox(_name(name), last)
        return Address(_name(phrase), "")


def _mailbox(name: str, address: str) -> Address:
    address = _AROUND_AT.sub("@", address.strip())
    if address.lower().startswith("mailto:"):
        address = address[7:]
    # Seen in practice: <'ann@example.org'> by Exchange, and encoded words as an address.
    if len(address) > 2 and address[0] == address[-1] == "'":
        address = address[1:-1]
    if address.startswith("=?"):
        address = decode_words(address).strip()
    if name.strip("'\"") == address:
        name = ""
    return Address(name, address)


def _name(text: str) -> str:
    text = " ".join(decode_words(text).split())
    # Seen in practice: names in quotes inside quotes.
    while len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text


def _scan(text: str) -> Iterator[Address]:
    text = text[:_MAX_CHARS]
    at, size, given = 0, len(text), 0
    pending, space = _Pending(), ""
    unclosed_quote = unclosed_comment = False
    while at < size and given < _MAX_ADDRESSES:
        if text[at] == "(" and not pending.in_angle:
            end = -1 if unclosed_comment else _comment_end(text, at)
            if end > 0:
                pending.comments.append(text[at + 1 : end - 1])
            # Never closed: no comment, and none is looked for again, so that many brackets cost no more than one.
            unclosed_comment = end < 0
            at = max(end, at + 1)
            continue
        if text[at] == '"' and unclosed_quote:
            at += 1
            continue
        token = _TOKEN.match(text, at)
        assert token is not None
        at = token.end()
        kind, value = token.lastgroup, token.group()
        if kind == "space":
            space = " "
            # Typed lists: one address a line.
            if "\n" in value and len(pending.words) < 8 and is_address(pending.phrase()):
                kind, value = "mark", ","
            else:
                continue
        if kind == "quoted":
            inner = token.group("quoted")
            # A quoted local part keeps its quotes, a quoted name loses them.
            keeps = pending.in_angle or text.startswith("@", at)
            pending.add(space, value if keeps else _ESCAPED.sub(r"\1", inner))
        elif kind == "word":
            pending.add(space, value)
        elif value in ",;" and not pending.in_angle:
            done, pending = pending.finish(), _Pending()
            if done is not None:
                given += 1
                yield done
        elif value == ":" and not pending.in_angle:
            # RFC 5322 §3.4: what stands before the colon is the group's name, not a mailbox.
            pending = pending if pending.phrase().lower() == "mailto" else _Pending()
            pending.words.clear()
        elif value == "<":
            pending.in_angle, pending.angle = True, ""
        elif value == ">":
            pending.in_angle = False
        else:
            unclosed_quote = unclosed_quote or value == '"'
            if value != '"':
                pending.add(space, value)
        space = ""
        # Seen in practice: ``<a@x> <b@y>`` with no comma.
        if value == ">" and pending.angle is not None and text[at : at + 64].lstrip(" \t").startswith(("<", '"')):
            done, pending = pending.finish(), _Pending()
            if done is not None:
                given += 1
                yield done
    done = pending.finish()
    if done is not None and given < _MAX_ADDRESSES:
        yield done


def _comment_end(text: str, at: int) -> int:
    """Behind the comment that opens at ``at`` (RFC 5322 §3.2.2: comments nest); -1 when it does not end."""
    depth = 0
    for found in _COMMENT_MARK.finditer(text, at):
        mark = found.group()
        if mark == "(":
            depth += 1
        elif mark == ")":
            depth -= 1
            if depth == 0:
                return found.end()
        if depth > _MAX_COMMENT_DEPTH:
            break
    return -1
