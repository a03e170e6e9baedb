"""A POP3 mailbox changed at random while Heron collects it and is killed at random: nothing lost, nothing doubled."""

import random

import pytest

from accounts.models import MailAccount
from mailsync.engine.pop_pull import pull_maildrop
from mailsync.engine.pull import Outcome
from mailsync.models import Message, Placement
from mailsync.store.audit import recount, recount_sums
from mailsync.store.raw import read_raw
from mailsync.store.summary import refresh
from tests.engine.maildrop import Maildrop, killed_at
from tests.factories import make_account, raw_message

pytestmark = pytest.mark.django_db(transaction=True)

POLICIES = ("keep", "once_stored", "with_local", "after_days")


class Sides:
    """One mailbox with a way of naming mail, its account, and all that was ever put in."""

    def __init__(self, seed: int, naming: str, *, top: bool) -> None:
        self.dice = random.Random(seed)
        self.naming = naming
        self.capabilities = frozenset({"TOP", "UIDL"} - (set() if top else {"TOP"}))
        self.server = Maildrop(capabilities=self.capabilities)
        if naming == "none":
            self.server.capabilities -= {"UIDL"}
        self.account: MailAccount = make_account(
            protocol="pop3", leave_on_server=self.dice.choice(POLICIES), leave_days=0
        )
        self.given: list[bytes] = []
        #: What another client took away before Heron had seen it, and what its user threw away.
        self.stolen: set[bytes] = set()
        self.thrown: set[bytes] = set()

    def deliver(self) -> None:
        number = len(self.given)
        # All of one size, so that size tells nothing.
        raw = raw_message("Mail", f"Body {number:04}\r\n", Message_ID=f"<{number:04}@x.test>")
        self.given.append(raw)
        name = {"stable": f"u{number}", "blank": "", "double": f"u{number % 2}"}.get(self.naming, "")
        self.server.mail.append((name, raw))
        self.rename()

    def rename(self) -> None:
        """Servers that number by position, from an odd start so that nobody can tell."""
        if self.naming == "position":
            self.server.mail = [(str(place), raw) for place, (_, raw) in enumerate(self.server.mail, 7)]

    def steal(self) -> None:
        """Another client deletes a message."""
        if self.server.mail:
            _, raw = self.server.mail.pop(self.dice.randrange(len(self.server.mail)))
            if raw not in self.stored():
                self.stolen.add(raw)
            self.rename()

    def throw(self) -> None:
        """Its user deletes a message here for good."""
        row = Placement.objects.filter(account=self.account, shown=True).order_by("?").first()
        if row is not None:
            self.thrown.add(read_raw(row.message))
            Placement.objects.filter(pk=row.pk).update(gone_phase=2, shown=False)
            refresh([(row.folder_id, row.thread_id)])

    def stored(self) -> set[bytes]:
        return {read_raw(message) for message in Message.objects.filter(account=self.account)}

    def pull(self) -> None:
        assert pull_maildrop(self.account, connect=self.server.connect) in (Outcome.DONE, Outcome.MORE)
        self.rename()

    def check(self) -> None:
        assert set(self.server.deleted) <= self.stored(), "Deleted on the server before it was stored."

    def at_rest(self) -> None:
        """All that was ever given and not taken away by others is here, once."""
        for _ in range(3):
            self.pull()
            self.check()
        rows = Placement.objects.filter(account=self.account).select_related("message")
        placed = sorted(read_raw(row.message) for row in rows)
        assert placed == sorted(raw for raw in self.given if raw not in self.stolen)
        shown = {read_raw(row.message) for row in rows if row.shown}
        assert shown == set(placed) - self.thrown
        left = {raw for _, raw in self.server.mail}
        match self.account.leave_on_server:
            case "once_stored" | "after_days":
                assert left == set()
            case "with_local":
                assert not left & self.thrown


@pytest.mark.parametrize("top", [True, False], ids=["top", "no-top"])
@pytest.mark.parametrize("naming", ["stable", "blank", "double", "position", "none"])
@pytest.mark.parametrize("seed", range(2))
def test_at_rest_everything_is_here_once(seed: int, naming: str, top: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if naming == "position" and not top:
        pytest.skip("Numbers for names, one size for all, and no TOP: nothing tells the messages apart.")
    monkeypatch.setattr("mailsync.engine.pop_pull.BATCH_COUNT", 2)
    monkeypatch.setattr("mailsync.engine.pop_pull.MOST_MESSAGES", 5)
    sides = Sides(seed, naming, top=top)
    for _ in range(20):
        match sides.dice.randrange(8):
            case 0 | 1 | 2:
                sides.deliver()
            case 3:
                sides.steal()
            case 4:
                sides.throw()
            case 5:
                at = {sides.dice.choice(["step", "commit"]): sides.dice.randrange(1, 12)}
                with killed_at(sides.server, monkeypatch, **at):
                    pull_maildrop(sides.account, connect=sides.server.connect)
                sides.rename()
            case _:
                sides.pull()
        sides.check()
    sides.at_rest()
    assert [*recount(), *recount_sums()] == []
