"""The grammar of address lists (RFC 5322 §3.4): text in, one ``Address`` for each mailbox out. Pure, linear.

Groups, nested comments, obsolete routes, quoted local parts, encoded words inside or outside of quotes, semicolons
and line ends as separators. Nothing is judged here but shape: what is no address comes out with ``address`` empty,
or with whatever stood between the angle brackets.
"""

import re
from collections.abc import Iterator

from mailsync.message.encoded_words import decode_words
from mailsync.types import Address

_MAX_CHARS = 1024 * 1024
_MAX_ADDRESSES = 10_000
_MAX_COMMENT_DEPTH = 50
_MAX_ADDRESS_CHARS = 320
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | "(?P<quoted>(?:[^"\\]|\\.)*)"
      | (?P<word>[^\s"(),:;<>\[\]]+ | \[[^\[\]\s<>,;]*\]?)
      | (?P<mark>.)""",
    re.X | re.S,
)
_ESCAPED = re.compile(r"\\(.)", re.S)
#: From the first of several spaces only: begun at each of them, a long run of them is read as often.
_AROUND_AT = re.compile(r"(?<! ) *+@ *+")
_COMMENT_MARK = re.compile(r"\\.|[()]", re.S)
_LOCAL_QUOTED = r'"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*"'
_ATOM = r"[^\s\"(),:;<>@\[\]\\\x00-\x1f]+"
_ADDRESS = re.compile(rf"(?:{_LOCAL_QUOTED}|{_ATOM})@(?:{_ATOM}|\[[\w.:-]+\])")


def is_address(address: str) -> bool:
    """``local@domain`` in shape, with no control characters and no white space outside quotes."""
    return _ADDRESS.fullmatch(address) is not None and len(address) <= _MAX_ADDRESS_CHARS


def scan_mailboxes(text: str) -> Iterator[Address]:
    """Each mailbox in order, at most 10,000; names are decoded, addresses are as they were written."""
    scanner = _Scanner(text[:_MAX_CHARS])
    for number, mailbox in enumerate(scanner.mailboxes()):
        if number >= _MAX_ADDRESSES:
            return
        yield mailbox


class _Scanner:
    """The text, how far it is read, and the pieces of the mailbox that is being read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.words: list[tuple[str, str]] = []  # (space before, text)
        self.comments: list[str] = []
        self.angle: list[str] | None = None  # what stands between < and >
        self.in_angle = False
        #: A quote or a comment was opened and never closed: none is looked for again, so that many of them cost
        #: no more than one.
        self.open_quote = False
        self.open_comment = False

    def mailboxes(self) -> Iterator[Address]:
        space = ""
        while self.at < len(self.text):
            if self.text[self.at] == "(" and not self.in_angle:
                self.comment()
                continue
            if self.text[self.at] == '"' and self.open_quote:
                self.at += 1
                continue
            token = _TOKEN.match(self.text, self.at)
            assert token is not None  # the last alternative takes any character
            self.at = token.end()
            kind, value = token.lastgroup, token.group()
            if kind == "space":
                space = " "
                # Typed lists: one address a line.
                ends = "\n" in value and len(self.words) < 8 and is_address(self.phrase())
            elif kind == "mark":
                ends = self.mark(space, value)
                space = ""
            else:
                self.add(space, self.quoted(token) if kind == "quoted" else value)
                ends, space = False, ""
            if ends:
                yield from self.finish()
        yield from self.finish()

    def comment(self) -> None:
        """RFC 5322 §3.2.2: comments nest. One that is never closed is none, and its bracket is skipped."""
        end = -1 if self.open_comment else _comment_end(self.text, self.at)
        if end > 0:
            self.comments.append(self.text[self.at + 1 : end - 1])
        self.open_comment = end < 0
        self.at = max(end, self.at + 1)

    def quoted(self, token: re.Match[str]) -> str:
        """A quoted local part keeps its quotes, a quoted name loses them."""
        if self.in_angle or self.text.startswith("@", self.at):
            return token.group()
        return _ESCAPED.sub(r"\1", token.group("quoted"))

    def mark(self, space: str, value: str) -> bool:
        """One special character; True when it ends the mailbox."""
        if value == "<":
            self.in_angle, self.angle = True, []
        elif value == ">":
            self.in_angle = False
            # Seen in practice: ``<a@x> <b@y>`` with no comma.
            following = self.text[self.at : self.at + 64].lstrip(" \t")
            return self.angle is not None and following.startswith(("<", '"'))
        elif value in ",;" and not self.in_angle:
            return True
        elif value == ":" and not self.in_angle:
            # RFC 5322 §3.4: what stands before the colon is the group's name, not a mailbox.
            self.start()
        elif value == '"':
            self.open_quote = True
        else:
            self.add(space, value)
        return False

    def add(self, space: str, text: str) -> None:
        if self.in_angle and self.angle is not None:
            self.angle += [space, text]
        else:
            self.words.append((space, text))

    def phrase(self) -> str:
        return "".join(space + text for space, text in self.words).strip()

    def start(self) -> None:
        self.words, self.comments, self.angle, self.in_angle = [], [], None, False

    def finish(self) -> Iterator[Address]:
        mailbox = self.mailbox()
        self.start()
        if mailbox is not None:
            yield mailbox

    def mailbox(self) -> Address | None:
        phrase = self.phrase()
        if self.angle is not None:
            # RFC 5322 §4.4: an obsolete route before the colon is dropped.
            address = "".join(self.angle).strip()
            address = address.rpartition(":")[2] if address.startswith("@") else address
            return _mailbox(phrase or " ".join(self.comments), address)
        if not phrase:
            return None
        # RFC 5322 §4.4: obsolete white space around the "@" is dropped.
        bare = _AROUND_AT.sub("@", phrase)
        if is_address(bare):
            # RFC 5322 appendix A.5: the old form ``ann@example.org (Ann Lee)``.
            return _mailbox(" ".join(self.comments), bare)
        # Seen in practice: ``Ann Lee ann@example.org`` without brackets.
        last = self.words[-1][1]
        if len(self.words) > 1 and is_address(last):
            return _mailbox("".join(space + text for space, text in self.words[:-1]), last)
        return Address(_name(phrase), "")


def _mailbox(name: str, address: str) -> Address:
    name = _name(name)
    address = _AROUND_AT.sub("@", address.strip())
    if address.lower().startswith("mailto:"):
        address = address[7:]
    # Seen in practice: <'ann@example.org'> by Exchange, and encoded words as an address.
    if len(address) > 2 and address[0] == address[-1] == "'":
        address = address[1:-1]
    if address.startswith("=?"):
        address = decode_words(address).strip()
    return Address("" if name.strip("'\"") == address else name, address)


def _name(text: str) -> str:
    text = " ".join(decode_words(text).split())
    # Seen in practice: names in quotes inside quotes.
    while len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text


def _comment_end(text: str, at: int) -> int:
    """Behind the comment that opens at ``at``; -1 when it does not end."""
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
