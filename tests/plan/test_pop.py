"""POP3 sessions as tables: what is new, what is known again, what may be deleted."""

import hashlib
import time
from typing import Any

import pytest

from mailsync.plan import pop
from mailsync.plan.pop import Deletion, Entry, Listed, Look, Policy, choose_looks, choose_names, plan_session


def header(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def look(text: str, *, telling: bool = True) -> Look:
    return Look(header(text), telling)


def entry(number: int, name: str = "", **fields: object) -> Entry:
    defaults: dict[str, object] = {"size_bytes": 100, "header_sha256": header(name)}
    return Entry(number, name, **{**defaults, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("uidls", "sizes", "names"),
    [
        ({1: "a", 2: "b"}, {1: 10, 2: 10}, ["a", "b"]),
        ({1: "same", 2: "same", 3: "other"}, {}, ["", "", "other"]),
        ({1: "", 2: "b"}, {}, ["", "b"]),
        ({1: "with space", 2: "nul\x00", 3: "x" * 201, 4: "ok"}, {}, ["", "", "", "ok"]),
        (None, {1: 10, 2: 20}, ["", ""]),
        # A message that only one of the two lists knows is listed all the same.
        ({1: "a"}, {1: 10, 2: 20}, ["a", ""]),
        # Message numbers are no unique ids.
        ({1: "1", 2: "2", 3: "3"}, {}, ["", "", ""]),
        ({1: "1"}, {}, ["1"]),
    ],
)
def test_which_names_are_trusted(uidls: dict[int, str] | None, sizes: dict[int, int], names: list[str]) -> None:
    assert [one.name for one in choose_names(uidls, sizes)] == names


def test_new_mail_comes_newest_first_and_what_failed_before_comes_last() -> None:
    listed = [Listed(number, f"u{number}", 100) for number in (1, 2, 3, 4)]
    ledger = [entry(7, "u4", state="seen"), entry(8, "u2")]
    plan = plan_session(listed, ledger, {}, Policy())
    assert [one.number for one in plan.fetch] == [3, 1, 4]
    assert plan.present == {7, 8}
    waiting = [entry(7, "u4", state="seen", may_try=False)]
    assert [one.number for one in plan_session(listed, waiting, {}, Policy()).fetch] == [3, 2, 1]


@pytest.mark.parametrize(
    ("policy", "fields", "deleted"),
    [
        (Policy("keep"), {"age_days": 999.0, "removed_here": True}, False),
        (Policy("after_days", 14), {"age_days": 13.9}, False),
        (Policy("after_days", 14), {"age_days": 14.0}, True),
        (Policy("after_days", 14), {"age_days": 1.0, "removed_here": True, "kept_here": False}, False),
        (Policy("with_local"), {"age_days": 999.0}, False),
        (Policy("with_local"), {"removed_here": True}, True),
        (Policy("with_local"), {"removed_here": True, "kept_here": False}, True),
        (Policy("once_stored"), {}, True),
        # Neither here nor thrown away: its bytes were lost, so the server's copy is the only one.
        (Policy("once_stored"), {"kept_here": False}, False),
        (Policy("after_days", 0), {"kept_here": False}, False),
        (Policy("once_stored"), {"state": "seen"}, False),
        (Policy("once_stored"), {"state": "dele_sent"}, True),
        (Policy("keep"), {"state": "dele_sent"}, False),
    ],
)
def test_what_may_be_deleted(policy: Policy, fields: dict[str, object], deleted: bool) -> None:
    assert pop.should_delete(entry(1, "a", **fields), policy) is deleted


def test_absence_marks_the_row_and_nothing_else() -> None:
    plan = plan_session([], [entry(1, "a"), entry(2, "b", state="gone")], {}, Policy("once_stored"))
    assert (plan.gone, plan.fetch, plan.delete) == ((1,), (), ())
    assert plan_session([], [entry(1, "a")], {}, Policy(), complete=False).gone == ()


@pytest.mark.parametrize("state", ["dele_sent", "gone"])
def test_what_was_deleted_and_is_listed_again_is_deleted_again_once_its_header_is_proved(state: str) -> None:
    listed, ledger = [Listed(1, "a", 100)], [entry(5, "a", state=state)]
    assert list(choose_looks(listed, ledger, Policy())) == listed
    plan = plan_session(listed, ledger, {1: look("a")}, Policy("once_stored"))
    assert plan.delete == (Deletion(1, ledger[0], proved=True),)
    assert plan.fetch == ()
    assert plan.returned == ((5,) if state == "gone" else ())


@pytest.mark.parametrize("fields", [{"state": "dele_sent"}, {"state": "gone"}, {"size_bytes": 99}])
def test_a_known_name_on_another_message_is_fetched_and_never_deleted(fields: dict[str, object]) -> None:
    ledger = [entry(5, "a", **fields)]
    plan = plan_session([Listed(1, "a", 100)], ledger, {1: look("another")}, Policy("once_stored"))
    assert [one.number for one in plan.fetch] == [1]
    assert plan.delete == ()
    assert plan.renamed
    # Without TOP its bytes must tell, so it is retrieved; that accuses no name.
    plan = plan_session([Listed(1, "a", 100)], ledger, {}, Policy("once_stored"))
    assert ([one.number for one in plan.fetch], plan.delete, plan.renamed) == ([1], (), False)


def test_a_size_that_changed_is_noted_when_the_header_is_the_same() -> None:
    plan = plan_session([Listed(1, "a", 120)], [entry(5, "a")], {1: look("a")}, Policy())
    assert (plan.fetch, plan.resized, plan.gone) == ((), ((5, 120),), ())


def test_a_name_borne_by_several_means_the_latest() -> None:
    ledger = [entry(1, "a", state="gone", ordinal=0), entry(2, "a", ordinal=1), entry(3, "a", ordinal=2, state="gone")]
    assert plan_session([Listed(1, "a", 100)], ledger, {}, Policy()).present == {2}


def test_unnamed_messages_are_known_by_header_and_size() -> None:
    ledger = [entry(5, header_sha256=header("x"))]
    listed = [Listed(1, "", 100), Listed(2, "", 100), Listed(3, "", 77)]
    assert [one.number for one in choose_looks(listed, ledger, Policy())] == [1, 2], "No known message has 77 bytes."
    plan = plan_session(listed, ledger, {1: look("y"), 2: look("x")}, Policy("once_stored"))
    assert [one.number for one in plan.fetch] == [3, 1]
    assert plan.delete == (Deletion(2, ledger[0], proved=True),)


def test_where_names_are_numerals_the_last_one_known_is_looked_at() -> None:
    ledger = [entry(1, "11"), entry(2, "12")]
    listed = [Listed(1, "11", 100), Listed(2, "12", 100), Listed(3, "13", 100)]
    assert choose_looks(listed, ledger, Policy()) == (listed[1],)
    assert plan_session(listed, ledger, {2: look("12")}, Policy()).fetch == (listed[2],)
    assert plan_session(listed, ledger, {2: look("13")}, Policy()).renamed
    assert choose_looks([Listed(1, "x1", 100)], [entry(1, "x1")], Policy()) == ()


def test_a_header_that_tells_nothing_names_nothing() -> None:
    plan = plan_session([Listed(1, "", 100)], [entry(5)], {1: look("", telling=False)}, Policy())
    assert [one.number for one in plan.fetch] == [1]


def test_of_two_alike_the_one_left_is_not_the_one_that_was_deleted() -> None:
    alike: dict[str, Any] = {"header_sha256": header("x"), "size_bytes": 100}
    ledger = [entry(1, "", **alike, state="dele_sent"), entry(2, "", **alike)]
    plan = plan_session([Listed(1, "", 100)], ledger, {1: look("x")}, Policy("with_local"))
    assert (set(plan.present), plan.delete, plan.gone) == ({2}, (), (1,))


def test_top_and_retr_give_the_same_look() -> None:
    raw = b"Received: by x\r\nSubject: y\r\n folded\r\n\r\nbody\r\n"
    top = b"Status: RO\r\nReceived: by x\r\nSubject: y\r\n folded\r\nX-UIDL: 12\r\n\t34\r\n"
    assert pop.look_at(raw) == pop.look_at(top) == pop.look_at(raw.replace(b"\r\n", b"\n"))
    assert pop.look_at(raw) != pop.look_at(raw.replace(b"y", b"z"))
    assert not pop.look_at(b"Subject: y\r\n\r\nReceived: by x\r\n").telling


@pytest.mark.parametrize(
    ("capabilities", "seconds"),
    [
        ((), 0),
        (("TOP", "UIDL"), 0),
        (("LOGIN-DELAY 900",), 900),
        (("LOGIN-DELAY 600 USER",), 600),
        (("LOGIN-DELAY",), 0),
        (("LOGIN-DELAY 999999",), 86400),
    ],
)
def test_the_delay_between_logins(capabilities: tuple[str, ...], seconds: int) -> None:
    assert pop.login_delay(capabilities) == seconds
    assert pop.least_seconds("", seconds) == max(120, seconds)
    assert pop.least_seconds("gmail", seconds) == max(300, seconds)


def test_what_nobody_knows_keeps_the_mail() -> None:
    assert [pop.as_leave(word) for word in ("with_local", "", "DELETE")] == ["with_local", "keep", "keep"]


def test_a_hundred_thousand_messages_are_planned_in_seconds() -> None:
    ledger = [entry(n, f"u{n}") for n in range(100_000)]
    uidls = {n: f"u{n + 500}" for n in range(1, 100_000)}
    began = time.process_time()
    listed = choose_names(uidls, dict.fromkeys(uidls, 100))
    choose_looks(listed, ledger, Policy())
    plan = plan_session(listed, ledger, {}, Policy("once_stored"))
    assert (len(plan.fetch), len(plan.gone)) == (500, 501)
    assert time.process_time() - began < 10
