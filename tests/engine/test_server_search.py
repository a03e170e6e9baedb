"""A server's own search brings what is not here yet: from a server in memory, and from a real Dovecot."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync.actions import ask_servers
from mailsync.engine.maintain import maintain
from mailsync.engine.pull import pull_account, pull_bodies
from mailsync.engine.server_search import search_server
from mailsync.errors import MailError, Rejected, TryLater, Unavailable
from mailsync.models import Folder, Message, MessageText, Placement, RawMessage, ServerSearch
from mailsync.store import leases
from mailsync.store.search import prepare_search, search
from mailsync.store.server_searches import ServerAnswer, due_searches, load_standing
from tests.engine.boxes import dovecot_account
from tests.engine.fake_server import Box, FakeServer
from tests.factories import make_account, make_folder, make_message, raw_message
from tests.servers.dovecot import Mailbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server() -> FakeServer:
    return FakeServer("INBOX")


@pytest.fixture
def inbox(server: FakeServer) -> Folder:
    """Four messages that are listed here, of which only one has its text; a fifth is on the server alone."""
    inbox = make_folder(make_account(), bodies_pending=3)
    bodies = ["a needle\r\n", "hay\r\n", "two needles\r\n", "needle here\r\n", "needle far\r\n"]
    for number, body in enumerate(bodies, 1):
        raw = raw_message(f"Straw {number}", body)
        server.boxes["INBOX"].add(raw)
        if number < 5:
            make_message(inbox, raw, subject=f"Straw {number}", uid=number)
    bodiless = Message.objects.exclude(subject="Straw 4")
    MessageText.objects.filter(message__in=bodiless).update(complete=False)
    bodiless.update(raw=None, parts=None)
    RawMessage.objects.filter(message=None).delete()
    return inbox


def _answer_of(user_id: int, query: str) -> ServerAnswer | None:
    return load_standing(user_id, prepare_search(user_id, query), query, None).answer


def ask(inbox: Folder, server: FakeServer, query: str = "needle") -> ServerAnswer:
    ask_servers(inbox.account.user_id, query)
    (row,) = ServerSearch.objects.filter(query=query)
    search_server(row.pk, connect=lambda account: lambda: server.connect(account))
    answer = _answer_of(inbox.account.user_id, query)
    assert answer is not None
    return answer


def subjects(inbox: Folder, query: str) -> list[str]:
    return sorted(row.subject for row in search(inbox.account.user_id, query).rows)


def test_what_the_server_finds_comes_and_stands_in_the_results(inbox: Folder, server: FakeServer) -> None:
    assert subjects(inbox, "needle*") == []
    answer = ask(inbox, server)
    assert answer == ServerAnswer(False, found=2, fetched=2, unlisted=1, problems=())
    assert subjects(inbox, "needle*") == ["Straw 1", "Straw 3"]
    # What did not match was not fetched.
    assert set(Placement.objects.filter(message__raw=None).values_list("uid", flat=True)) == {2}


def test_asked_again_it_brings_the_same_and_a_settled_row_is_no_work(inbox: Folder, server: FakeServer) -> None:
    ask(inbox, server)
    row = ServerSearch.objects.get()
    search_server(row.pk, connect=lambda account: lambda: server.connect(account))
    assert due_searches() == []
    again = ask(inbox, server)
    assert (again.found, again.fetched) == (0, 0)
    assert ServerSearch.objects.count() == 1


def test_a_refusal_and_a_dead_line_are_told_in_plain_words(inbox: Folder, server: FakeServer) -> None:
    server.fail("search", Rejected("The mail server refused: no searching."))
    assert ask(inbox, server).problems == ("The mail server refused: no searching.",)
    server.fail("search", TryLater("The mail server is busy."))
    assert ask(inbox, server, "hay").problems == ("The mail server is busy.",)


@pytest.mark.parametrize("error", [Unavailable("Not just now."), Rejected("The mail server refused.")])
def test_a_folder_that_cannot_be_searched_ends_no_search(inbox: Folder, server: FakeServer, error: MailError) -> None:
    for path in ("Club", "Old"):
        folder = make_folder(inbox.account, path, bodies_pending=1)
        raw = raw_message(path, "needle\r\n")
        server.boxes[path] = Box()
        server.boxes[path].add(raw)
        message = make_message(folder, raw, subject=path, uid=1).message
        MessageText.objects.filter(message=message).update(complete=False)
        Message.objects.filter(pk=message.pk).update(raw=None, parts=None)
    RawMessage.objects.filter(message=None).delete()
    server.fail("search", error)
    answer = ask(inbox, server)
    assert answer.problems == ("The mail server could not search these folders: INBOX.",)
    assert (answer.found, answer.fetched) == (2, 2)


def test_letters_a_server_does_not_know_are_left_out_or_told(inbox: Folder, server: FakeServer) -> None:
    server.fail("search", Rejected("The mail server refused.", code="BADCHARSET"))
    assert ask(inbox, server, "ångström needle").found == 2
    server.fail("search", Rejected("The mail server refused.", code="BADCHARSET"))
    assert ask(inbox, server, "ångström").problems == ("This mail server can search for letters of English only.",)


def test_while_all_connections_are_taken_it_waits_and_then_gives_up(inbox: Folder, server: FakeServer) -> None:
    assert leases.claim(inbox.account_id, "search") is not None
    assert ask(inbox, server).is_waiting
    (row_id,) = due_searches()
    ServerSearch.objects.update(asked_at=timezone.now() - timedelta(minutes=20))
    search_server(row_id, connect=lambda account: lambda: server.connect(account))
    answer = _answer_of(inbox.account.user_id, "needle")
    assert answer is not None
    assert answer.problems[0].startswith("The mail server could not be asked")


def test_a_paused_account_is_not_asked(inbox: Folder, server: FakeServer) -> None:
    MailAccount.objects.update(state=MailAccount.State.PAUSED)
    assert ask(inbox, server).problems == ("This mail account is paused, so its server is not asked.",)
    assert server.log.count("search") == 0


@pytest.mark.dovecot
def test_dovecot_is_asked_in_every_letter(mailbox: Mailbox) -> None:
    mailbox.append_many([raw_message(f"N{n}", f"Body {n} of hay\r\n") for n in range(60)])
    mailbox.append(raw_message("Found", "The Ångström unit and a needle\r\n"))
    mailbox.append_many([raw_message(f"M{n}", "More hay\r\n") for n in range(60)])
    account = dovecot_account(mailbox)
    pull_account(account.pk)
    assert not Message.objects.filter(raw__isnull=False).exists()
    for query in ("ångström", "needle from:ada OR subject:found", "(unit OR öre) after:2001-01-01 larger:10"):
        ask_servers(account.user_id, query)
        search_server(ServerSearch.objects.get(query=query).pk)
        answer = _answer_of(account.user_id, query)
        assert answer is not None
        assert answer.problems == ()
    assert [row.subject for row in search(account.user_id, "ångström").rows] == ["Found"]
    assert Message.objects.filter(raw__isnull=False).count() == 1
    pull_bodies(account.pk)
    assert not Message.objects.filter(raw__isnull=True).exists()


def test_answers_that_nobody_is_shown_any_more_are_swept_by_the_clock(inbox: Folder) -> None:
    for hours in (1, 30):
        asked_at = timezone.now() - timedelta(hours=hours)
        ServerSearch.objects.create(account=inbox.account, query=f"{hours} hours", asked_at=asked_at)
    maintain()
    assert [row.query for row in ServerSearch.objects.all()] == ["1 hours"]
