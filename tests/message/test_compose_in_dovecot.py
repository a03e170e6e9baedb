"""What we compose, as a mail server reads it: the same people, subject, structure and files in Dovecot's ENVELOPE and
BODYSTRUCTURE (RFC 9051 §7.5.2) as in the composition. It is the third reader beside our own and the standard library's
(``test_compose``)."""

import random
import re
import ssl
import string
from dataclasses import replace
from email.header import decode_header, make_header
from typing import Any

import pytest
from imapclient import IMAPClient

from mailsync.message.compose import build_message
from mailsync.message.facts import Composition, OutgoingAttachment
from mailsync.types import Address
from tests.message.test_compose import PDF, PICTURE, PLAIN
from tests.servers.dovecot import Mailbox

pytestmark = pytest.mark.dovecot

_SIGNS = [
    string.ascii_letters, string.digits, " .,;:!?", "()<>[]@\"\\'=_-", "äöüßéñøå",
    "日本語漢字", "Привет", "שלום", "😀🎉",
]  # fmt: skip


def _text(chance: random.Random, most: int) -> str:
    signs = "".join(chance.sample(_SIGNS, chance.randint(1, 4)))
    return " ".join("".join(chance.choice(signs) for _ in range(chance.randint(1, most))).split())


def _compositions(count: int) -> list[Composition]:
    """Of all that a form accepts, always the same ones."""
    chance = random.Random(5322)
    made = [
        replace(PLAIN, subject="=?utf-8?q?not_encoded?="),
        replace(PLAIN, subject="x" * 300, to=(Address('a "quoted" \\ name', "b@example.net"),)),
        replace(PLAIN, to=tuple(Address("Grüße, " * 4, f"p{n}@bücher.example") for n in range(30))),
    ]
    while len(made) < count:
        files = [
            OutgoingAttachment(f"{_text(chance, 60) or 'x'}.bin", "application/octet-stream", chance.randbytes(90))
            for _ in range(chance.randint(0, 2))
        ]
        html = f'<p>{_text(chance, 80)}</p><img src="cid:{PICTURE.content_id}">' if chance.random() < 0.5 else None
        made.append(
            replace(
                PLAIN,
                sender=Address(_text(chance, 40), "ann@example.org"),
                to=tuple(Address(_text(chance, 50), f"t{n}@example.net") for n in range(chance.randint(1, 6))),
                cc=tuple(Address(_text(chance, 50), f"c{n}@bücher.example") for n in range(chance.randint(0, 3))),
                subject=_text(chance, 120),
                text=f"{_text(chance, 200)}\n",
                html=html,
                message_id=f"{len(made)}@heron.example",
                in_reply_to="parent@heron.example",
                references=("parent@heron.example",),
                attachments=(*files, PICTURE, PDF) if html else tuple(files),
            )
        )
    return made


def _decoded(value: bytes | None) -> str:
    return str(make_header(decode_header((value or b"").decode()))) if value else ""


def _people(addresses: tuple[Any, ...] | None) -> list[tuple[str, str]]:
    return [
        (re.sub(r"\s", "", _decoded(one.name)), f"{one.mailbox.decode()}@{one.host.decode()}")
        for one in addresses or ()
    ]


def _wanted(people: tuple[Address, ...]) -> list[tuple[str, str]]:
    return [
        (re.sub(r"\s", "", one.name), one.address.replace("bücher.example", "xn--bcher-kva.example")) for one in people
    ]


def _leaves(body: Any) -> list[Any]:
    return [leaf for part in body[0] for leaf in _leaves(part)] if body.is_multipart else [body]


def _parameters(pairs: tuple[bytes, ...] | None) -> dict[str, str]:
    given = [one.decode() for one in pairs or ()]
    return dict(zip((name.lower() for name in given[::2]), given[1::2], strict=True))


def _file_name(leaf: Any) -> str:
    """From the disposition, joined and decoded as RFC 2231 §3 and §4 say; by Dovecot the parts are only listed."""
    disposition = next((item for item in leaf if isinstance(item, tuple) and item and item[0] == b"attachment"), None)
    if disposition is None:
        return ""
    found = _parameters(disposition[1])
    if "filename" in found:
        return found["filename"]
    pieces = sorted((name for name in found if name.startswith("filename*")), key=lambda name: name.split("*")[1:])
    pieces.sort(key=lambda name: int(re.sub(r"\D", "", name) or 0))
    raw = b"".join(
        bytes(re.sub(rb"%([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), found[name].encode()))
        if name.endswith("*")
        else found[name].encode()
        for name in pieces
    )
    return raw.partition(b"''")[2].decode()


def test_a_server_reads_what_was_composed(mailbox: Mailbox) -> None:
    compositions = _compositions(60)
    mailbox.append_many([build_message(one).raw for one in compositions])
    context = ssl.create_default_context(cafile=mailbox.server.certificates.ca_file)
    with IMAPClient("localhost", mailbox.server.imaps, ssl_context=context, timeout=20) as client:
        client.login(mailbox.address, mailbox.password)
        client.select_folder("INBOX", readonly=True)
        read = client.fetch(list(range(1, len(compositions) + 1)), ["ENVELOPE", "BODYSTRUCTURE"])
    said = [(read[uid][b"ENVELOPE"], read[uid][b"BODYSTRUCTURE"]) for uid in sorted(read)]
    assert len(said) == len(compositions)
    for composition, (envelope, body) in zip(compositions, said, strict=True):
        assert _decoded(envelope.subject).strip() == composition.subject.strip()
        assert _people(envelope.from_) == _wanted((composition.sender,))
        assert _people(envelope.to) == _wanted(composition.to)
        assert _people(envelope.cc) == _wanted(composition.cc)
        assert envelope.message_id == f"<{composition.message_id}>".encode()
        leaves = _leaves(body)
        kinds = [f"{leaf[0].decode()}/{leaf[1].decode()}".lower() for leaf in leaves]
        shown = ["text/plain", *(["text/html", "image/png"] if composition.html and composition.attachments else [])]
        files = [one for one in composition.attachments if one is not PICTURE]
        assert kinds == [*shown, *(one.content_type for one in files)]
        assert [_file_name(leaf) for leaf in leaves if _file_name(leaf)] == [one.name for one in files]
