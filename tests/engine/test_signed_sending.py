"""A signed letter on its way: the bytes that were signed are sent, sent again after a break, and filed in Sent."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.utils import timezone

from accounts.models import Identity
from mailsync import actions
from mailsync.message.pkcs12 import OwnKey
from mailsync.store.own_certificates import record_key
from tests.engine.away import Away
from tests.engine.post import Post
from tests.message.smime import keys, office, person, root

pytestmark = pytest.mark.django_db


def certify(identity: Identity) -> None:
    """All that is sent as it is signed."""
    certificate = person("rsa", address=identity.address, days=(-100, 2000))
    record_key(identity.user_id, OwnKey(certificate, keys()["rsa"], (office(),)))
    identity.signs_mail = True
    identity.save()


@pytest.fixture
def post() -> Post:
    post = Post()
    certify(post.account.identities.get())
    return post


def is_verified(raw: bytes, folder: Path) -> bool:
    (folder / "letter").write_bytes(raw)
    (folder / "root").write_bytes(root().public_bytes(Encoding.PEM))
    command = ["openssl", "cms", "-verify", "-in", folder / "letter", "-CAfile", folder / "root", "-out", "/dev/null"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_what_is_sent_and_filed_is_what_was_signed(post: Post, tmp_path: Path) -> None:
    outgoing = post.run(actions.send(post.user_id, post.draft(bcc="carol@example.org").pk, 0))
    post.push()
    sent, filed = post.smtp.taken[0].raw, post.imap.boxes["Sent"].messages[1].raw
    assert is_verified(sent, tmp_path)
    assert is_verified(filed, tmp_path)
    assert outgoing.state == "done"


def test_after_a_break_the_same_bytes_go_again(post: Post, tmp_path: Path) -> None:
    post.smtp.faults = ["data"]
    outgoing = post.write()
    before = bytes(outgoing.raw)
    assert post.run(outgoing).state == "deferred"
    assert post.run(outgoing).state == "done"
    assert post.smtp.taken[-1].raw == before
    assert is_verified(before, tmp_path)


def test_a_letter_that_leaves_at_another_time_keeps_its_signature(post: Post, tmp_path: Path) -> None:
    outgoing = post.write(send_at=timezone.now() + timedelta(days=2))
    actions.reschedule(post.user_id, outgoing.pk, None)
    outgoing.refresh_from_db()
    assert post.run(outgoing).state == "done"
    assert is_verified(post.smtp.taken[0].raw, tmp_path)


def test_an_automatic_answer_is_not_signed() -> None:
    """Nobody has said these words."""
    away = Away()
    certify(away.account.identities.get())
    away.receive()
    (letter,) = away.send()
    assert letter.get_content_type() == "multipart/alternative"
