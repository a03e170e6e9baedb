"""The copy that browser tests are given is the sample mailbox, to the last row."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import MailAccount
from mailsync.models import Folder, Placement, RawMessage, ThreadReference
from mailsync.store import leases
from mailsync.store.labels import label_rows, load_labels
from mailsync.store.listing import list_rows, load_tree
from mailsync.store.search import prepare_search
from tests.emptied import empty_tables
from tests.factories import make_account, make_message, make_user
from tests.kept_mailbox import KeptMailbox


def described(account: MailAccount, folders: dict[str, Folder]) -> dict[str, Any]:
    """All that can be seen of it, without the ids."""
    tree = load_tree(account.user_id)
    rows = {
        (path, by_conversation): [
            (row.subject, row.participants, row.received_at, row.unread_count, row.message_count, row.keywords)
            for row in list_rows([folder.pk], by_conversation=by_conversation, limit=400).rows
        ]
        for path, folder in folders.items()
        for by_conversation in (True, False)
    }
    labels, everywhere = load_labels(account.user_id), [folder.pk for folder in folders.values()]
    return {
        "tree": [(line.folder.path, line.folder.total, line.folder.unread) for one in tree for line in one.folders],
        "rows": rows,
        "found": [row.subject for row in prepare_search(account.user_id, "boathouse", None).page().rows],
        "labels": labels,
        "labelled": [row.subject for one in labels for row in label_rows(everywhere, one.keyword).rows],
        "bytes": sorted(RawMessage.objects.values_list("sha256", flat=True)),
        "named": ThreadReference.objects.filter(account=account).count(),
    }


@pytest.mark.django_db(transaction=True)
def test_a_copy_is_what_was_filled() -> None:
    kept = KeptMailbox(newest=60)
    seen = []
    for _ in range(3):
        account = make_account(make_user("anna"), address="anna.berg@nordlicht.example")
        folders = kept.fill(account)
        seen.append(described(account, folders))
        newest = Placement.objects.latest("pk")
        assert make_message(folders["INBOX"]).pk > newest.pk, "what comes next has an id of its own"
        assert set(Placement.objects.values_list("account", flat=True)) == {account.pk}
        assert leases.claim(account.pk, "pull"), "nobody works on it"
        empty_tables()
        assert not Placement.objects.exists()
    assert seen[0]["labelled"]
    for one in seen[1:]:
        for place, rows in one["rows"].items():
            first = seen[0]["rows"][place]
            moved = {late[2] - early[2] for early, late in zip(first, rows, strict=True)}
            assert len(moved) <= 1
            assert all(timedelta(0) < step < timedelta(minutes=2) for step in moved)
            assert [(*row[:2], *row[3:]) for row in rows] == [(*row[:2], *row[3:]) for row in first]
        assert {**one, "rows": None} == {**seen[0], "rows": None}
