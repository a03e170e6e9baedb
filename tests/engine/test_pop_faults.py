"""What goes wrong while POP3 mail is collected: asserted on the tables, and on what the server saw."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from accounts.models import MailAccount
from mailsync.engine.pop_pull import pull_maildrop
from mailsync.engine.pull import Outcome, pull_account
from mailsync.models import AccountSync, Message, Placement, PopMessage
from mailsync.store import pop, throttle
from mailsync.store.raw import read_raw
from mailsync.store.tree import load_tree
from tests.engine.boxes import shown
from tests.engine.maildrop import Maildrop, killed_at
from tests.factories import make_account, raw_message
from tests.servers.scripted import Expect, Hangup, Raw, Say, ScriptedServer, ScriptMaker, Step

pytestmark = pytest.mark.django_db(transaction=True)

ONE, TWO, THREE = (raw_message(name, f"{name}.\r\n") for name in ("One", "Two", "Three"))
LOGIN: tuple[Step, ...] = (
    Say("+OK hello"),
    Expect("CAPA"),
    Say("+OK\nUSER\nUIDL\nTOP\n."),
    Expect("USER user"),
    Say("+OK"),
    Expect("PASS "),
    Say("+OK in"),
    Expect("CAPA"),
    Say("+OK\nUSER\nUIDL\nTOP\n."),
)
QUIT: tuple[Step, ...] = (Expect("QUIT"), Say("+OK bye"))


def listing(*mail: tuple[str, bytes]) -> tuple[Step, ...]:
    """The opening of a session that holds these messages: (UIDL, raw)."""
    names = "".join(f"{number} {name}\n" for number, (name, _) in enumerate(mail, 1))
    sizes = "".join(f"{number} {len(raw)}\n" for number, (_, raw) in enumerate(mail, 1))
    return (
        *LOGIN,
        Expect("STAT"),
        Say(f"+OK {len(mail)} {sum(len(raw) for _, raw in mail)}"),
        Expect("UIDL"),
        Say(f"+OK\n{names}."),
        Expect("LIST"),
        Say(f"+OK\n{sizes}."),
    )


def stuffed(raw: bytes) -> bytes:
    lines = raw.removesuffix(b"\r\n").split(b"\r\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b"\r\n.\r\n"


def retr(number: int, raw: bytes) -> tuple[Step, ...]:
    return Expect(f"RETR {number}$"), Raw(b"+OK\r\n" + stuffed(raw))


def scripted_account(server: ScriptedServer, **fields: Any) -> MailAccount:
    return make_account(protocol="pop3", host="localhost", port=server.port, username="user", **fields)


def verbs(server: ScriptedServer) -> list[str]:
    return [line.decode().split()[0] for line in server.heard]


def test_the_end_before_the_dot_stores_nothing_of_it_and_deletes_nothing(scripted: ScriptMaker) -> None:
    mail = [("a", ONE), ("b", TWO)]
    server = scripted(
        [*listing(*mail), *retr(2, TWO), Expect("RETR 1"), Raw(b"+OK\r\n" + ONE[:40]), Hangup()],
        [*listing(*mail), Expect("TOP 2 0"), *top(TWO), *retr(1, ONE), *dele(2), *dele(1), *QUIT],
    )
    account = scripted_account(server, leave_on_server="once_stored")
    assert pull_account(account.pk) is Outcome.FAILED
    assert shown(account) == ["Two"]
    assert {"QUIT", "DELE"}.isdisjoint(verbs(server))
    assert pull_account(account.pk) is Outcome.DONE
    assert sorted(shown(account)) == ["One", "Two"]
    assert sorted(read_raw(message) for message in Message.objects.all()) == sorted([ONE, TWO])


def top(raw: bytes) -> tuple[Step, ...]:
    return (Raw(b"+OK\r\n" + raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n.\r\n"),)


def dele(number: int) -> tuple[Step, ...]:
    return Expect(f"DELE {number}$"), Say("+OK")


def test_a_database_that_fails_after_retr_means_neither_dele_nor_quit(
    scripted: ScriptMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = scripted(
        [*listing(("a", ONE)), *retr(1, ONE), Expect("never")],
        [*listing(("a", ONE)), *retr(1, ONE), *dele(1), *QUIT],
    )
    account = scripted_account(server, leave_on_server="once_stored")

    def full(*_args: object, **_fields: object) -> None:
        raise OperationalError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pop, "record_retrieved", full)
        with pytest.raises(OperationalError):
            pull_account(account.pk)
    time.sleep(0.05)
    assert verbs(server)[-1] == "RETR", "The socket was dropped without QUIT."
    assert not PopMessage.objects.exists()
    assert pull_account(account.pk) is Outcome.DONE
    assert shown(account) == ["One"]
    assert PopMessage.objects.get().state == "dele_sent"


def test_a_quit_that_nobody_confirms_is_decided_by_the_next_listing(scripted: ScriptMaker) -> None:
    server = scripted(
        [*listing(("a", ONE), ("b", TWO)), *retr(2, TWO), *retr(1, ONE), *dele(2), *dele(1), Expect("QUIT"), Hangup()],
        # One of them is still there: deleted again, not imported again.
        [*listing(("b", TWO)), Expect("TOP 1 0"), *top(TWO), *dele(1), *QUIT],
        [*listing(), *QUIT],
    )
    account = scripted_account(server, leave_on_server="once_stored")
    for expected in (["dele_sent", "dele_sent"], ["dele_sent", "gone"], ["gone", "gone"]):
        assert pull_account(account.pk) is Outcome.DONE
        assert sorted(PopMessage.objects.values_list("state", flat=True)) == expected
        assert sorted(shown(account)) == ["One", "Two"]
    assert Message.objects.count() == 2


def test_dots_and_long_lines_are_stored_exactly(scripted: ScriptMaker) -> None:
    odd = raw_message("Odd", "..\r\n.\r\n" + "y" * 100_000 + "\r\nend\r\n")
    server = scripted([*listing(("a", odd)), *retr(1, odd), *QUIT])
    account = scripted_account(server)
    assert pull_account(account.pk) is Outcome.DONE
    assert read_raw(Message.objects.get()) == odd


def test_a_mailbox_in_use_waits_longer_each_time_and_alarms_nobody_for_an_hour(scripted: ScriptMaker) -> None:
    busy = [*LOGIN[:6], Say("-ERR [IN-USE] another program is at it")]
    server = scripted(*[busy] * 8)
    account = scripted_account(server)
    waits = []
    for _ in range(8):
        assert AccountSync.objects.get(pk=account.pk).last_error == ""
        assert load_tree(account.user_id)[0].health != "failing"
        assert pull_account(account.pk) is Outcome.FAILED
        due = AccountSync.objects.get(pk=account.pk).due_at
        assert due is not None
        waits.append(round((due - timezone.now()) / timedelta(minutes=1)))
    assert waits == [1, 2, 5, 15, 15, 15, 15, 15]
    assert "Another program" in AccountSync.objects.get(pk=account.pk).last_error
    assert load_tree(account.user_id)[0].health == "failing"
    account.refresh_from_db()
    assert account.state == "active"


def test_a_delay_between_logins_is_obeyed() -> None:
    account = make_account(protocol="pop3")
    server = Maildrop([("a", ONE)], capabilities=frozenset({"UIDL", "TOP", "LOGIN-DELAY 900"}))
    assert pull_maildrop(account, connect=server.connect) is Outcome.DONE
    assert pull_maildrop(account, connect=server.connect) is Outcome.IDLE
    assert server.count("connect") == 1
    due = AccountSync.objects.get(pk=account.pk).due_at
    assert due is not None
    assert 890 < (due - timezone.now()).total_seconds() <= 900


def test_an_active_user_is_served_sooner_but_never_every_minute() -> None:
    account = make_account(protocol="pop3", provider="gmail")
    AccountSync.objects.filter(pk=account.pk).update(active_at=timezone.now())
    pull_maildrop(account, connect=Maildrop().connect)
    due = AccountSync.objects.get(pk=account.pk).due_at
    assert due is not None
    assert 295 < (due - timezone.now()).total_seconds() <= 300


def test_blank_and_double_ids_are_matched_by_content() -> None:
    account = make_account(protocol="pop3", leave_on_server="with_local")
    server = Maildrop([("", ONE), ("x", TWO), ("x", THREE)])
    for _ in range(3):
        assert pull_maildrop(account, connect=server.connect) is Outcome.DONE
    assert sorted(shown(account)) == ["One", "Three", "Two"]
    assert server.count("RETR") == 3
    # The first of the twins goes elsewhere; the other keeps its identity, and only the right one is deleted here.
    del server.mail[1]
    Placement.objects.filter(message__subject="One").update(gone_phase=2)
    pull_maildrop(account, connect=server.connect)
    assert server.deleted == [ONE]
    assert server.mail == [("x", THREE)]
    # Its id tells it apart now; that nobody knew it by this one, its bytes made good.
    assert sorted(shown(account)) == ["One", "Three", "Two"]
    assert PopMessage.objects.filter(uidl="x", state="stored", message__subject="Three").exists()


def test_without_uidl_and_top_the_bytes_tell() -> None:
    account = make_account(protocol="pop3")
    server = Maildrop([("", ONE), ("", TWO)], capabilities=frozenset({"USER"}))
    for _ in range(2):
        pull_maildrop(account, connect=server.connect)
    server.mail.insert(0, ("", THREE))
    pull_maildrop(account, connect=server.connect)
    assert sorted(shown(account)) == ["One", "Three", "Two"]
    assert PopMessage.objects.filter(state="stored").count() == 3


def test_ids_that_are_message_numbers_delete_nothing_that_was_not_stored() -> None:
    """Positions as "unique" ids: another client deletes the first, all others shift, and sizes are alike."""
    mail = [raw_message("Same size", f"{letter}\r\n", Message_ID=f"<{letter}@x>") for letter in "abcd"]
    account = make_account(protocol="pop3")
    server = Maildrop([(str(number), raw) for number, raw in enumerate(mail[:3], 11)])
    pull_maildrop(account, connect=server.connect)
    server.mail = [(str(number), raw) for number, raw in enumerate(mail[1:], 11)]
    MailAccount.objects.filter(pk=account.pk).update(leave_on_server="once_stored")
    account.refresh_from_db()
    for _ in range(3):
        pull_maildrop(account, connect=server.connect)
    assert server.mail == []
    assert sorted(read_raw(message) for message in Message.objects.all()) == sorted(mail)
    assert len(shown(account)) == 4


def test_a_reused_id_brings_the_new_message_and_keeps_the_old() -> None:
    account = make_account(protocol="pop3", leave_on_server="once_stored")
    server = Maildrop([("a", ONE)])
    pull_maildrop(account, connect=server.connect)
    server.mail = [("a", TWO)]
    pull_maildrop(account, connect=server.connect)
    assert shown(account) == ["One", "Two"]
    assert server.deleted == [ONE, TWO]


def test_mail_that_gets_other_ids_is_known_by_its_bytes() -> None:
    """A provider that moves house: every UIDL is another, every byte the same."""
    account = make_account(protocol="pop3")
    server = Maildrop([("a", ONE), ("b", TWO)])
    pull_maildrop(account, connect=server.connect)
    Placement.objects.filter(message__subject="One").update(gone_phase=2, shown=False)
    server.mail = [("new-a", ONE), ("new-b", TWO)]
    pull_maildrop(account, connect=server.connect)
    assert shown(account) == ["Two"], "What its user threw away does not come back."
    assert Placement.objects.count() == 2
    assert sorted(PopMessage.objects.values_list("uidl", "state")) == [("new-a", "stored"), ("new-b", "stored")]


def test_two_equal_messages_are_two() -> None:
    account = make_account(protocol="pop3")
    server = Maildrop([("a", ONE), ("b", ONE)])
    pull_maildrop(account, connect=server.connect)
    pull_maildrop(account, connect=server.connect)
    assert shown(account) == ["One", "One"]
    assert Message.objects.count() == 1


@pytest.mark.parametrize("kind", ["poison", "refused"])
def test_a_message_that_cannot_be_had_holds_up_no_other(kind: str) -> None:
    account = make_account(protocol="pop3", leave_on_server="once_stored")
    server = Maildrop([("a", ONE), ("b", TWO), ("c", THREE)])
    getattr(server, kind).add("b")
    for _ in range(4):
        pull_maildrop(account, connect=server.connect)
    assert sorted(shown(account)) == ["One", "Three"]
    assert server.mail == [("b", TWO)]
    row = PopMessage.objects.get(uidl="b")
    assert (row.state, row.attempts) == ("seen", 2)
    assert row.error
    getattr(server, kind).clear()
    PopMessage.objects.update(next_try_at=None)
    pull_maildrop(account, connect=server.connect)
    assert sorted(shown(account)) == ["One", "Three", "Two"]
    assert server.mail == []


def test_a_message_beyond_the_limit_is_not_asked_for_and_stays_on_the_server(settings: Settings) -> None:
    settings.HERON_MESSAGE_SIZE_LIMIT_BYTES = 5000
    account = make_account(protocol="pop3", leave_on_server="once_stored")
    server = Maildrop([("a", ONE), ("b", raw_message("Big", "x" * 6000))])
    assert pull_maildrop(account, connect=server.connect) is Outcome.DONE
    assert shown(account) == ["One"]
    assert [name for name, _ in server.mail] == ["b"]
    assert server.count("RETR") == 1
    assert "larger" in PopMessage.objects.get(uidl="b").error


def test_a_large_first_pull_comes_in_sessions_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsync.engine.pop_pull.MOST_MESSAGES", 10)
    account = make_account(protocol="pop3")
    server = Maildrop([(f"u{n}", raw_message(f"N{n:02}")) for n in range(25)])
    assert pull_maildrop(account, connect=server.connect) is Outcome.MORE
    assert sorted(shown(account)) == [f"N{n:02}" for n in range(15, 25)]
    assert pull_maildrop(account, connect=server.connect) is Outcome.MORE
    assert pull_maildrop(account, connect=server.connect) is Outcome.DONE
    assert len(shown(account)) == 25
    assert server.count("RETR") == 25


def test_with_the_days_allowance_spent_only_the_newest_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsync.engine.pop_pull.MOST_WHEN_SPENT", 2)
    account = make_account(protocol="pop3")
    monkeypatch.setattr(throttle, "is_spent", lambda account: True)
    server = Maildrop([(f"u{n}", raw_message(f"N{n}")) for n in range(5)])
    assert pull_maildrop(account, connect=server.connect) is Outcome.DONE
    assert shown(account) == ["N3", "N4"]
    monkeypatch.undo()
    assert pull_maildrop(account, connect=server.connect) is Outcome.DONE
    assert len(shown(account)) == 5
    assert throttle.spent_today(account.pk) == sum(len(raw) for _, raw in server.mail)


def test_ten_thousand_listed_messages_cost_seconds() -> None:
    account = make_account(protocol="pop3")
    server = Maildrop([(f"u{n}", ONE) for n in range(10_000)])
    PopMessage.objects.bulk_create(
        PopMessage(account=account, uidl=f"u{n}", size_bytes=len(ONE), sha256=b"x" * 32, state="stored")
        for n in range(9_999)
    )
    began = time.process_time()
    assert pull_maildrop(account, connect=server.connect) is Outcome.DONE
    assert time.process_time() - began < 5
    assert shown(account) == ["One"]
    assert server.heard == ["connect", "STAT", "UIDL", "LIST", "RETR 10000", "QUIT", "QUIT answered"]


@pytest.mark.parametrize("policy", ["keep", "once_stored"])
@pytest.mark.parametrize("hands_out_once", [False, True])
def test_killed_at_every_step_and_every_commit_nothing_is_lost_or_doubled(
    policy: str, hands_out_once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers that mark collected mail at QUIT are the hard case: what they hand out once must be stored by then."""
    monkeypatch.setattr("mailsync.engine.pop_pull.BATCH_COUNT", 2)
    for kind in ("step", "commit"):
        for number in range(1, 30):
            account = make_account(protocol="pop3", leave_on_server=policy)
            raws = [ONE, TWO, THREE]
            server = Maildrop([("a", ONE), ("b", TWO), ("c", THREE)], hands_out_once=hands_out_once)
            with killed_at(server, monkeypatch, **{kind: number}):
                pull_maildrop(account, connect=server.connect)
                break
            stored = {read_raw(message) for message in Message.objects.filter(account=account)}
            assert set(server.deleted) <= stored, (kind, number)
            for _ in range(2):
                assert pull_maildrop(account, connect=server.connect) is Outcome.DONE
            placed = Placement.objects.filter(account=account, shown=True, folder__role="inbox")
            assert sorted(read_raw(row.message) for row in placed) == sorted(raws), (kind, number)
            if not hands_out_once:
                assert len(server.mail) == (3 if policy == "keep" else 0), (kind, number)
        else:
            pytest.fail("The run never came to its end.")
        assert number > 3
