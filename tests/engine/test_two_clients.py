"""Heron and an independent client change one mailbox at random, 2,000 steps in all: at rest both see the same.

Folders, UIDs, flags and bytes are compared after each stretch. A failure names its seed and its steps.
"""

import contextlib
import imaplib
import itertools
import random
import time
from collections.abc import Callable

import pytest

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine.pull import pull_account
from mailsync.engine.push import push_changes
from mailsync.models import Change, Folder, Placement
from tests.engine.boxes import dovecot_account
from tests.engine.other_client import assert_same, folder_paths, ok, quoted, settle
from tests.factories import raw_message
from tests.servers.dovecot import Dovecot, Mailbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.dovecot]

SEEDS, STRETCHES, STEPS = 10, 2, 100
FLAGS = ("\\Seen", "\\Flagged", "\\Answered", "$Work", "Later")
NAMES = ("Work", "Übung", "日本", "a & b")


class Other:
    """The other program: one connection, and no idea of Heron."""

    def __init__(self, client: imaplib.IMAP4, dice: random.Random) -> None:
        self._client, self._dice = client, dice
        self._numbers = itertools.count()

    def step(self) -> str:
        verb: Callable[[], str] = self._dice.choice(
            [self._flag] * 5 + [self._move] * 3 + [self._append] * 4 + [self._expunge, self._copy] + [self._folders] * 2
        )
        return verb()

    def _any(self) -> str:
        """A folder, now selected. Seen in practice: Dovecot lists a deleted one as long as others are below it."""
        paths = sorted(folder_paths(self._client))
        while self._client.select(quoted(path := self._dice.choice(paths)))[0] != "OK":
            paths.remove(path)
        return path

    def _open(self) -> list[str]:
        """Select a folder, with mail if there is luck; the UIDs in it."""
        for _ in range(3):
            self._any()
            uids = ok(self._client.uid("SEARCH", "ALL"))[0].decode().split()
            if uids:
                return uids
        return []

    def _some(self) -> str:
        uids = self._open()
        return ",".join(self._dice.sample(uids, min(len(uids), self._dice.randint(1, 3))))

    def _flag(self) -> str:
        uids, sign, flag = self._some(), self._dice.choice("+-"), self._dice.choice(FLAGS)
        if uids:
            ok(self._client.uid("STORE", uids, f"{sign}FLAGS", f"({flag})"))
        return f"other: {sign}{flag} {uids}"

    def _move(self) -> str:
        return self._transfer("MOVE")

    def _copy(self) -> str:
        return self._transfer("COPY")

    def _transfer(self, verb: str) -> str:
        target, uids = self._any(), self._some()
        if uids:
            ok(self._client.uid(verb, uids, quoted(target)))
        return f"other: {verb} {uids} {target}"

    def _expunge(self) -> str:
        uids = self._some()
        if uids:
            ok(self._client.uid("STORE", uids, "+FLAGS.SILENT", "(\\Deleted)"))
            ok(self._client.uid("EXPUNGE", uids))
        return f"other: expunge {uids}"

    def _append(self) -> str:
        number = next(self._numbers)
        path = self._any()
        received = "from a by b" if self._dice.random() < 0.7 else ""
        raw = raw_message(f"Other {number}", f"Body {number}.\r\n" * 3, Received=received)
        ok(self._client.append(quoted(path), "", imaplib.Time2Internaldate(time.time()), raw))
        return f"other: append {path}"

    def _folders(self) -> str:
        mine = sorted(path for path in folder_paths(self._client) if path.split("/")[0] in NAMES)
        name = self._dice.choice(NAMES)
        what = self._dice.choice(("create", "create", "rename", "delete"))
        self._client.select("INBOX")
        with contextlib.suppress(IndexError):
            if what == "create":
                parent = self._dice.choice([*mine, ""])
                name = f"{parent}/{name}" if parent and parent.count("/") < 2 else name
                self._client.create(quoted(name))
            elif what == "rename":
                path = self._dice.choice(mine)
                name = f"{path.rpartition('/')[0]}/{name}".strip("/")
                self._client.rename(quoted(path), quoted(name))
            else:
                name = self._dice.choice(mine)
                self._client.delete(quoted(name))
        return f"other: {what} {name}"


