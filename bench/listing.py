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


def _fresh_outline(folders: list[int]) -> None:
    from django.core.cache import cache

    from mailsync.store.listing import Filter
    from mailsync.store.outline import load_outline

    cache.clear()
    load_outline(folders, Filter(True))


def main() -> None:
    from mailsync.store.listing import Filter, list_rows, load_tree
    from mailsync.store.outline import load_outline
    from tests.factories import make_account
    from tests.store.big_folder import fill

    names = ("first page", "by message", "unread", "last page", "a stretch", "outline")
    print(f"{'messages':>10}" + "".join(f"{name:>12}" for name in names) + f"{'tree':>8}   (ms, median)")
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
        ends = load_outline(folders, Filter(True)).ends
        middle = len(ends) // 2
        between = {"before": ends[middle - 1], "until": ends[middle], "limit": 200}
        cells.append(milliseconds(partial(list_rows, folders, by_conversation=True, **between)))
        cells.append(milliseconds(partial(_fresh_outline, folders)))
        tree = milliseconds(partial(load_tree, account.user_id))
        print(f"{size:>10}" + "".join(f"{cell:>12.2f}" for cell in cells) + f"{tree:>8.2f}")


if __name__ == "__main__":
    with scratch_database():
        main()
