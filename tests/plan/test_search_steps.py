"""How far a search walks: as a table, and that no mailbox makes it read without bounds."""

import pytest

from mailsync.plan.search_steps import FIRST, LONGEST, WALK, choose_sample, choose_step

MILLION = 1_000_000


@pytest.mark.parametrize(
    ("walked", "matched", "total", "step"),
    [
        # Common: what is missing, with a margin.
        (FIRST, 40, MILLION, FIRST),
        (FIRST, 20, MILLION, 403),
        # Few, of few looked at: look at a thousand first.
        (FIRST, 1, MILLION, WALK - FIRST),
        # ... unless the index names no more than that, even if there are twice as many as it seems.
        (FIRST, 1, 100_000, None),
        (FIRST, 5, 10_000, None),
        (FIRST, 10, 10_000, WALK - FIRST),
        (FIRST, 5, 100_000, WALK - FIRST),
        (FIRST, 0, MILLION, WALK - FIRST),
        # None: in a mailbox of this size the index cannot name many.
        (FIRST, 0, 100_000, None),
        (WALK, 0, MILLION, None),
        # One of forty: 25,000 named by the index, or 1,352 further rows.
        (WALK, 25, MILLION, 1352),
        (WALK, 25, 100_000, 1352),
        # ... which in a small mailbox are fewer.
        (WALK, 25, 10_000, None),
        # One of a hundred, one of 160, one of 200, one of a thousand.
        (WALK, 10, MILLION, 5330),
        (WALK, 6, MILLION, 9750),
        (WALK, 5, MILLION, None),
        (WALK, 10, 100_000, None),
        (WALK, 1, MILLION, None),
    ],
)
def test_the_cheaper_way_is_taken(walked: int, matched: int, total: int, step: int | None) -> None:
    assert choose_step(walked, matched, 51, total, has_index=True) == step


@pytest.mark.parametrize("density", [0.5, 0.1, 0.025, 0.01, 0.007, 0.004, 0.001, 0.0001])
@pytest.mark.parametrize("total", [10_000, 100_000, MILLION])
def test_words_spread_evenly_cost_no_more_than_a_walk_of_some_thousands(density: float, total: int) -> None:
    walked, step, rows = 0, FIRST, 0
    while True:
        walked += step
        rows += step
        matched = int(walked * density)
        if matched >= 51 or walked >= total:
            break
        chosen = choose_step(walked, matched, 51, total, has_index=True)
        if chosen is None:
            rows += int(density * total)
            break
        step = chosen
    assert rows <= LONGEST + WALK


def test_without_an_index_steps_grow_until_the_end() -> None:
    walked, steps = FIRST, 1
    while walked < MILLION:
        step = choose_step(walked, 0, 51, MILLION, has_index=False)
        assert step is not None
        walked, steps = walked + step, steps + 1
    assert steps <= 6


@pytest.mark.parametrize(
    ("matched", "total", "has_index", "sample"),
    [
        (500, MILLION, True, 4 * WALK),
        (25, MILLION, True, 8 * WALK),
        (25, 100_000, True, None),
        (0, MILLION, True, None),
        (0, MILLION, False, 4 * WALK),
    ],
)
def test_the_newest_of_all_are_walked_for_where_the_index_names_more(
    matched: int, total: int, has_index: bool, sample: int | None
) -> None:
    assert choose_sample(WALK, matched, total, has_index=has_index) == sample
