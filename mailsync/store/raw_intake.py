"""The bytes of messages that arrive: each once for an account, by SHA-256. Database room.

In: bytes by their hash. Out: ids of rows. Whoever keeps bytes links a message to them in the same transaction, so
that none lie there that nobody can find.
"""

from collections.abc import Collection, Iterable, Mapping

import psycopg
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from mailsync.models import RawMessage
from mailsync.store.mail_sums import note_mail

#: A message larger than this goes to PostgreSQL in slices.
_AT_ONCE_BYTES, _SLICE_BYTES = 8 * 1024 * 1024, 1024 * 1024
_DROP = """
    WITH dropped AS (
        DELETE FROM mailsync_rawmessage r
         WHERE r.id = ANY(%s) AND NOT EXISTS (SELECT FROM mailsync_message m WHERE m.raw_id = r.id)
        RETURNING account_id, size_bytes
    )
    SELECT account_id, count(*), sum(size_bytes) FROM dropped GROUP BY account_id
"""


def keep_raw(account_id: int, raws: Mapping[bytes, bytes]) -> dict[bytes, int]:
    """Inside a transaction: ids of the raw rows for these bytes, by hash; each is written once.

    Written in the order of their hashes: two batches with the same two messages would else wait for each other.
    """
    if not raws:
        return {}
    raws = dict(sorted(raws.items()))
    ids = _known_raw(account_id, raws)
    written: list[bytes] = []
    for digest in [one for one in raws if one not in ids and len(raws[one]) > _AT_ONCE_BYTES]:
        ids[digest], is_new = _insert_large(account_id, digest, raws[digest])
        written += [digest] if is_new else []
    new = {digest: raw for digest, raw in raws.items() if digest not in ids}
    if new:
        try:
            with transaction.atomic(), connection.wrap_database_errors:
                ids |= _copy_raw(account_id, new)
            written += new
        except IntegrityError:
            # Another lane has stored one of them meanwhile, as when the same message lies in two folders.
            merged = _merge_raw(account_id, new)
            ids |= {digest: pk for digest, (pk, _) in merged.items()}
            written += [digest for digest, (_, is_new) in merged.items() if is_new]
    note_mail(account_id, bodies=len(written), size_bytes=sum(len(raws[digest]) for digest in written))
    return ids


def _known_raw(account_id: int, digests: Iterable[bytes]) -> dict[bytes, int]:
    known = RawMessage.objects.filter(account_id=account_id, sha256__in=list(digests))
    return {bytes(digest): pk for digest, pk in known.values_list("sha256", "id")}


def _copy_raw(account_id: int, raws: dict[bytes, bytes]) -> dict[bytes, int]:
    """New rows by COPY: two fifths of what an INSERT costs PostgreSQL, and a sixth of what it costs us."""
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('mailsync_rawmessage', 'id')) FROM generate_series(1, %b)",
            [len(raws)],
        )
        ids = dict(zip(raws, (pk for (pk,) in cursor.fetchall()), strict=True))
        now = timezone.now()
        with cursor.copy(
            "COPY mailsync_rawmessage (id, account_id, sha256, size_bytes, data, created_at) FROM STDIN (FORMAT BINARY)"
        ) as copy:
            copy.set_types(["int8", "int8", "bytea", "int8", "bytea", "timestamptz"])
            for digest, raw in raws.items():
                copy.write_row((ids[digest], account_id, digest, len(raw), raw, now))
    return ids


def _merge_raw(account_id: int, raws: dict[bytes, bytes]) -> dict[bytes, tuple[int, bool]]:
    """Rows that may be there already, by another transaction that we have to wait for; whether each is new."""
    # A row that this only updates was locked by it first, in ``xmax``.
    # psycopg's own cursor binds on the server and in binary: a quarter of the work of a hex literal.
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(
            "INSERT INTO mailsync_rawmessage (account_id, sha256, size_bytes, data, created_at)"
            " SELECT %b, sha256, octet_length(data), data, now()"
            " FROM unnest(%b::bytea[], %b::bytea[]) AS g(sha256, data)"
            " ON CONFLICT (account_id, sha256) DO UPDATE SET size_bytes = EXCLUDED.size_bytes"
            " RETURNING sha256, id, xmax = 0",
            [account_id, list(raws), list(raws.values())],
        )
        return {bytes(digest): (pk, is_new) for digest, pk, is_new in cursor.fetchall()}


def _insert_large(account_id: int, digest: bytes, raw: bytes) -> tuple[int, bool]:
    """One message in slices that PostgreSQL puts together: a statement would hold it two or three times over."""
    view = memoryview(raw)
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute("CREATE TEMPORARY TABLE raw_slice (at bigint, data bytea) ON COMMIT DROP")
        for at in range(0, len(raw), _SLICE_BYTES):
            cursor.execute("INSERT INTO raw_slice VALUES (%b, %b)", [at, view[at : at + _SLICE_BYTES]])
        cursor.execute(
            "INSERT INTO mailsync_rawmessage (account_id, sha256, size_bytes, data, created_at)"
            " SELECT %b, %b, %b, string_agg(data, ''::bytea ORDER BY at), now() FROM raw_slice"
            " ON CONFLICT (account_id, sha256) DO UPDATE SET size_bytes = EXCLUDED.size_bytes"
            " RETURNING id, xmax = 0",
            [account_id, digest, len(raw)],
        )
        row = cursor.fetchone()
        cursor.execute("DROP TABLE raw_slice")
    assert row is not None
    return int(row[0]), bool(row[1])


def drop_unused(ids: Collection[int]) -> None:
    """Of these rows, those that no message wants: it turned out so, or it is deleted."""
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_DROP, [list(ids)])
        for account_id, bodies, size_bytes in cursor.fetchall():
            note_mail(account_id, bodies=-bodies, size_bytes=-int(size_bytes))
