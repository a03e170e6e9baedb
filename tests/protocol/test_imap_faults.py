"""What IMAP servers and networks do wrong in a session: each fault has an expected error, nothing half is returned."""

from collections.abc import Iterator

import pytest

from mailsync.errors import Poison, Rejected, TryLater, TryNow
from mailsync.protocol import imap
from mailsync.protocol.imap import ImapSource
from mailsync.protocol.imap_wire import Limits
from mailsync.types import Flags, FolderCursor, RemoteFolder, SearchText
from tests.protocol.imap_scripts import close_opened, login, opened, selected
from tests.servers.scripted import (
    Expect,
    Hangup,
    Pause,
    Raw,
    Read,
    Reset,
    Say,
    ScriptMaker,
    Step,
)

INBOX = RemoteFolder("INBOX", b"INBOX", "/")


@pytest.fixture(autouse=True)
def close_what_was_opened() -> Iterator[None]:
    yield
    close_opened()


# The stream. ------------------------------------------------------------------------------------


def session(scripted: ScriptMaker, *steps: Step, capabilities: str | None = None, seconds: float = 5) -> ImapSource:
    """A logged-in source with INBOX open, before a server that goes on with these steps."""
    start = login(capabilities) if capabilities else login()
    source = opened(scripted([*start, *selected(), *steps]), seconds)
    source.select(INBOX)
    return source


def full(uid: int, body: bytes) -> bytes:
    return b"* %d FETCH (UID %d RFC822.SIZE %d FLAGS () BODY[] {%d}\r\n%s)\r\n" % (uid, uid, len(body), len(body), body)


FETCH = Expect(r"\S+ UID FETCH ")
DONE = b"{tag} OK\r\n"


@pytest.mark.parametrize(
    "bad",
    [
        b"* 2 FETCH (UID 2 BODY[] {3}\r\nabcdef)\r\n",  # longer than announced
        b"* 2 FETCH (UID 2 BODY[] {30}\r\nabc)\r\n* 3 FETCH (UID 3 FLAGS ())\r\n",  # shorter
        b"* 2 FETCH (UID 2 BODY[] {3}\r\nabc\r\n",  # never closed
        b"* 2 FETCH (UID 2 BODY[]\r\n",
        b"complete rubbish\r\n",
    ],
)
def test_a_stream_out_of_step_yields_nothing_of_its_batch(scripted: ScriptMaker, bad: bytes) -> None:
    source = session(scripted, FETCH, Raw(full(1, b"one") + bad + DONE), Pause(0.2), Hangup())
    got = []
    with pytest.raises((Poison, TryNow)):
        got.extend(source.fetch_messages([1, 2, 3]))
    assert got == []
    with pytest.raises(TryNow):  # the connection is spent
        source.noop()


