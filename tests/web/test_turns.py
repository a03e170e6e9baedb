"""Requests are answered a few at a time; whoever is slow, leaves or fails holds nobody up."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from tests.web.test_one_thread import in_loop
from webmail.turns import Turns, end_turn

LONG, SHORT = 60.0, 0.02


async def _begun(turns: Turns, count: int) -> list[int]:
    """Who of so many has begun once nothing moves any more; none of them ends."""
    begun: list[int] = []

    async def work(number: int) -> None:
        async with turns.take():
            begun.append(number)
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(work(number)) for number in range(count)]
    await asyncio.sleep(SHORT * 5)
    seen = list(begun)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return seen


def test_no_more_than_the_turns_begin_and_who_came_first_is_first() -> None:
    assert in_loop(_begun(Turns(2, LONG), 5)) == [0, 1]


def test_a_turn_lapses_so_that_slow_ones_hold_nobody_up() -> None:
    assert in_loop(_begun(Turns(2, SHORT), 5)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("failure", [None, RuntimeError("no"), asyncio.CancelledError()])
def test_a_turn_is_given_back_once_however_it_ends(
    failure: BaseException | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> list[int]:
        turns = Turns(1, SHORT)
        with suppress(RuntimeError, asyncio.CancelledError):
            async with turns.take():
                if failure:
                    raise failure
        await asyncio.sleep(SHORT * 2)  # past the moment at which it would have lapsed
        monkeypatch.setattr(turns, "_seconds", LONG)
        return await _begun(turns, 3)

    assert in_loop(play()) == [0]


def test_who_gives_up_waiting_takes_no_turn() -> None:
    async def play() -> list[int]:
        turns = Turns(1, LONG)

        async def wait() -> None:
            async with turns.take():
                pytest.fail("there was no turn to be had")

        async with turns.take():
            waiting = asyncio.create_task(wait())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        return await _begun(turns, 2)

    assert in_loop(play()) == [0]


def test_a_thread_that_waits_for_somebody_else_ends_its_turn() -> None:
    async def play() -> list[str]:
        turns, order, go_on = Turns(1, LONG), list[str](), asyncio.Event()

        async def fetches() -> None:
            async with turns.take():
                order.append("asks another server")
                await asyncio.to_thread(end_turn)  # a thread in the request's own context
                await go_on.wait()
                order.append("has its answer")

        async def lists() -> None:
            async with turns.take():
                order.append("lists")
                go_on.set()

        await asyncio.wait_for(asyncio.gather(fetches(), lists()), 10)
        return order

    assert in_loop(play()) == ["asks another server", "lists", "has its answer"]


def test_outside_of_a_request_there_is_no_turn_to_end() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(end_turn).result()
