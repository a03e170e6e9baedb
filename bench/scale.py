"""Does a mailbox of a million messages cost more than one of ten thousand? ``python -m bench.scale``.

Fills PostgreSQL with mailboxes of invented mail (seeded: the same each time), then runs each operation of the
screens on the smallest and on each larger one in turn, and prints p50, p95 and p99 beside the ratio of the p95.
``--users`` adds so many users who share as many messages as the largest mailbox has, as neighbours.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate

from bench.scratch import scratch_database
from mailsync.message.lexemes import IndexedText, Vector, build_vector

SIZES = (10_000, 100_000, 1_000_000)
#: Words of the invented language, as frequent as words are (Zipf), and texts made of them.
WORDS, TEXTS = 40_000, 4_000
SEED = 2026
#: When ``tests.store.big_folder`` has its mail begin, a message a minute.
_FIRST = datetime(2020, 1, 1, tzinfo=UTC)
#: In a third of all mail; in one of a thousand messages; in a third of the oldest fifth and in no other.
COMMON, RARE, OLD = "quarterly", "zugzwang", "heliotrope"

_TEXTS = """
    INSERT INTO mailsync_messagetext (message_id, account_id, vector, complete, version)
    SELECT m.id, m.account_id, t.vector || ('''n' || m.id || ''':1C'
           || CASE m.id %% 1000 WHEN 0 THEN ' ''zugzwang'':9C' WHEN 500 THEN ' ''zugzwangs'':9C' ELSE '' END
           || CASE WHEN m.id %% 3 = 0 AND m.received_at < %s THEN ' ''heliotrope'':9C' ELSE '' END)::tsvector,
           true, 1
      FROM mailsync_message m JOIN bench_text t ON t.id = m.id %% %s
     WHERE m.account_id = %s
