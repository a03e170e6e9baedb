"""Times of the list page for folders of 1,000, 10,000 and 100,000 messages: ``python -m bench.listing``."""

import statistics
import time
from collections.abc import Callable
from functools import partial

from bench.scratch import scratch_database

SIZES = (1_000, 10_000, 100_000)
ROUNDS = 30


def milliseconds(work: Callable[[], object]) -> float:
    """The median of several rounds, in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def main() -> None:
    from mailsync.store.listing import list_rows, load_tree
    from tests.factories import make_account
    from tests.store.big_folder import fill

    print(
        f"{'messages':>10}{'first page':>12}{'by message':>12}{'unread':>12}{'last page':>12}{'tree':>8}   (ms, median)"
    )
    for size in SIZES:
        account = make_account()
        folders = [fill(account, "INBOX", size).pk]
        # As far down as a reader can scroll.
        last = list_rows(folders, by_conversation=True, limit=size - 50).next
        cells = [
            milliseconds(partial(list_rows, folders, by_conversation=True)),
            milliseconds(partial(list_rows, folders, by_conversation=False)),
            milliseconds(partial(list_rows, folders, by_conversation=True, unread_only=True)),
            milliseconds(partial(list_rows, folders, by_conversation=True, before=last)),
        ]
        tree = milliseconds(partial(load_tree, account.user_id))
        print(f"{size:>10}" + "".join(f"{cell:>12.2f}" for cell in cells) + f"{tree:>8.2f}")


if __name__ == "__main__":
    with scratch_database():
        main()
