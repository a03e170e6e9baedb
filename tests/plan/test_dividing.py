"""What a user splits and merges stays so, and what comes later falls into place in whatever order it comes."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.plan.dividing import Decisions, _Tree, claim, divide, put_together, split_off
from mailsync.plan.threading import ThreadFacts
from tests.plan.test_threading import mail, messages

NOTHING = Decisions()


def partition(batch: Sequence[ThreadFacts], decisions: Decisions) -> set[frozenset[str]]:
    groups: dict[int, set[str]] = {}
    for facts, number in zip(batch, divide(batch, decisions), strict=True):
        groups.setdefault(number, set()).add(facts.message_id)
    return {frozenset(names) for names in groups.values()}


def split(batch: Sequence[ThreadFacts], names: str, decisions: Decisions = NOTHING) -> Decisions:
    chosen = [position for position, facts in enumerate(batch) if facts.message_id in names]
    after = split_off(batch, decisions, chosen)
    assert after is not None
    return after


CHAIN = [mail("a"), mail("b", "a", days=1), mail("c", "a", "b", days=2), mail("d", "a", days=3)]


def test_answers_go_along_and_sisters_stay() -> None:
    decided = split(CHAIN, "b")
    assert decided.cuts == {"b"}
    assert partition(CHAIN, decided) == {frozenset("ad"), frozenset("bc")}
    # An answer to either half, also one that names its parent alone, or comes before it.
    later = [mail("e", "a", "b", "c", days=4), mail("f", "a", "d", days=4), mail("g", in_reply_to="c", days=5)]
    assert partition([*CHAIN, *later], decided) == {frozenset("adf"), frozenset("bceg")}
    assert partition([later[2], *CHAIN], decided) == {frozenset("ad"), frozenset("bcg")}


def test_several_leave_together() -> None:
    decided = split(CHAIN, "cd")
    assert decided.cuts == {"c", "d"}
    assert partition(CHAIN, decided) == {frozenset("ab"), frozenset("cd")}


def test_the_whole_conversation_cannot_leave() -> None:
    assert split_off(CHAIN, NOTHING, [0]) is None
    assert split_off(CHAIN, NOTHING, [0, 1, 2, 3]) is None


def test_a_part_is_split_again_and_put_back() -> None:
    first = split(CHAIN, "b")
    second = split(CHAIN, "c", first)
    assert partition(CHAIN, second) == {frozenset("ad"), frozenset("b"), frozenset("c")}
    assert partition(CHAIN, put_together(["a", "c"], second)) == {frozenset("acd"), frozenset("b")}


def test_what_was_merged_is_split_where_the_user_says() -> None:
    batch = [*CHAIN, mail("x", days=1), mail("y", "x", days=2)]
    merged = put_together(["a", "x"], NOTHING)
    assert partition(batch, merged) == {frozenset("abcdxy")}
    assert partition(batch, split(batch, "x", merged)) == {frozenset("abcd"), frozenset("xy")}
    assert partition(batch, split(batch, "by", merged)) == {frozenset("adx"), frozenset("bcy")}


def test_a_lone_reply_goes_with_what_it_answers() -> None:
    batch = [
        mail("a", subject="lunch"),
        mail("b", "a", subject="lunch", sender="bob", to=["ada"], days=1),
        mail("c", subject="lunch", reply=True, sender="ada", to=["bob"], days=2),
    ]
    assert partition(batch, split(batch, "b")) == {frozenset("a"), frozenset("bc")}


def test_a_decision_outlives_its_message() -> None:
    decided = split(CHAIN, "b")
    assert partition([CHAIN[0], CHAIN[2]], decided) == {frozenset("a"), frozenset("c")}
    joined = put_together(["a", "x"], NOTHING)
    assert partition([CHAIN[1], mail("y", "x")], joined) == {frozenset("by")}


def test_a_thread_goes_with_its_oldest_message() -> None:
    batch = [mail("new", days=5), mail("old"), mail("mid", days=2)]
    assert claim(batch, [1, 2, 1], [7, 7, 7]) == {2: 7}
    assert claim(batch, [1, 2, 1], [7, 9, 9]) == {1: 7, 2: 9}
    assert claim(batch, [1, 1, 1], [9, 7, None], first=9) == {1: 9}


@given(
    st.lists(messages, min_size=2, max_size=7, unique_by=lambda facts: facts.message_id),
    st.randoms(use_true_random=False),
)
def test_order_never_matters_and_the_split_holds(batch: list[ThreadFacts], dice: random.Random) -> None:
    decided = put_together([facts.message_id for facts in dice.sample(batch, 2)], NOTHING)
    numbers = divide(batch, decided)
    number = dice.choice(numbers)
    members = [position for position, one in enumerate(numbers) if one == number]
    chosen = dice.sample(members, dice.randint(1, len(members)))
    after = split_off(batch, decided, chosen)
    if after is not None:
        parts = divide(batch, after)
        assert len({parts[position] for position in chosen}) == 1
        assert len({parts[position] for position in members}) == 2
        # Nobody else's conversation has changed.
        others = [position for position in range(len(batch)) if position not in members]
        assert [[parts[one] == parts[other] for one in others] for other in others] == [
            [numbers[one] == numbers[other] for one in others] for other in others
        ]
    final = after or decided
    assert partition(dice.sample(batch, len(batch)), final) == partition(batch, final)


@given(st.lists(messages, min_size=1, max_size=9), st.sets(st.sampled_from("abcdefgh"), max_size=3))
def test_what_is_kept_of_the_way_of_others_leads_where_each_would_go_alone(
    batch: list[ThreadFacts], cuts: set[str]
) -> None:
    """Two messages may bear one name, and answers may go round in a circle."""
    tree = _Tree(batch, frozenset(cuts))
    assert [tree.head(facts) for facts in batch] == [_Tree(batch, frozenset(cuts)).walk(facts) for facts in batch]


def test_a_long_conversation_is_walked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def count(*args: Any) -> Any:
            nonlocal steps
            steps += 1
            return function(*args)

        return count

    batch = [mail("m0", subject="news")]
    batch += [mail(f"m{n}", "m0", f"m{n - 1}", subject="news", reply=True, days=n / 24) for n in range(1, 400)]
    monkeypatch.setattr(_Tree, "_answered", counted(_Tree._answered))
    monkeypatch.setattr(ThreadFacts, "answers", counted(ThreadFacts.answers))
    decided = split_off(batch, NOTHING, range(200, 400))
    assert decided is not None
    assert decided.cuts == {"m200"}
    assert steps <= 4 * len(batch)