"""


@dataclass(frozen=True, slots=True)
class Box:
    """A mailbox, and what the operations need to know of it."""

    size: int
    user_id: int
    account_id: int
    folder_id: int
    archive_id: int


def make_texts() -> list[Vector]:
    """The texts that messages share, in a table of their own."""
    from django.db import connection

    from mailsync.types import Address

    chance = random.Random(SEED)
    letters = "aeioubcdfghklmnprst"
    words = ["".join(chance.choices(letters, k=chance.randrange(3, 11))) for _ in range(WORDS)]
    weights = list(accumulate(1 / (rank + 3) for rank in range(WORDS)))
    vectors = []
    for number in range(TEXTS):
        # Half of all mail is short; some is very long.
        body = chance.choices(words, cum_weights=weights, k=min(int(chance.lognormvariate(4.3, 0.9)) + 5, 3000))
        if number % 3 == 0:
            body[chance.randrange(len(body))] = COMMON
        if number % 40 == 0:
            body += ["contract", "extension", "signed"]
        sender = Address(f"Person {number % 400}", f"person{number % 400}@example.test")
        text = " ".join(body)
        vectors.append(build_vector(IndexedText(number, text[:60], [("from", sender)], text, text, language="en")))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_text (id int PRIMARY KEY, vector tsvector)")
        cursor.execute(
            "INSERT INTO bench_text SELECT n - 1, v::tsvector FROM unnest(%s::text[]) WITH ORDINALITY AS g(v, n)",
            [[vector.text for vector in vectors]],
        )
    return [*vectors, build_vector(IndexedText(0, text=f"{RARE} {RARE}s", language="en"))]


def make_box(size: int, vectors: Sequence[Vector]) -> Box:
    """A user with one account: an inbox of ``size`` messages and an archive of a tenth of that."""
    from django.db import connection

    from mailsync.store.word_forms import note_forms
    from tests.factories import make_account
    from tests.store.big_folder import fill

    account = make_account()
    inbox = fill(account, "INBOX", size - size // 10, analyze=False)
    archive = fill(account, "Archive", size // 10, analyze=False)
    with connection.cursor() as cursor:
        cursor.execute(_TEXTS, [_FIRST + timedelta(minutes=size // 5), TEXTS, account.pk])
    note_forms(account.pk, vectors)
    return Box(size, account.user_id, account.pk, inbox.pk, archive.pk)


def operations(box: Box) -> dict[str, Callable[[int], object]]:
    """Each takes the number of its round, so that no round finds only what the one before has warmed."""
    from mailsync.actions.mail import mark_read, move
    from mailsync.models import Placement
    from mailsync.store.listing import Cursor, list_rows, load_conversation
    from mailsync.store.search import search

    newest = list(
        Placement.objects.filter(folder=box.folder_id).order_by("-received_at").values_list("id", "thread_id")[:4000]
    )

    def listed(number: int) -> object:
        return list_rows([box.folder_id], by_conversation=True)

    def deep(number: int) -> object:
        # Far down, at another place each time.
        at = _FIRST + timedelta(minutes=2000 + 90 * number)
        return list_rows([box.folder_id], by_conversation=True, before=Cursor(at, 0))

    def unified(number: int) -> object:
        return list_rows([box.folder_id, box.archive_id], by_conversation=True)

    def opened(number: int) -> object:
        return load_conversation(box.user_id, newest[number * 7 % len(newest)][1])

    def marked(number: int) -> object:
        return mark_read(box.user_id, [newest[number][0]], number % 2 == 0)

    def moved(number: int) -> object:
        chosen = [one for one, _ in newest[-1000:]]
        return move(box.user_id, chosen, box.archive_id if number % 2 == 0 else box.folder_id)

    def found(query: str, number: int) -> object:
        return search(box.user_id, query.format(number % 400))

    queries = {
        "search, rare word": f"{RARE} ",
        "search, in other forms": f"{RARE}ed ",
        "search, common word": f"{COMMON} ",
        "search, old mail's word": f"{OLD} ",
        "search, phrase": '"contract extension"',
        "search, prefix": "zugz",
        "search, from: + word": f"from:person{{}} {COMMON} ",
        "search, absent word": "absent{} ",
    }
    return {
        "list, first page": listed,
        "list, deep page": deep,
        "list, folders merged": unified,
        "open conversation": opened,
        "mark read": marked,
        **{name: partial(found, query) for name, query in queries.items()},
        "move 1,000": moved,
    }


def measure(boxes: Sequence[Box], rounds: int) -> None:
    prepared = {box.size: operations(box) for box in boxes}
    heads = "".join(f"{f'{box.size:,}':>26}" for box in boxes)
    print(f"{'ms: p50 / p95 / p99':<24}{heads}   p95, largest to smallest")
    for name in prepared[boxes[0].size]:
        times: dict[int, list[float]] = {box.size: [] for box in boxes}
        count = 4 if name == "move 1,000" else rounds
        # In turn, so that a busy moment of the machine meets all of them alike.
        for number in range(count):
            for box in boxes:
                began = time.perf_counter()
                prepared[box.size][name](number)
                times[box.size].append((time.perf_counter() - began) * 1000)
        cells = ""
        for box in boxes:
            cut = statistics.quantiles(times[box.size], n=100, method="inclusive")
            cells += f"{f'{cut[49]:.1f} / {cut[94]:.1f} / {cut[98]:.1f}':>26}"
        ends = [statistics.quantiles(times[box.size], n=100, method="inclusive")[94] for box in (boxes[0], boxes[-1])]
        print(f"{name:<24}{cells}   {ends[1] / ends[0]:.2f}", flush=True)


def database_bytes(messages: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_database_size(current_database()), pg_total_relation_size('mailsync_messagetext'),"
            " pg_relation_size('message_text_words'), pg_total_relation_size('mailsync_wordform')"
        )
        whole, text, index, forms = cursor.fetchone()
    print(
        f"bytes a message: {whole / messages:,.0f} in all (without raw messages), {text / messages:,.0f} of them for"
        f" search, {index / messages:,.0f} of these the index itself; {forms / messages:,.0f} more for forms of words"
    )


def main() -> None:
    from django.db import connection

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--users", type=int, default=0, help="users who share as much mail again")
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args()
    began = time.perf_counter()
    vectors = make_texts()
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off; SET maintenance_work_mem = '512MB'")
        # Built once over all of it: that is many times quicker than row by row.
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'message_text_words'")
        ((words_index,),) = cursor.fetchall()
        cursor.execute("DROP INDEX message_text_words")
    boxes = []
    for size in sorted(options.sizes):
        boxes.append(make_box(size, vectors))
        print(f"{size:,} messages after {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    neighbours = [make_box(max(options.sizes) // options.users, vectors) for _ in range(options.users)]
    messages = sum(box.size for box in (*boxes, *neighbours))
    with connection.cursor() as cursor:
        cursor.execute(words_index)
        cursor.execute("VACUUM ANALYZE")
    print(f"filled in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    measure(boxes, options.rounds)
    database_bytes(messages)


if __name__ == "__main__":
    with scratch_database():
        main()
