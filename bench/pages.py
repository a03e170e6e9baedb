"""What does each page of the site cost in a mailbox of a million messages, beside one of ten thousand?
``python -m bench.pages``.

Where ``bench.scale`` times the operations of the store, this asks for whole pages, settings and forms too, as a browser
would, and prints what each took and how many rows of tables were read for it. A page that walks the mailbox is marked.
What forms do is taken back, so that the next round finds what the first one found.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
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
_VARY = r"""
    UPDATE mailsync_message
       SET from_name = 'Person ' || k, from_address = 'person' || k || '@place' || k %% 200 || '.test',
           facts = CASE WHEN k %% 3 = 0 THEN '{"list_unsubscribe": ["https://lists.test/leave"]}' ELSE '{}' END::jsonb,
           size_bytes = 2000 + (id * 7919) %% 60000
      FROM (SELECT id AS of, floor(power(((id * 7919) %% 1000003) / 1000003.0, 3) * 20000)::int AS k
              FROM mailsync_message WHERE account_id = %(account)s) v
     WHERE id = v.of;
    INSERT INTO mailsync_rawmessage (id, account_id, sha256, size_bytes, data, created_at)
    SELECT id, account_id, sha256(id::text::bytea), size_bytes, E'Subject: Large\r\n\r\nText', now() - interval '1 day'
      FROM mailsync_message WHERE account_id = %(account)s;
    UPDATE mailsync_message SET raw_id = id, parts = '{"p": "1", "t": "text/plain", "o": [18, 22, 22]}'
     WHERE account_id = %(account)s;
    UPDATE mailsync_placement SET keywords = '{Travel}' WHERE account_id = %(account)s AND id %% 20 = 0;
"""


def make_person(size: int, vectors: Sequence[Vector]) -> Box:
    """As ``make_box``, with mail that differs in what pages tell of it."""
    from django.db import connection

    from mailsync.models import Folder
    from mailsync.store.label_counts import sum_up
    from mailsync.store.mail_sums import recount_mail

    box = make_box(size, vectors)
    Folder.objects.filter(pk=box.archive_id).update(role="archive")
    with connection.cursor() as cursor:
        cursor.execute(_VARY, {"account": box.account_id})
    recount_mail(box.account_id)
    # As the clock does.
    while sum_up(box.account_id):
        pass
    return box


def pages(box: Box) -> dict[str, str | tuple[str, dict[str, str]]]:
    """Paths of what a person can look at, by name; of a form with what is typed."""
    from mailsync.models import Placement, Rule

    inbox = f"/f/{box.folder_id}/"
    newest = Placement.objects.filter(folder=box.folder_id).order_by("-received_at")[3]
    rule = Rule.objects.create(user_id=box.user_id, name="", position=1, query="from:person5", deeds=[["flag", ""]])
    tried = {"sender": "person5", "words": "quarterly", "flag": "on", "do": "try"}
    swept = {"which": "all", "where": "archive"}
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
        "sweep, done": (f"{message}/sweep/", swept),
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
        "shared by an app": "/share/?id=1-none",
        "activity": "/activity/",
        "outbox": "/outbox/",
        "scheduled": "/scheduled/",
        "waiting for answers": "/waiting/",
        "settings": "/settings/",
        "reading": "/settings/reading/",
        "storage": "/settings/storage/",
        "export": "/settings/storage/export.zip",
        "space": "/settings/storage/space/",
        "space, counted": "/settings/storage/space/?count=1",
        "import": "/settings/storage/import/",
        "settings as a file": "/settings/storage/settings/",
        "settings, saved": "/settings/storage/settings.json",
        "contacts": "/settings/contacts/",
        "mailing lists": "/settings/lists/",
        "rules": "/settings/rules/",
        "new rule": f"/settings/rules/add/?message={newest.message_id}",
        "new rule, tried": "/settings/rules/add/?" + urlencode({"q": "quarterly"}),
        "rule, tried": ("/settings/rules/add/", tried),
        "new webhook": "/settings/rules/webhooks/add/",
        "new forwarding": "/settings/rules/forward/add/",
        "certificates": "/settings/certificates/",
        "new certificate": "/settings/certificates/add/",
        "for whom one can encrypt": "/settings/certificates/people/",
        "new certificate of somebody": "/settings/certificates/people/add/",
        "automatic replies": "/settings/automatic-replies/",
        "automatic reply": f"/settings/automatic-replies/{box.account_id}/",
        "rule, run": (f"/settings/rules/{rule.pk}/change/", {"do": "run_all"}),
        "accounts": "/settings/accounts/",
        "account": f"{account}/",
        "account's status": f"{account}/sync/",
        "all to another account": f"{account}/transfer/",
        "disconnect": f"{account}/remove/",
        "edit folder": f"/f/{box.archive_id}/edit/",
        "edit label": "/edit-label/Travel/",
        "security log": "/settings/security/log/",
        "operator": "/operator/",
        "admin, people": "/admin/accounts/user/",
        "admin, person": f"/admin/accounts/user/{box.user_id}/change/",
        "admin, accounts": "/admin/accounts/mailaccount/",
        "admin, account": f"/admin/accounts/mailaccount/{box.account_id}/change/",
        "admin, how they stand": "/admin/mailsync/accountsync/",
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


def visit(client: "Client", page: str | tuple[str, dict[str, str]]) -> tuple[float, int]:
    """Milliseconds, and rows read; what a form did is taken back."""
    from django.core.cache import cache
    from django.db import transaction

    path, typed = (page, None) if isinstance(page, str) else page
    if path.endswith("?count=1"):
        cache.clear()
    # One transaction, which alone counts what it reads.
    with transaction.atomic():
        before = rows_read()
        began = time.perf_counter()
        answer: Any = client.get(path) if typed is None else client.post(path, typed)
        if answer.streaming:
            next(iter(answer.streaming_content))
        milliseconds = (time.perf_counter() - began) * 1000
        rows = rows_read() - before
        if typed is not None:
            transaction.set_rollback(True)
    if answer.status_code not in (200, 302):
        raise SystemExit(f"{path} answers {answer.status_code}")
    return milliseconds, rows


def ask(client: "Client", page: str | tuple[str, dict[str, str]], rounds: int) -> tuple[float, int]:
    """Milliseconds, the median of ``rounds``, and rows read by the last one."""
    visits = [visit(client, page) for _ in range(rounds)]
    return statistics.median(milliseconds for milliseconds, _ in visits), visits[-1][1]


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
