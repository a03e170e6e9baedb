"""Rendered bodies, kept by account, hash of the body and version of the policy that cleaned it. Database room.

A cache: it may be emptied at any time, and a new policy version simply asks for other rows.
"""

import hashlib

import zstandard

from accounts.ready import prepared_cursor

#: More than any message Heron accepts can render to; a larger frame in the table is not ours.
LARGEST_BYTES = 256 * 1024 * 1024
_KEEP = """
    INSERT INTO mailsync_renderedbody (account_id, body_sha256, policy_version, data, created_at)
    VALUES (%s, %s, %s, %s, now()) ON CONFLICT DO NOTHING
"""
_KEPT = "SELECT data FROM mailsync_renderedbody WHERE account_id = %s AND body_sha256 = %s AND policy_version = %s"


def body_key(body: bytes) -> bytes:
    """The key of a body: its SHA-256."""
    return hashlib.sha256(body).digest()


def load_rendered(account_id: int, key: bytes, policy_version: int) -> str | None:
    """The HTML kept for this body of the account under this policy, or None."""
    with prepared_cursor() as cursor:  # with nearly every message that is opened
        cursor.execute(_KEPT, [account_id, key, policy_version])
        row = cursor.fetchone()
    return zstandard.decompress(bytes(row[0]), max_output_size=LARGEST_BYTES).decode() if row else None


def record_rendered(account_id: int, key: bytes, policy_version: int, html: str) -> None:
    """Keep what was rendered; whoever came first is right, as both rendered the same."""
    with prepared_cursor() as cursor:  # whoever opens a message for the first time waits for it
        cursor.execute(_KEEP, [account_id, key, policy_version, zstandard.compress(html.encode())])
