"""A mailbox here and its server there, with the same mail in both, to push changes from one to the other."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import MailAccount
from mailsync.engine.push import push_changes
from mailsync.models import Change, Folder, Placement, ThreadRow
from tests.engine.fake_server import FakeServer
from tests.factories import make_account, make_folder, make_message, raw_message


class Mailbox:
    """An account here and its server there, with the same mail in both."""

    def __init__(self, *paths: str, capabilities: tuple[str, ...] = ("MOVE", "UIDPLUS")) -> None:
        self.account: MailAccount = make_account()
        self.user_id = self.account.user_id
        self.server = FakeServer("INBOX", *paths, capabilities=capabilities)
        roles = {"Trash": "trash", "Archive": "archive", "Sent": "sent", "Drafts": "drafts"}
        self.folders: dict[str, Folder] = {
            path: make_folder(self.account, path, role=roles.get(path, "inbox" if path == "INBOX" else ""))
            for path in self.server.boxes
        }

    def add(self, path: str = "INBOX", **fields: Any) -> Placement:
        raw = raw_message()
        uid = self.server.boxes[path].add(raw)
        message_id = self.server.boxes[path].messages[uid].message_id
        return make_message(self.folders[path], raw, uid=uid, message_id=message_id, **fields)

    def push(self) -> None:
        """The toast has gone, the backoff is over: push what is there."""
        past = timezone.now() - timedelta(seconds=1)
        Change.objects.filter(hold_until__isnull=False).update(hold_until=past)
        Change.objects.filter(due_at__isnull=False).update(due_at=past)
        push_changes(self.account.pk, open_source=self.server.connect)

    def ids(self, path: str) -> list[str]:
        return self.server.boxes[path].ids()

    def shown(self, path: str) -> list[str]:
        """The Message-IDs that the user sees in a folder; the counts must agree."""
        folder = self.folders[path]
        folder.refresh_from_db()
        found = Placement.objects.filter(folder=folder, shown=True).select_related("message")
        assert folder.total == len(found) == sum(r.message_count for r in ThreadRow.objects.filter(folder=folder))
        assert folder.unread == sum(not row.seen for row in found)
        return sorted(row.message.message_id for row in found)

    def agree(self) -> None:
        """Server and screen show the same; every shown placement has the UID of its message; nothing is open."""
        assert not Change.objects.filter(finished_at=None).exists()
        for path, box in self.server.boxes.items():
            live = {uid: row for uid, row in box.messages.items() if "\\Deleted" not in row.flags}
            assert self.shown(path) == sorted(row.message_id for row in live.values())
            placements = Placement.objects.filter(folder=self.folders[path], shown=True)
            assert {row.uid: row.message.message_id for row in placements} == {
                uid: row.message_id for uid, row in live.items()
            }