@pytest.mark.parametrize("end", [Hangup(), Reset(), Say("* BYE shutting down")])
def test_a_break_in_the_second_batch_keeps_the_first(
    scripted: ScriptMaker, end: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailsync.protocol.imap_batches.BATCH_COUNT", 1)
    monkeypatch.setattr("mailsync.protocol.imap_batches.IN_FLIGHT", 1)
    source = session(
        scripted, FETCH, Raw(full(1, b"one") + DONE), FETCH, Raw(b"* 2 FETCH (UID 2 BODY[] {9}\r\nab"), Pause(0.05), end
    )
    got = []
    with pytest.raises((TryNow, TryLater)):
        got.extend(message.raw for message in source.fetch_messages([1, 2]))
    assert got == [b"one"]


def test_a_ten_gigabyte_literal_is_refused_unread(scripted: ScriptMaker) -> None:
    source = session(scripted, FETCH, Raw(b"* 1 FETCH (UID 1 BODY[] {10737418240}\r\n"), Pause(0.2))
    with pytest.raises(Poison, match="larger than Heron takes"):
        list(source.fetch_messages([1]))


def test_a_message_that_is_said_to_be_too_large_is_not_asked_for(scripted: ScriptMaker) -> None:
    source = session(scripted, Expect(r"\S+ NOOP"), Say("{tag} OK"))
    with pytest.raises(Poison):
        list(source.fetch_messages([1], sizes={1: 10**10}))
    source.noop()  # and the connection goes on


def test_a_small_limit_to_messages_is_none_to_what_a_large_folder_says(scripted: ScriptMaker) -> None:
    flags = b"".join(b"* %d FETCH (UID %d FLAGS (\\Seen))\r\n" % (uid, uid) for uid in range(1, 10_001))
    server = scripted([*login(), *selected(), FETCH, Raw(flags), Say("{tag} OK"), Expect(r"\S+ LOGOUT")])
    with imap.connect(server.settings(), limits=Limits(10_000)) as source:
        source.select(INBOX)
        assert len(source.fetch_flags()) == 10_000


def test_an_endless_line_is_cut_off(scripted: ScriptMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsync.protocol.imap_wire.MAX_LINE_BYTES", 100_000)
    source = session(scripted, Expect(r"\S+ NOOP"), Raw(b"* OK " + b"x" * 400_000), Pause(0.2))
    with pytest.raises(TryNow):
        source.noop()


def test_rubbish_between_is_ignored(scripted: ScriptMaker) -> None:
    noise = b"* X-NEWS 1 2 3\r\n* \r\n* 5\r\n* 4 EXISTS\r\n* 2 FETCH (FLAGS (\\Seen))\r\n* 1 EXPUNGE\r\n* OK [X] hm\r\n"
    source = session(scripted, FETCH, Raw(noise + full(1, b"one") + noise + full(3, b"three") + noise + DONE))
    assert [m.raw for m in source.fetch_messages([1, 2, 3])] == [b"one", b"three"]


def test_bodies_that_are_missing_nil_or_empty_are_absent(scripted: ScriptMaker) -> None:
    lines = (
        b"* 1 FETCH (UID 1 RFC822.SIZE 5 BODY[] NIL)\r\n"
        b'* 2 FETCH (UID 2 RFC822.SIZE 5 BODY[] "")\r\n'
        b"* 3 FETCH (UID 3 RFC822.SIZE 5)\r\n"
        b"* 4 FETCH (RFC822.SIZE 5 BODY[] {5}\r\nwhose)\r\n"
        b"* 5 FETCH (UID 5 RFC822.SIZE 999999 BODY[] {5}\r\nwrong)\r\n"
    )
    source = session(scripted, FETCH, Raw(lines + DONE))
    [message] = source.fetch_messages([1, 2, 3, 4, 5])
    assert (message.uid, message.raw, message.flags) == (5, b"wrong", None)


def test_batches_answered_out_of_order_lose_nothing(scripted: ScriptMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsync.protocol.imap_batches.BATCH_COUNT", 1)
    answers = full(2, b"two") + b"{tag} OK\r\n" + full(1, b"one") + b"{before} OK\r\n"
    source = session(scripted, FETCH, FETCH, Raw(answers))
    assert [message.raw for message in source.fetch_messages([1, 2])] == [b"one", b"two"]


def test_a_refused_batch_is_poison_and_the_connection_goes_on(scripted: ScriptMaker) -> None:
    source = session(
        scripted,
        *(FETCH, Raw(full(1, b"one") + b"{tag} NO Some messages could not be FETCHed (Failure)\r\n")),
        *(Expect(r"\S+ NOOP"), Say("{tag} OK")),
    )
    got = []
    with pytest.raises(Poison):
        got.extend(source.fetch_messages([1, 2]))
    assert got == []
    source.noop()


def test_throttling_is_obeyed(scripted: ScriptMaker) -> None:
    line = "{tag} BAD Request is throttled. Suggested Backoff Time: 2500 milliseconds"
    source = session(scripted, FETCH, Say(line))
    with pytest.raises(TryLater) as caught:
        list(source.fetch_messages([1]))
    assert caught.value.after_seconds == 2.5


def test_silence_is_a_time_out(scripted: ScriptMaker) -> None:
    source = session(scripted, Expect(r"\S+ NOOP"), Pause(1.0), seconds=0.4)
    with pytest.raises(TryLater):
        source.noop()
    with pytest.raises(TryNow):
        source.noop()


# Searching and selecting. -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capabilities", "answer", "found"),
    [
        ("IMAP4rev1", "* SEARCH 3 1 2 \n{tag} OK", [1, 2, 3]),
        ("IMAP4rev1", "* SEARCH\n{tag} OK", []),
        ("IMAP4rev1", "* SEARCH 0 4\n{tag} OK", [4]),
        ("IMAP4rev1", "{tag} OK", []),
        ("IMAP4rev1", "* SEARCH 1 2\n* SEARCH 3\n{tag} OK", [1, 2, 3]),
        ("IMAP4rev1", "* SEARCH 2 (MODSEQ 917)\n{tag} OK", [2]),
        ("IMAP4rev1 ESEARCH", '* ESEARCH (TAG "x") UID ALL 1:3,7\n{tag} OK', [1, 2, 3, 7]),
        ("IMAP4rev1 ESEARCH", '* ESEARCH (TAG "x") UID\n{tag} OK', []),
    ],
)
def test_searches(scripted: ScriptMaker, capabilities: str, answer: str, found: list[int]) -> None:
    source = session(scripted, Expect(r"\S+ UID SEARCH "), Say(answer), capabilities=capabilities)
    assert source.search_uids() == found


@pytest.mark.parametrize(
    "answer", ["* SEARCH 1 two", "* SEARCH 1 99999999999", '* ESEARCH (TAG "x") UID ALL 1:4294967295']
)
def test_a_search_that_answers_nonsense_is_no_answer(scripted: ScriptMaker, answer: str) -> None:
    source = session(scripted, Expect(r"\S+ UID SEARCH "), Say(answer + "\n{tag} OK"))
    with pytest.raises(TryLater):
        source.search_uids()


def test_select_with_everything_missing(scripted: ScriptMaker) -> None:
    source = opened(scripted([*login(), Expect(r"\S+ EXAMINE "), Say("* FLAGS (\\Seen)\n{tag} OK")]))
    found = source.select(INBOX)
    assert (found.exists, found.uidvalidity, found.uidnext, found.highestmodseq) == (0, 0, None, None)
    assert found.permanent_flags == ("\\Seen", "\\*")


def test_select_with_numbers_beyond_all_bounds(scripted: ScriptMaker) -> None:
    """What no column could keep is as if it were not said."""
    says = "* 99999999999 EXISTS\n* OK [UIDVALIDITY 7] x\n* OK [UIDNEXT 99999999999999999999] x\n"
    says += "* OK [HIGHESTMODSEQ 18446744073709551615] x\n{tag} OK"
    source = opened(scripted([*login(), Expect(r"\S+ EXAMINE "), Say(says)]))
    found = source.select(INBOX)
    assert (found.exists, found.uidvalidity, found.uidnext, found.highestmodseq) == (2**31 - 1, 7, None, None)


@pytest.mark.parametrize(
    ("said", "mailbox_id"),
    [
        ("(F2212ea87-6097-4256-9d51)", "F2212ea87-6097-4256-9d51"),
        ("(12)", "12"),
        *((said, "") for said in ("()", "(a b)", "((a))", "a", "(\xe4)", f"({'a' * 256})")),
    ],
)
def test_select_tells_a_folders_identity(scripted: ScriptMaker, said: str, mailbox_id: str) -> None:
    says = f"* 1 EXISTS\n* OK [UIDVALIDITY 7] x\n* OK [MAILBOXID {said}] x\n{{tag}} OK"
    source = opened(scripted([*login(), Expect(r"\S+ EXAMINE "), Say(says)]))
    found = source.select(INBOX)
    assert (found.uidvalidity, found.mailbox_id) == (7, mailbox_id)


def test_vanished_is_cut_to_what_we_know_and_the_old_folder_is_not_mixed_in(scripted: ScriptMaker) -> None:
    source = opened(
        scripted(
            [
                *login("IMAP4rev1 ENABLE QRESYNC CONDSTORE"),
                Expect(r'\S+ EXAMINE "INBOX" \(QRESYNC \(7 5 3:5\)\)'),
                Say(
                    "* VANISHED (EARLIER) 3\n* 9 EXISTS\n* OK [CLOSED] old\n* 2 EXISTS\n* OK [UIDVALIDITY 7] x\n"
                    "* OK [HIGHESTMODSEQ 8] x\n* VANISHED (EARLIER) 5:4294967295\n* VANISHED (EARLIER) rubbish\n"
                    "* 1 FETCH (UID 4 FLAGS (\\Seen) MODSEQ (8))\n{tag} OK [READ-ONLY]"
                ),
            ]
        )
    )
    found = source.select(INBOX, cursor=FolderCursor(7, 5, (3, 4, 5)))
    assert (found.exists, found.vanished, found.read_only) == (2, (5,), True)
    assert [(u.uid, u.flags, u.modseq) for u in found.changed] == [(4, Flags(seen=True), 8)]


def test_a_folder_that_refuses_to_open_is_rejected_and_others_go_on(scripted: ScriptMaker) -> None:
    server = scripted([*login(), Expect(r"\S+ EXAMINE "), Say("{tag} NO [NOPERM] not yours"), *selected()])
    source = opened(server)
    with pytest.raises(Rejected) as caught:
        source.select(RemoteFolder("Secret", b"Secret", "/"))
    assert caught.value.code == "NOPERM"
    assert source.select(INBOX).exists == 3


def test_an_empty_list_and_a_refused_list_return(scripted: ScriptMaker) -> None:
    server = scripted(
        [
            *login("IMAP4rev1 LIST-EXTENDED SPECIAL-USE LIST-STATUS"),
            *(Expect(r'\S+ LIST "" "\*" RETURN \(SUBSCRIBED CHILDREN SPECIAL-USE STATUS'), Say("{tag} BAD what?")),
            *(Expect(r'\S+ LIST "" "\*"$'), Say("{tag} OK")),
            *(Expect(r"\S+ LSUB "), Say("{tag} OK")),
        ]
    )
    assert opened(server).list_folders() == []


def test_eight_bit_folder_names_round_trip(scripted: ScriptMaker) -> None:
    server = scripted(
        [
            *login("IMAP4rev1 LITERAL+"),
            *(
                Expect(r"\S+ LIST "),
                Raw(b'* LIST () "/" "Entw\xfcrfe"\r\n* LIST () "/" INBOX\r\n* LIST broken\r\n' + DONE),
            ),
            *(Expect(r"\S+ LSUB "), Say("{tag} NO")),
            *(Expect(r"\S+ EXAMINE \{8\+\}"), Read(8), Expect("$"), Hangup()),
        ]
    )
    source = opened(server)
    drafts = next(folder for folder in source.list_folders() if folder.path == "Entwürfe")
    with pytest.raises(TryNow):
        source.select(drafts)
    assert b"Entw\xfcrfe" in server.heard


# Changes. ---------------------------------------------------------------------------------------


def test_a_lost_reply_to_a_move_is_told_as_a_broken_connection(scripted: ScriptMaker) -> None:
    source = session(scripted, Expect(r'\S+ UID MOVE 1 "Trash"'), Reset())
    with pytest.raises(TryNow):
        source.move([1], RemoteFolder("Trash", b"Trash", "/"))


def test_without_move_and_uidplus_nothing_is_destroyed(scripted: ScriptMaker) -> None:
    source = session(scripted, capabilities="IMAP4rev1")
    with pytest.raises(Rejected) as caught:
        source.move([1], RemoteFolder("Trash", b"Trash", "/"))
    assert caught.value.code == "CANNOT"
    assert source.expunge([1]) is False


def test_a_malformed_copyuid_is_a_move_without_uids(scripted: ScriptMaker) -> None:
    source = session(scripted, Expect(r"\S+ UID MOVE "), Say("* OK [COPYUID 9 1:2 ] x\n* 1 EXPUNGE\n{tag} OK"))
    assert source.move([1, 2], RemoteFolder("Trash", b"Trash", "/")).uids == {}


def test_a_full_mailbox_refuses_an_append_before_the_message_is_sent(scripted: ScriptMaker) -> None:
    server = scripted([*login(), Expect(r'\S+ APPEND "Sent" \(\\Seen\) \{6\}'), Say("{tag} NO [OVERQUOTA] full")])
    source = opened(server)
    with pytest.raises(Rejected) as caught:
        source.append(RemoteFolder("Sent", b"Sent", "/"), b"mail", flags=Flags(seen=True), internal_date=None)
    assert caught.value.code == "OVERQUOTA"


def test_an_append_beyond_the_limit_is_not_tried(scripted: ScriptMaker) -> None:
    source = opened(scripted(login("IMAP4rev1 APPENDLIMIT=10")))
    sent = RemoteFolder("Sent", b"Sent", "/")
    for raw, code in ((b"x" * 11, "TOOBIG"), (b"a\0b", "CANNOT")):
        with pytest.raises(Rejected) as caught:
            source.append(sent, raw, flags=Flags(), internal_date=None)
        assert caught.value.code == code


def test_news_that_come_before_idle_begins_are_not_lost(scripted: ScriptMaker) -> None:
    source = session(scripted, Expect(r"\S+ IDLE"), Raw(b"* 4 EXISTS\r\n+ idling\r\n* VANISHED 2\r\n"), Pause(0.3))
    source.idle_start()
    events = source.idle_check(2)
    events += source.idle_check(0.2) if len(events) < 2 else []
    assert [event.kind for event in events] == ["EXISTS", "VANISHED"]


def test_an_idle_that_dies_is_noticed(scripted: ScriptMaker) -> None:
    source = session(scripted, Expect(r"\S+ IDLE"), Raw(b"+ idling\r\n* BYE Session expired\r\n"))
    source.idle_start()
    with pytest.raises(TryNow):
        source.idle_check(2)


def test_changed_since_zero_is_never_asked(scripted: ScriptMaker) -> None:
    source = session(scripted)
    with pytest.raises(ValueError, match="MODSEQ above 0"):
        source.fetch_flags(changed_since=0)


def test_looking_at_a_closed_connection_says_so(scripted: ScriptMaker) -> None:
    source = session(scripted, Expect(r"\S+ IDLE"), Raw(b"+ idling\r\n"))
    source.idle_start()
    source._session.wire.shutdown()
    with pytest.raises(TryNow):
        source.idle_check()


def test_a_search_for_text_names_its_charset_where_it_matters(scripted: ScriptMaker) -> None:
    source = session(
        scripted,
        *(Expect(r'\S+ UID SEARCH RETURN \(ALL\) TEXT "tea" UNSEEN$'), Say('* ESEARCH (TAG "x") UID ALL 2\n{tag} OK')),
        *(
            Expect(r"\S+ UID SEARCH RETURN \(ALL\) CHARSET UTF-8 TEXT \{4\}$"),
            Say("{tag} NO [BADCHARSET] no"),
        ),
    )
    assert source.search(["TEXT", SearchText("tea"), "UNSEEN"]) == [2]
    with pytest.raises(Rejected) as refused:
        source.search(["TEXT", SearchText("thé")])
    assert refused.value.code == "BADCHARSET"