class Us:
    """A user of Heron, who may be quicker than the server."""

    def __init__(self, account: MailAccount, dice: random.Random) -> None:
        self._account, self._dice = account, dice
        self._user = account.user_id
        self._done: list[actions.ActionResult] = []

    def step(self) -> str:
        verb = self._dice.choice(
            [self._flag] * 5
            + [self._move] * 4
            + [self._folders] * 2
            + [self._undo, self._empty, self._push, self._pull]
        )
        return verb()

    def _some(self) -> list[int]:
        folders = list(Folder.objects.filter(account=self._account, total__gt=0, missing_since=None).order_by("id"))
        if not folders:
            return []
        shown = Placement.objects.filter(folder=self._dice.choice(folders), shown=True).order_by("id")
        ids = list(shown.values_list("id", flat=True))
        return self._dice.sample(ids, min(len(ids), self._dice.randint(1, 4)))

    def _flag(self) -> str:
        rows, flag, on = self._some(), self._dice.choice(FLAGS[:2] + FLAGS[3:]), self._dice.random() < 0.6
        if not rows:
            return "us: nothing"
        if flag == "\\Seen":
            self._done.append(actions.mark_read(self._user, rows, on))
        elif flag == "\\Flagged":
            self._done.append(actions.flag(self._user, rows, on))
        else:
            self._done.append(actions.set_keyword(self._user, rows, flag, on))
        return f"us: {flag} {on} {rows}"

    def _move(self) -> str:
        rows = self._some()
        if not rows:
            return "us: nothing"
        verb = self._dice.choice(("archive", "trash", "junk", "move", "move", "copy"))
        if verb not in ("move", "copy"):
            self._done.append(getattr(actions, verb)(self._user, rows))
            return f"us: {verb} {rows}"
        target = self._folder()
        self._done.append(getattr(actions, verb)(self._user, rows, target.pk))
        return f"us: {verb} {rows} {target.path}"

    def _folder(self) -> Folder:
        folders = Folder.objects.filter(account=self._account, missing_since=None, selectable=True).order_by("id")
        return self._dice.choice(list(folders))

    def _folders(self) -> str:
        folder, name = self._folder(), self._dice.choice(NAMES)
        what = self._dice.choice(("create", "rename", "move", "delete"))
        try:
            if what == "create":
                parent = folder.pk if folder.path.count("/") < 2 else None
                done = actions.create_folder(self._user, self._account.pk, name, parent)
            elif what == "rename":
                done = actions.rename_folder(self._user, folder.pk, name)
            elif what == "move":
                done = actions.move_folder(self._user, folder.pk, self._dice.choice([None, self._folder().pk]))
            else:
                done = actions.delete_folder(self._user, folder.pk, mail_to_trash=True)
        except actions.CannotDo as error:
            return f"us: {what} {folder.path}: {error}"
        self._done.append(done)
        return f"us: {what} {folder.path} {name}"

    def _undo(self) -> str:
        if not self._done:
            return "us: nothing"
        with contextlib.suppress(actions.NotYours):
            return f"us: undo {actions.undo(self._user, self._done.pop().group)}"
        return "us: nothing to undo"

    def _empty(self) -> str:
        trash = Folder.objects.get(account=self._account, role="trash")
        self._done.append(actions.empty_folder(self._user, trash.pk))
        return "us: empty"

    def _push(self) -> str:
        Change.objects.filter(account=self._account).update(hold_until=None)
        push_changes(self._account.pk)
        return "us: push"

    def _pull(self) -> str:
        pull_account(self._account.pk)
        return "us: pull"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_both_see_the_same_at_rest(dovecot: Dovecot, mailbox: Mailbox, seed: int) -> None:
    dice = random.Random(seed)
    account = dovecot_account(mailbox)
    mailbox.append_many([raw_message(f"First {n}", Received="from a by b") for n in range(10)])
    settle(account)
    with mailbox.client() as client:
        other, us = Other(client, dice), Us(account, dice)
        said: list[str] = []
        for stretch in range(STRETCHES):
            said += [dice.choice((other, us)).step() for _ in range(STEPS)]
            settle(account)
            try:
                assert_same(account, mailbox)
            except AssertionError:
                print(f"seed {seed}, stretch {stretch}:", *said[-STEPS:], sep="\n")
                raise


def test_the_steps_are_two_thousand() -> None:
    assert SEEDS * STRETCHES * STEPS == 2000
