"""The search for leaked secrets finds what is planted, in each of the places where it looks."""

import base64
import contextlib
import gzip
import zlib
from collections.abc import Callable

import pytest
import redis
import zstandard

from tests.browser.leaks import find_leaks, spellings, unpacked
from tests.browser.site import Site

PLANTED = "a planted secret"
PLANT = """
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from accounts.models import MailAccount, User
from mailsync.store.rendered import body_key, record_rendered
from mailsync.models import SavedSearch
import base64
session = SessionStore(); session["note"] = {secret!r}; session.create()
cache.set("note", {secret!r})
user = User.objects.create_user("planted@example.org", name=base64.b64encode({secret!r}.encode()).decode())
account = MailAccount.objects.create(user=user, address="planted@example.org")
record_rendered(account.pk, body_key(b"planted"), 1, {secret!r} * 9)
SavedSearch.objects.create(user=user, name="planted", query={secret!r}.encode().hex())
"""


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("before", [b"", b"\0", b"\0j", b"\0jo@example.org\0", b"user jo pass "])
def test_base64_is_seen_through_wherever_the_secret_stands(encode: Callable[[bytes], bytes], before: bytes) -> None:
    secret = "S\u00e9cret?>~\u00ff"
    for after in (b"", b"\r", b"\r\n", b" and more"):
        written = encode(before + secret.encode() + after)
        assert [needle for needle in spellings(secret) if needle in written]
    assert not [needle for needle in spellings(secret) if needle in encode(before + b"another secret")]


@pytest.mark.parametrize("compress", [zlib.compress, gzip.compress, zstandard.compress])
def test_what_was_compressed_is_opened(compress: Callable[[bytes], bytes]) -> None:
    assert list(unpacked(compress(PLANTED.encode())))[1:] == [PLANTED.encode()]
    assert list(unpacked(b"not compressed")) == [b"not compressed"]


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_what_is_planted_is_found(site: Site) -> None:
    assert find_leaks(site, [PLANTED]) == []
    site.manage("shell", "-c", PLANT.format(secret=PLANTED))
    log = site.children["web"].log
    with log.open("ab") as file:
        file.write(base64.b64encode(b"\0jo@example.org\0" + PLANTED.encode()) + b"\n")
    letter = site.folder / "letters" / "planted"
    letter.parent.mkdir(exist_ok=True)
    letter.write_text(PLANTED)
    with contextlib.closing(redis.Redis.from_url(site.valkey.url)) as client:
        client.hset("planted-hash", "field", PLANTED)
        client.rpush("planted-list", PLANTED)
        client.xadd("planted-stream", {"field": PLANTED})
        client.sadd("planted-set", PLANTED)
        client.zadd("planted-zset", {PLANTED: 1})
        client.set(f"planted {PLANTED}", "")
        try:
            found = find_leaks(site, [PLANTED])
        finally:
            letter.unlink()
            client.delete(*client.keys("planted*"))
    assert {
        *("a session", "log web.log", "a letter of Heron's own", "a key of Redis"),
        *("table accounts_user", "table mailsync_renderedbody", "table mailsync_savedsearch"),
        *(f"Redis planted-{kind}" for kind in ("hash", "list", "stream", "set", "zset")),
    } <= set(found)
    assert [place for place in found if place.startswith("Redis") and place.endswith("note")]
