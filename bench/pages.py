"""What does each page of the site cost in a mailbox of a million messages, beside one of ten thousand?
``python -m bench.pages``.

Where ``bench.scale`` times the operations of the store, this asks for whole pages, settings and forms too, as a browser
would, and prints what each took and how many rows of tables were read for it. A page that walks the mailbox is marked.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from bench.scale import Box, make_box, make_texts
from bench.scratch import scratch_database
from mailsync.message.lexemes import Vector

if TYPE_CHECKING:
    from django.test import Client

SIZES = (10_000, 100_000, 1_000_000)
#: A page walks that reads so many times more rows of the largest mailbox than of the smallest.
WALKS = 4
# Senders as frequent as senders are; a third of mail is from lists, one message in twenty bears a label.
_VARY = """
    UPDATE mailsync_message
       SET from_name = 'Person ' || k, from_address = 'person' || k || '@place' || k %% 200 || '.test',
           facts = CASE WHEN k %% 3 = 0 THEN '{"list_unsubscribe": ["https://lists.test/leave"]}' ELSE '{}' END::jsonb,
           size_bytes = 2000 + (id * 7919) %% 60000
      FROM (SELECT id AS of, floor(power(((id * 7919) %% 1000003) / 1000003.0, 3) * 20000)::int AS k
              FROM mailsync_message WHERE account_id = %(account)s) v
     WHERE id = v.of;
    UPDATE mailsync_placement SET keywords = '{Travel}' WHERE account_id = %(account)s AND id %% 20 = 0;
"""


def make_person(size: int, vectors: Sequence[Vector]) -> Box:
    """As ``make_box``, with mail that differs in what pages tell of it."""
    from django.db import connection

    from mailsync.models import Folder

    box = make_box(size, vectors)
    Folder.objects.filter(pk=box.archive_id).update(role="archive")
    with connection.cursor() as cursor:
        cursor.execute(_VARY, {"account": box.account_id})
    return box


def pages(box: Box) -> dict[str, str]:
    """Paths of what a person can look at, by name."""
    from mailsync.models import Placement

    inbox = f"/f/{box.folder_id}/"
    newest = Placement.objects.filter(folder=box.folder_id).order_by("-received_at")[3]
    message, account = f"/m/{newest.message_id}", f"/settings/accounts/{box.account_id}"
    return {
        "inbox": inbox,
        "unread": f"{inbox}?show=unread",
        "to me": f"{inbox}?show=to-me",
        "with files": f"{inbox}?show=files",
        "by size": f"{inbox}?sort=largest",
        "by sender": f"{inbox}?sort=sender",
        "all inboxes": "/all/",
        "flagged": "/flagged/",
        "label": "/label/Travel/",
        "tree": "/tree/",
        "conversation": f"{inbox}t/{newest.thread_id}/",
        "merge": f"{inbox}t/{newest.thread_id}/merge/",
        "merge, searched": f"{inbox}t/{newest.thread_id}/merge/?q=quarterly",
        "message": f"{message}/",
        "print": f"{message}/print",
        "block sender": f"{message}/block/",
        "sweep": f"{message}/sweep/",
        "why": f"{message}/why/",
        "search": "/search/?q=quarterly",
        "search, by relevance": "/search/?q=quarterly&sort=relevance",
        "search, from": "/search/?q=from:person5@place5.test",
        "search, unread": "/search/?q=is:unread",
        "search, files": "/search/?q=has:attachment",
        "search, list": "/search/?q=in:archive+before:2021-01-01",
        "search, large": "/search/?q=larger:50k",
        "search, nothing": "/search/?q=narwhal",
        "search, not": "/search/?q=-quarterly",
        "search, or": "/search/?q=quarterly+OR+zugzwang",
        "search, subject": "/search/?q=subject:subject",
        "facets": "/search/facets/?q=quarterly",
        "facets, rare": "/search/facets/?q=zugzwang",
        "suggest": "/search/suggest/?q=pers",
        "suggest, operator": "/search/suggest/?q=from:per",
        "recipients": "/compose/recipients?q=per",
        "activity": "/activity/",
        "outbox": "/outbox/",
        "scheduled": "/scheduled/",
        "settings": "/settings/",
        "reading": "/settings/reading/",
        "storage": "/settings/storage/",
        "space": "/settings/storage/space/",
        "import": "/settings/storage/import/",
        "contacts": "/settings/contacts/",
        "mailing lists": "/settings/lists/",
        "rules": "/settings/rules/",
        "new rule": f"/settings/rules/add/?message={newest.message_id}",
        "new rule, tried": "/settings/rules/add/?" + urlencode({"q": "quarterly"}),
        "accounts": "/settings/accounts/",
        "account": f"{account}/",
        "account's status": f"{account}/sync/",
        "disconnect": f"{account}/remove/",
        "edit folder": f"/f/{box.archive_id}/edit/",
        "edit label": "/edit-label/Travel/",
        "security log": "/settings/security/log/",
        "operator": "/operator/",
        "admin, people": "/admin/accounts/user/",
        "admin, person": f"/admin/accounts/user/{box.user_id}/change/",
        "admin, accounts": "/admin/accounts/mailaccount/",
        "admin, account": f"/admin/accounts/mailaccount/{box.account_id}/change/",
        "admin, folders": "/admin/mailsync/folder/",
        "admin, changes": "/admin/mailsync/change/",
    }


def sign_in(box: Box) -> "Client":
    """The owner of the mailbox, who also runs the site."""
    from django.test import Client

    from accounts.models import User

    User.objects.filter(pk=box.user_id).update(is_superuser=True, is_staff=True)
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.get(pk=box.user_id), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def rows_read() -> int:
    """Rows of tables that this transaction has read so far."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables")
        return int(cursor.fetchone()[0] or 0)


def ask(client: "Client", path: str, rounds: int) -> tuple[float, int]:
    """Milliseconds, the median of ``rounds``, and rows read by the last one."""
    from django.db import transaction

    times, rows = [], 0
    for _ in range(rounds):
        # One transaction, which alone counts what it reads.
        with transaction.atomic():
            before = rows_read()
            began = time.perf_counter()
            answer = client.get(path)
            times.append((time.perf_counter() - began) * 1000)
            rows = rows_read() - before
        if answer.status_code != 200:
            raise SystemExit(f"{path} answers {answer.status_code}")
    return statistics.median(times), rows


def main() -> None:
    from django.db import connection

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    began = time.perf_counter()
    vectors = make_texts()
    boxes = []
    for size in sorted(options.sizes):
        boxes.append(make_person(size, vectors))
        print(f"{size:,} messages after {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    clients = [sign_in(box) for box in boxes]
    asked = [pages(box) for box in boxes]
    heads = "".join(f"{f'{box.size:,}':>26}" for box in boxes)
    print(f"{'ms, rows of tables read':<24}{heads}")
    for name in asked[0]:
        found = [ask(client, paths[name], options.rounds) for client, paths in zip(clients, asked, strict=True)]
        cells = "".join(f"{f'{ms:.1f} / {rows:,}':>26}" for ms, rows in found)
        walks = "   walks" if found[-1][1] > WALKS * found[0][1] else ""
        print(f"{name:<24}{cells}{walks}", flush=True)


if __name__ == "__main__":
    with scratch_database():
        main()
