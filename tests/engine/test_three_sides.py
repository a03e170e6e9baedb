"""Another program, the person and a server that sometimes refuses, at random: at rest all show the same. By hypothesis.

What the person does is pushed at any time, taken back before or after it has left, refused or its reply lost.
"""

import itertools
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine.push import push_changes
from mailsync.errors import Rejected
from mailsync.models import Change, Folder, Placement
from mailsync.types import ActionResult
from tests.engine.in_step import assert_in_step, pull
from tests.factories import make_account, raw_message
from tests.fakes import BASELINE, CONDSTORE, QRESYNC, PullServer

pytestmark = pytest.mark.django_db

PATHS = ("INBOX", "Sent", "Archive", "Trash")
FLAGS = ("\\Seen", "\\Flagged", "\\Answered", "$Work")
REFUSED = Rejected("no", code="NOPERM", line="NO [NOPERM] not here")
COMMANDS = ("store_flags", "move", "copy", "expunge")
_numbers = itertools.count()

numbers = st.integers(0, 39)
places = st.sampled_from(PATHS)
steps = st.one_of(
    st.tuples(st.sampled_from(["add", "their copy", "their move", "their flag", "their expunge"]), places, numbers),
    st.tuples(st.sampled_from(["read", "flag", "label", "move", "trash", "undo"]), places, numbers),
    st.tuples(st.sampled_from(["pull", "push", "let go", "refuse", "lose"]), places, numbers),
)


class Play:
    def __init__(self, capabilities: tuple[str, ...]) -> None:
        self.server = PullServer(*PATHS, capabilities=capabilities)
        self.account: MailAccount = make_account()
        self.done: list[UUID] = []
        for path in PATHS[:2] * 2:
            self.add(path)
        pull(self.account, self.server)

    def add(self, path: str) -> None:
        name = f"<t{next(_numbers)}@x>"
        self.server.boxes[path].add(raw_message("Random", Message_ID=name, Received="by x"))

    def take(self, what: str, path: str, number: int) -> None:
        if what == "add":
            self.add(path)
        elif what.startswith("their"):
            self._theirs(what, path, number)
        elif what == "pull":
            pull(self.account, self.server)
        elif what in ("push", "let go"):
            self.push(let_go=what == "let go")
        elif what == "refuse":
            self.server.fail(COMMANDS[number % len(COMMANDS)], REFUSED)
        elif what == "lose":
            self.server.fail(COMMANDS[number % len(COMMANDS)], "after" if number % 2 else "before")
        elif what == "undo":
            if self.done:
                actions.undo(self.account.user_id, self.done.pop(number % len(self.done)))
        else:
            self._ours(what, path, number)

    def _theirs(self, what: str, path: str, number: int) -> None:
        box = self.server.boxes[path]
        if not box.messages:
            return
        uid = sorted(box.messages)[number % len(box.messages)]
        if what == "their flag":
            box.messages[uid].flags ^= {FLAGS[number % len(FLAGS)]}
        elif what == "their expunge":
            del box.messages[uid]
        else:
            target = self.server.boxes[PATHS[(PATHS.index(path) + 1 + number % 3) % len(PATHS)]]
            stored = box.messages.pop(uid) if what == "their move" else box.messages[uid]
            target.add(stored.raw, sorted(stored.flags))

    def _ours(self, what: str, path: str, number: int) -> None:
        shown = Placement.objects.filter(account=self.account, folder__path=path, shown=True).order_by("id")
        ids = list(shown.values_list("id", flat=True))
        if not ids:
            return
        row, user, on = ids[number % len(ids)], self.account.user_id, number % 3 > 0
        result: ActionResult
        if what == "read":
            result = actions.mark_read(user, [row], on)
        elif what == "flag":
            result = actions.flag(user, [row], on)
        elif what == "label":
            result = actions.set_keyword(user, [row], "$Work", on)
        elif what == "trash":
            result = actions.trash(user, [row])
        else:
            target = Folder.objects.get(
                account=self.account, path=PATHS[(PATHS.index(path) + 1 + number % 3) % len(PATHS)]
            )
            result = actions.move(user, [row], target.pk)
        if result.group is not None and Change.objects.filter(group=result.group).exists():
            self.done.append(result.group)

    def push(self, *, let_go: bool) -> None:
        if let_go:
            Change.objects.filter(finished_at=None).update(hold_until=None, due_at=None)
        push_changes(self.account.pk, open_source=self.server.connect)

    def rest(self) -> None:
        self.server.faults.clear()
        for _ in range(9):
            self.push(let_go=True)
            pull(self.account, self.server)
            if not Change.objects.filter(finished_at=None).exists():
                break
        # A server without MODSEQ does not tell of a flag; once a day all are compared.
        self.account.folders.update(deep_scan_at=None)
        pull(self.account, self.server)
        assert not Change.objects.filter(finished_at=None).exists()
        assert_in_step(self.account, self.server)


@pytest.mark.parametrize("capabilities", [QRESYNC, CONDSTORE, BASELINE], ids=["qresync", "condstore", "baseline"])
@given(script=st.lists(steps, min_size=4, max_size=30))
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
def test_at_rest_all_show_the_same(capabilities: tuple[str, ...], script: list[tuple[str, str, int]]) -> None:
    with transaction.atomic():
        play = Play(capabilities)
        for what, path, number in script:
            play.take(what, path, number)
        play.rest()
        transaction.set_rollback(True)
