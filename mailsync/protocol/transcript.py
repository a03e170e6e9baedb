"""What was said on a connection, without secrets and without mail: lines flow in, a short list stays.

Pure. Kept in memory for the moment something goes wrong; then the last lines go with the item that
is parked, so that an operator can see what the server answered.
"""

import re
from collections import deque

_KEPT_LINES = 200
_LINE_LENGTH = 240
_LOGIN = re.compile(r"^(\S+ )?(LOGIN|AUTHENTICATE \S+|AUTH \S+|PASS|APOP|USER)\b.*", re.IGNORECASE | re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


class Transcript(deque[str]):
    """The newest lines of a conversation. ``C:`` is what we said, ``S:`` what the server said.

    >>> said = Transcript()
    >>> said.sent(b"A1 LOGIN me secret")
    >>> said.received(b'* 1 FETCH (UID 1 BODY[HEADER] "Subject: private")')
    >>> list(said)
    ['C: A1 LOGIN ***', 'S: * 1 FETCH (UID 1 BODY[HEADER] "…")']
    """

    def __init__(self) -> None:
        super().__init__(maxlen=_KEPT_LINES)

    def sent(self, line: bytes) -> None:
        text = _readable(line)
        self.append("C: " + _LOGIN.sub(lambda found: f"{found[1] or ''}{found[2]} ***", text))

    def sent_secret(self) -> None:
        """A line of a login that must not be kept at all."""
        self.append("C: ***")

    def received(self, line: bytes) -> None:
        text = _readable(line)
        if '"' in text and " FETCH " in text[:40]:
            text = _QUOTED.sub('"…"', text)
        self.append("S: " + text)

    def note(self, text: str) -> None:
        """What happened beside the words: a time-out, a broken connection."""
        self.append("-- " + text)


def _readable(line: bytes) -> str:
    text = line[: _LINE_LENGTH + 1].decode("utf-8", "replace").rstrip("\r\n")
    shown = text if text.isprintable() else "".join(char if char.isprintable() else "·" for char in text)
    return shown if len(line) <= _LINE_LENGTH else shown[:_LINE_LENGTH] + "…"
