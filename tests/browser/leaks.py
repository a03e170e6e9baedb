"""Where a secret lies that should lie nowhere: a running site and secrets flow in, places flow out.

Every row of every table, what sessions hold, every key of Redis, every log and every letter; the secret as it is, in
hexadecimal, in base64 wherever it stands in it (so also as it is put on the line to a mail server), and in what
was compressed.
"""

import base64
import contextlib
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
import redis
import zstandard
from psycopg import sql

from tests.browser.site import Site

_LARGEST_BYTES = 64 * 1024 * 1024


def find_leaks(site: Site, secrets: Iterable[str]) -> list[str]:
    """Names of places, each once; nothing of the secret itself."""
    needles = {needle for secret in secrets for needle in spellings(secret)}
    places = ((place, form) for place, content in _everything(site) for form in unpacked(content))
    return sorted({place for place, content in places for needle in needles if needle in content})


def spellings(secret: str) -> Iterator[bytes]:
    plain = secret.encode()
    yield plain
    yield plain.hex().encode()
    for before in range(3):
        # Six bits to a letter: without the letters that hold something of what comes before or after.
        first, end = -(-before * 8 // 6), (before + len(plain)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + plain)[first:end]


def unpacked(content: bytes) -> Iterator[bytes]:
    """As it is, and as it was before it was compressed."""
    yield content
    with contextlib.suppress(zlib.error):
        yield zlib.decompress(content, wbits=zlib.MAX_WBITS | 32)  # zlib or gzip, as its head says
    with contextlib.suppress(zstandard.ZstdError):
        yield zstandard.decompress(content, max_output_size=_LARGEST_BYTES)


def _everything(site: Site) -> Iterator[tuple[str, bytes]]:
    with psycopg.connect(site.database_url, autocommit=True) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in names:
            rows = connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(name)))
            for (row,) in rows:
                yield f"table {name}", row.encode()
            for column in _byte_columns(connection, name):
                query = sql.SQL("SELECT {column} FROM {table} WHERE {column} IS NOT NULL")
                parts = {"column": sql.Identifier(column), "table": sql.Identifier(name)}
                for (value,) in connection.execute(query.format(**parts)):
                    yield f"table {name}", value
        for (data,) in connection.execute("SELECT session_data FROM django_session"):
            yield "a session", _opened(data)
    with contextlib.closing(redis.Redis.from_url(site.valkey.url)) as client:
        for key in client.scan_iter(count=1000):
            yield "a key of Redis", key
            yield f"Redis {key.decode(errors='replace')[:40]}", _value(client, key)
    for child in site.children.values():
        yield f"log {child.log.name}", child.log.read_bytes()
    for letter in (site.folder / "letters").glob("*"):
        yield "a letter of Heron's own", letter.read_bytes()


def _byte_columns(connection: "psycopg.Connection[tuple[Any, ...]]", table: str) -> list[str]:
    """As text a row shows these in hexadecimal, which hides what else is in them."""
    query = "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND data_type = 'bytea'"
    return [name for (name,) in connection.execute(query, [table])]


def _opened(data: str) -> bytes:
    """What ``django.core.signing`` packed: base64 without its end, after a dot compressed."""
    packed = data.partition(":")[0]
    body = base64.urlsafe_b64decode(packed.lstrip(".") + "=" * (-len(packed.lstrip(".")) % 4))
    return zlib.decompress(body) if packed.startswith(".") else body


def _value(client: "redis.Redis[bytes]", key: bytes) -> bytes:
    match client.type(key):
        case b"string":
            return client.get(key) or b""
        case b"list":
            return b"\n".join(client.lrange(key, 0, -1))
        case b"hash":
            return b"\n".join(part for pair in client.hgetall(key).items() for part in pair)
        case b"set":
            return b"\n".join(client.smembers(key))
        case b"zset":
            return b"\n".join(client.zrange(key, 0, -1))
        case b"stream":
            return repr(client.xrange(key)).encode()
    return b""
