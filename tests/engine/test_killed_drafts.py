"""A push killed at every network step and after every commit while it replaces a draft's copy, or files a sent one.

Taken up again, the server has one copy of a draft that stands, none of one that was sent, and one in Sent.
"""

import copy

import pytest
from django.db import transaction

from accounts.models import MailAccount
from mailsync import actions
from mailsync.models import Change, Draft, Placement
from tests.engine.in_step import assert_in_step, killed_at, pull
from tests.engine.test_draft_copies import push, send, type_on
from tests.factories import make_account
from tests.fakes import QRESYNC, PullServer

pytestmark = pytest.mark.django_db


def begin(*capabilities: str, end: str) -> tuple[MailAccount, PullServer]:
    """The server has a copy of the first version; the second, or the letter, waits for the push."""
    account, server = make_account(), PullServer("INBOX", "Sent", "Drafts", capabilities=capabilities)
    pull(account, server)
    draft = actions.start_draft(account.user_id, to="bob@example.org", subject="Plan")
    type_on(account.user_id, draft.pk, "One")
    push(account, server)
    if end == "sent":
        send(account.user_id, draft.pk)
    else:
        type_on(account.user_id, draft.pk, "Two")
    return account, server


@pytest.mark.parametrize(
    ("end", "capabilities"), [("saved", QRESYNC), ("sent", ())], ids=["saved, with UIDPLUS", "sent, without"]
)
def test_killed_anywhere_there_is_one_copy(
    end: str, capabilities: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    account, server = begin(*capabilities, end=end)
    kills = 0
    for kind in ("step", "commit"):
        for number in range(1, 40):
            with transaction.atomic():
                given = copy.deepcopy(server)
                with killed_at(given, monkeypatch, **{kind: number}) as was_killed:
                    push(account, given)
                for _ in range(2):
                    push(account, given)
                    pull(account, given)
                assert not Change.objects.filter(finished_at=None).exists()
                drafts = [one for one in given.boxes["Drafts"].messages.values() if "\\Deleted" not in one.flags]
                assert len(drafts) == (end == "saved"), (kind, number)
                assert len(given.boxes["Sent"].messages) == (end == "sent"), (kind, number)
                shown = Placement.objects.filter(folder__path="Drafts", shown=True)
                assert shown.count() == Draft.objects.filter(placement__in=shown).count() == (end == "saved")
                assert_in_step(account, given)
                transaction.set_rollback(True)
            kills += was_killed()
            if not was_killed():
                break
        else:
            pytest.fail("The run never came to its end.")
    assert kills > 8
