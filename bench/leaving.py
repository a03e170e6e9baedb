"""How long a person, and a disconnected mailbox, take to be gone: ``python -m bench.leaving``.

Fills PostgreSQL with mailboxes of invented mail with bodies, beside a neighbour's, and prints what the request takes,
which nobody should have to wait for, and what the worker takes, with its longest transaction.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.scale import Box, make_box, make_texts
from bench.scratch import scratch_database

SIZES = (2_000, 20_000)
#: Bytes of a message as they lie in the tables.
_BODY = 6_000

_BODIES = f"""
    ANALYZE; DISCARD PLANS;
    INSERT INTO mailsync_rawmessage (id, account_id, sha256, size_bytes, data, created_at)
    SELECT id, account_id, sha256(message_id::bytea), {_BODY},
           decode(repeat(md5(message_id), {_BODY // 16}), 'hex'), now()
      FROM mailsync_message WHERE account_id = %(account)s;
    ANALYZE mailsync_rawmessage;
    UPDATE mailsync_message SET raw_id = id WHERE account_id = %(account)s;
    INSERT INTO mailsync_threadreference (account_id, message_id, thread_id)
    SELECT account_id, message_id, thread_id FROM mailsync_message WHERE account_id = %(account)s;
    ANALYZE; DISCARD PLANS
"""


def fill_bodies(box: Box) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_BODIES, {"account": box.account_id})


@contextmanager
def timed_slices() -> Iterator[list[float]]:
    """Seconds of each transaction of the worker."""
    from mailsync.store import forgetting

    own, spans = forgetting._slice, []

    def timed(*of_what: object) -> int | None:
        began = time.perf_counter()
        try:
            return own(*of_what)  # type: ignore[arg-type]
        finally:
            spans.append(time.perf_counter() - began)

    forgetting._slice = timed
    try:
        yield spans
    finally:
        forgetting._slice = own


def measure(name: str, box: Box) -> None:
    """One mailbox disconnected, or its person deleted."""
    from accounts.leaving import begin_leaving
    from accounts.models import Departure, User
    from mailsync import actions
    from mailsync.store.forgetting import forget

    began = time.perf_counter()
    if name == "person":
        begin_leaving(User.objects.get(pk=box.user_id))
    else:
        actions.delete_account(box.user_id, box.account_id)
    asked = time.perf_counter() - began
    (departure,) = Departure.objects.all()
    began = time.perf_counter()
    with timed_slices() as spans:
        while forget(departure.pk):
            pass
    took = time.perf_counter() - began
    print(
        f"{name:<8} {box.size:>9,} messages: request {asked * 1000:6.0f} ms, worker {took:6.1f} s,"
        f" {len(spans)} transactions, the longest {max(spans) * 1000:.0f} ms",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    options = parser.parse_args()
    with scratch_database():
        vectors = make_texts()
        neighbour = make_box(max(options.sizes), vectors)
        fill_bodies(neighbour)
        for size in options.sizes:
            for name in ("person", "mailbox"):
                box = make_box(size, vectors)
                fill_bodies(box)
                measure(name, box)


if __name__ == "__main__":
    main()
