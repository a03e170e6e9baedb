"""What stands between connecting an account and its first screen, and what an unchanged account costs: counted."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import MailAccount
from bench.figures import counted_traffic
from mailsync.engine import record
from mailsync.engine.pull import Outcome, pull_account
from mailsync.models import Folder, Placement
from mailsync.plan.pull import FIRST_CHUNK
from tests.engine.boxes import dovecot_account
from tests.factories import make_account, raw_message
from tests.fakes import PullServer, PullSource
from tests.servers.dovecot import Mailbox


class FirstScreen(BaseException):
    """The first chunk of the inbox is stored; the rest is nobody's business here."""


def first_screen(account: MailAccount, count: int, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], int, int]:
    """Commands and queries of a pull up to the moment the inbox's first rows are in the tables, and those rows."""
    server = PullServer()
    for path in ("Sent", "Archive"):
        server.boxes[path].add(raw_message(path))
    for n in range(count):
        server.boxes["INBOX"].add(raw_message(f"N{n}", Message_ID=f"<{n}@x>"))
    real, asked = record.record_headers, []
    fetch = PullSource.fetch_headers
    monkeypatch.setattr(PullSource, "fetch_headers", lambda self, uids: (asked.append(len(uids)), fetch(self, uids))[1])

    def stored(*args, **kwargs):  # type: ignore[no-untyped-def]
        real(*args, **kwargs)
        raise FirstScreen

    monkeypatch.setattr(record, "record_headers", stored)
    # What the fetching thread does meanwhile is not waited for: the chunk in hand is the first it gave.
    with (
        CaptureQueriesContext(
            connection,
        ) as queries,
        pytest.raises(FirstScreen),
    ):
        pull_account(account.pk, connect=server.opener)
    assert asked[0] == min(count, FIRST_CHUNK)
    commands = server.log[: server.log.index("fetch_headers") + 1]
    return commands, len(queries), Placement.objects.filter(account=account, shown=True).count()


@pytest.mark.django_db
def test_the_first_screen_needs_the_same_work_at_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        small = first_screen(make_account(), FIRST_CHUNK, patched)
    with monkeypatch.context() as patched:
        large = first_screen(make_account(), 10 * FIRST_CHUNK, patched)
    assert small == large
    commands, _, rows = large
    assert commands == ["list_folders", "select", "search_uids", "fetch_headers"]
    assert rows == FIRST_CHUNK


@pytest.mark.django_db(transaction=True)
@pytest.mark.dovecot
def test_an_unchanged_account_costs_one_command_and_few_bytes(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mailbox.client() as client:
        for n in range(14):
            client.create(f"Project{n}")
    mailbox.append_many([raw_message(f"N{n}") for n in range(5)])
    for n in range(14):
        mailbox.append(raw_message(f"P{n}"), f"Project{n}")
    account = dovecot_account(mailbox)
    assert pull_account(account.pk) is Outcome.DONE
    assert pull_account(account.pk) is Outcome.DONE
    transcripts: list[list[str]] = []
    from mailsync.protocol.imap import ImapSource

    real = ImapSource.list_folders

    def listing(self: ImapSource, *, with_status: bool = True):  # type: ignore[no-untyped-def]
        transcripts.append(self.transcript)  # type: ignore[arg-type]
        return real(self, with_status=with_status)

    monkeypatch.setattr(ImapSource, "list_folders", listing)
    with counted_traffic() as moved, CaptureQueriesContext(connection) as queries:
        assert pull_account(account.pk) is Outcome.DONE
    folders = Folder.objects.filter(account=account).count()
    assert folders == 20
    assert sum(moved) < 2048 * folders
    # The login is the same at any number of folders; what a folder adds is one line of LIST and one of STATUS.
    assert sum(moved) < 2500 + 250 * folders
    said = [line.split()[2] for line in transcripts[0] if line.startswith("C: ")]
    assert said.count("LIST") == 1
    assert not {"SELECT", "EXAMINE", "UID", "STATUS"} & set(said)
    assert len(queries) < 40
