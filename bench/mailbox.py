"""A mailbox as people have them, made from a seed: the same count and seed give the same bytes.

Notes, newsletters, pictures and documents, mean about 107 kB a message. Words come from a vocabulary of 30,000
by Zipf's law, so that an index has as much to do as with real text; conversations are short, most of a single
message, and grow side by side; replies quote what they answer.
"""

import base64
import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate, product

from mailsync.message.compose import build_message
from mailsync.message.facts import Composition, OutgoingAttachment
from mailsync.types import Address

_VOCABULARY = 30_000
#: How many messages a conversation has, at these shares.
_LENGTHS, _SHARES = (1, 2, 3, 4, 6, 9, 14), (60, 15, 9, 6, 5, 3, 2)
_OPEN = 40
_PEOPLE = 700


@dataclass
class _Conversation:
    subject: str
    people: list[Address]
    left: int
    ids: list[str] = field(default_factory=list)
    last: str = ""


def generated_mailbox(count: int, seed: int = 1, *, notes: bool = False) -> Iterator[bytes]:
    """``count`` messages, oldest first, one every minute; ``notes`` alone, of some kilobytes each, or all kinds."""
    random_ = random.Random(seed)
    words = _Words(random_)
    people = [_person(words, number) for number in range(_PEOPLE)]
    talks: list[_Conversation] = []
    for number in range(count):
        if len(talks) < _OPEN:
            few = random_.sample(people, min(_PEOPLE, 2 + min(8, int(random_.expovariate(0.8)))))
            talks.append(_Conversation(words.title(), few, random_.choices(_LENGTHS, _SHARES)[0]))
        place = random_.randrange(len(talks))
        yield _message(random_, words, number, talks[place], most=0.35 if notes else 1.0)
        talks[place].left -= 1
        if not talks[place].left:
            del talks[place]


class _Words:
    """Invented words, the frequent ones short, drawn as text has them."""

    def __init__(self, random_: random.Random) -> None:
        self._random = random_
        syllables = [a + b for a, b in product("bdfghklmnprstvwz", ("a", "e", "i", "o", "u", "er", "an", "ei", "ü"))]
        known: dict[str, None] = {}
        while len(known) < _VOCABULARY:
            length = 1 + min(4, len(known) // 60)
            known["".join(random_.choices(syllables, k=random_.randint(max(1, length - 2), length)))] = None
        self._known = list(known)
        self._sums = list(accumulate(1 / (rank + 2.7) for rank in range(1, _VOCABULARY + 1)))

    def some(self, count: int) -> list[str]:
        known, sums, draw = self._known, self._sums, self._random.random
        return [known[bisect(sums, draw() * sums[-1], hi=_VOCABULARY - 1)] for _ in range(count)]

    def paragraph(self) -> str:
        return " ".join(self.some(self._random.randint(20, 60))).capitalize() + "."

    def title(self) -> str:
        return " ".join(self.some(self._random.randint(2, 7))).capitalize()


def _person(words: _Words, number: int) -> Address:
    first, last = (word.capitalize() for word in words.some(2))
    return Address(f"{first} {last}" if number % 5 else "", f"p{number}@{number % 60}.example.org")


def _message(random_: random.Random, words: _Words, number: int, talk: _Conversation, *, most: float) -> bytes:
    kind = random_.random() * most
    text = "\n\n".join(words.paragraph() for _ in range(random_.randint(1, 12)))
    sender = random_.choice(talk.people)
    quoted = "\n".join(f"> {line}" for line in talk.last.splitlines()[:60])
    html: str | None = None
    files: tuple[OutgoingAttachment, ...] = ()
    if kind > 0.35:
        rows = "".join(f'<tr><td style="color:#333;padding:4px">{words.paragraph()}</td></tr>' for _ in range(60))
        html = f"<html><head><style>td {{ margin: 0 }}</style></head><body><table>{rows}</table></body></html>"
    if kind > 0.75:
        size = int(random_.expovariate(1 / 310_000)) + 2_000
        files = (OutgoingAttachment("Übersicht 2026.pdf", "application/pdf", random_.randbytes(size)),)
    to, *cc = [one for one in talk.people if one is not sender]
    composition = Composition(
        sender=sender,
        to=(to,),
        cc=tuple(cc),
        bcc=(),
        subject=f"Re: {talk.subject}" if talk.ids else talk.subject,
        text=f"{text}\n\n{quoted}" if quoted else text,
        html=html,
        message_id=f"{number}.{number * 2654435761 % 2**32:08x}@example.org",
        date=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number),
        in_reply_to=talk.ids[-1] if talk.ids else "",
        references=tuple(talk.ids),
        attachments=files,
    )
    talk.ids.append(composition.message_id)
    talk.last = text
    received = b"".join(
        b"Received: from mx%d.example.net (mx%d.example.net [192.0.2.%d])\r\n by mail.example.org with ESMTPS id %d;"
        b" Thu, 1 Jan 2026 00:00:00 +0000\r\n" % (hop, hop, hop, number)
        for hop in range(5)
    )
    signature = base64.b64encode(random_.randbytes(256))
    signed = b"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=k; b=" + signature + b"\r\n"
    return received + signed + build_message(composition).raw
