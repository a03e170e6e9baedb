"""Heron beside Roundcube and notmuch on one and the same mailbox: ``make bench-beside``, or
``python -m bench.beside [--messages 10000]``.

A generated mailbox in Dovecot on loopback, fetched whole by Heron before anything is measured; Roundcube has the same
in Dovecot's sdbox, where it is at its best. Then, in one run: the processor time of all server processes (web,
database, mail server, what is pushed included) that a list, an opened message, a mark and a search in bodies cost; what
eight sessions that do all of it get done in a second; and what `notmuch search` takes on the same messages, with the
cost and size of either index. The mailbox is of short notes, in which an index weighs most; with ``--all-kinds`` it has
newsletters, pictures and documents as well, as people's have.
``--index`` measures the index alone. What is not installed is left out:
``apt-get install roundcube-core roundcube-sqlite3 php-cli php-sqlite3 notmuch``.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from bench.figures import timed
from bench.mail_server import in_sdbox, mail_server
from bench.mailbox import generated_mailbox
from bench.roundcube import is_installed, roundcube
from bench.scratch import scratch_database
from bench.sessions import Client, Heron, Roundcube
from bench.sync import bench_heron, fill
from tests.servers.dovecot import Mailbox

_TICKS = os.sysconf("SC_CLK_TCK")
#: What the sessions do: mostly look.
_MIX = ("list", "open", "open", "list", "open", "mark", "list", "open", "open", "list")
#: Operations before any is counted: each process has its connections by then, and has loaded what it needs.
_WARMING = 24
#: How many times less an operation is to take, by the size of the mailbox.
_GOALS = {10_000: {"list": 2, "open": 2, "mark": 2}, 100_000: {"list": 8, "open": 8, "mark": 8, "body search": 100}}


def servers_cpu() -> float:
    """Processor seconds of everything that this process has started: the servers, and nothing else here."""
    parents: dict[int, list[int]] = {}
    used: dict[int, int] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                fields = (path / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended; its parent has its time
            parents.setdefault(int(fields[1]), []).append(int(path.name))
            used[int(path.name)] = sum(map(int, fields[11:15]))
    total, waiting = 0, list(parents.get(os.getpid(), ()))
    while waiting:
        pid = waiting.pop()
        total += used[pid]
        waiting += parents.get(pid, ())
    return total / _TICKS


def measure_alone(client: Client, words: Sequence[str], rounds: int, push: Callable[[], float]) -> dict[str, float]:
    """Milliseconds of all servers' processor time an operation. ``push`` sends what is waiting, and returns its own."""
    works: dict[str, tuple[int, Callable[[int], None]]] = {
        "list": (rounds, client.list),
        "open": (rounds, client.open),
        "mark": (rounds, client.mark),
        "body search": (len(words), lambda number: client.search(words[number])),
    }
    if isinstance(client, Heron):
        works["a signed-in request"] = (rounds, client.nothing)
    costs = {}
    for name, (count, work) in works.items():
        for warming in range(min(_WARMING, count)):
            work(warming)
        push()
        began = servers_cpu()
        for number in range(count):
            work(number)
        own = push() if name == "mark" else 0.0
        costs[name] = (servers_cpu() - began + own) / count * 1000
    return costs


class Together(NamedTuple):
    """What so many sessions get done at once; of an operation's processor time, in ms, what the servers took and what
    this process, which asks, took from them."""

    a_second: float
    servers: float
    asking: float


def measure_together(clients: Sequence[Client], seconds: float) -> Together:
    done = [0] * len(clients)
    began, asked = servers_cpu(), time.process_time()
    ends = time.monotonic() + seconds

    def work(place: int) -> None:
        while time.monotonic() < ends:
            number = done[place] + 7 * place
            getattr(clients[place], _MIX[number % len(_MIX)])(number)
            done[place] += 1

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    each = 1000 / sum(done)
    return Together(sum(done) / seconds, (servers_cpu() - began) * each, (time.process_time() - asked) * each)


def as_in_production(static: str) -> dict[str, str]:
    """The environment of a site with its own settings: pooled connections, collected files, a process a processor."""
    environment = {
        "WEB_CONCURRENCY": str(os.cpu_count() or 1),
        "DJANGO_SETTINGS_MODULE": "webmail.settings",
        "HERON_STATIC_ROOT": static,
        "HERON_BASE_URL": "http://127.0.0.1",
    }
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
    subprocess.run(command, check=True, env={**os.environ, **environment})
    return environment


def heron_figures(
    mailbox: Mailbox, words: Sequence[str], rounds: int, sessions: Sequence[int]
) -> tuple[dict[str, float], dict[int, Together]]:
    from django.conf import settings
    from django.test import Client as Browser

    from mailsync.actions import mark_read
    from mailsync.engine.push import push_changes
    from mailsync.models import Folder, Placement, ThreadRow
    from tests.browser.webserver import served

    inbox = Folder.objects.select_related("account__user").get(account__address=mailbox.address, role="inbox")
    account = inbox.account
    threads = list(ThreadRow.objects.filter(folder=inbox).order_by("-newest_at")[:200].values_list("thread", flat=True))
    browser = Browser()
    browser.force_login(account.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value

    def push() -> float:
        began = time.process_time()
        push_changes(account.pk)
        return time.process_time() - began

    # Whoever opens a message first marks it as read, for the other program too: both open what is read.
    unread = Placement.objects.filter(folder=inbox, thread__in=threads, seen=False).values_list("pk", flat=True)
    if unread:
        mark_read(account.user_id, list(unread))
        push()
    with tempfile.TemporaryDirectory(prefix="heron-bench-") as static, served(**as_in_production(static)) as url:
        clients = [Heron(url, session, inbox.pk, threads) for _ in range(max(sessions))]
        alone = measure_alone(clients[0], words, rounds, push)
        return alone, {count: measure_together(clients[:count], 10) for count in sessions}


def roundcube_figures(
    mailbox: Mailbox, words: Sequence[str], rounds: int, sessions: Sequence[int]
) -> tuple[dict[str, float], dict[int, Together]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heron-bench-")))
        mailbox = stack.enter_context(in_sdbox(mailbox))
        url, _pid = stack.enter_context(roundcube(folder, mailbox.server, workers=8))
        clients = [Roundcube(url, mailbox) for _ in range(sessions[0])]
        # Seconds each: a few tell it.
        alone = measure_alone(clients[0], words[:3], rounds, lambda: 0.0)
        return alone, {sessions[0]: measure_together(clients, 10)}


def told(heron: Mapping[str, float], peer: Mapping[str, float], goals: Mapping[str, int]) -> None:
    print(f"\n{'ms of all servers’ CPU':<26}{'Heron':>10}{'Roundcube':>12}{'ratio':>9}{'goal':>8}")
    for name, cost in heron.items():
        other = f"{peer[name]:>12.1f}{peer[name] / cost:>9.1f}{goals.get(name, ''):>8}" if name in peer else ""
        print(f"{name:<26}{cost:>10.2f}{other}", flush=True)


def beside_notmuch(mailbox: Mailbox, words: Sequence[str], index_cpu: float, count: int) -> None:
    """The time of a search, the processor time and the bytes of the index, and where ours lie."""
    from django.db import connection

    from accounts.models import MailAccount
    from mailsync.store.search import search

    user_id = MailAccount.objects.get(address=mailbox.address).user_id
    home = mailbox.server.base / "mail" / mailbox.address / "Maildir"
    with tempfile.TemporaryDirectory(prefix="heron-bench-") as folder:
        settings = Path(folder) / "notmuch"
        database = Path(folder) / "index"
        database.mkdir()
        settings.write_text(
            f"[database]\npath={database}\nmail_root={home}\n[user]\nname=A\nprimary_email=a@example.test\n[new]\ntags=\nignore=/dovecot.*/;maildirfolder;subscriptions\n"
        )
        with timed("notmuch new") as indexed:
            subprocess.run(["notmuch", f"--config={settings}", "new", "--quiet"], check=True)
        weight = sum(one.stat().st_size for one in database.rglob("*") if one.is_file())
        with connection.cursor() as cursor:
            cursor.execute("VACUUM mailsync_messagetext")
            cursor.execute(
                "SELECT pg_total_relation_size('mailsync_messagetext') + pg_total_relation_size('mailsync_wordform'),"
                " pg_table_size('mailsync_messagetext'),"
                " pg_relation_size('message_text_words')"
            )
            ((ours, texts, words_index),) = cursor.fetchall()
        times: dict[str, list[float]] = {"Heron": [], "notmuch": []}
        command = ["notmuch", f"--config={settings}", "search", "--limit=50"]
        for word in words * 3:
            for name, ask in (
                ("Heron", lambda word=word: search(user_id, word)),
                ("notmuch", lambda word=word: subprocess.run([*command, word], check=True, stdout=subprocess.DEVNULL)),
            ):
                began = time.perf_counter()
                ask()
                times[name].append((time.perf_counter() - began) * 1000)
    medians = {name: statistics.median(one) for name, one in times.items()}
    rows = (
        ("search, median ms", medians["Heron"], medians["notmuch"], "at most 2"),
        ("index, ms of CPU a message", index_cpu * 1000 / count, indexed.cpu * 1000 / count, "at most 0.2"),
        ("index, bytes a message", ours / count, weight / count, "at most 0.25"),
    )
    print(f"\n{'':<30}{'Heron':>10}{'notmuch':>12}{'ratio':>9}   goal")
    for name, mine, other, goal in rows:
        print(f"{name:<30}{mine:>10.1f}{other:>12.1f}{mine / other:>9.2f}   {goal}", flush=True)
    print(
        f"of Heron's, {texts / count:.0f} are the words of each message, {words_index / count:.0f} where each word is"
    )


def common_words(mailbox: Mailbox) -> list[str]:
    """Words of the mailbox's own texts, frequent and rare ones."""
    from mailsync.models import Message

    previews = Message.objects.order_by("pk").values_list("preview", flat=True)[:40]
    found = {word.strip(".,").lower() for preview in previews for word in preview.split() if word.isascii()}
    return sorted((word for word in found if len(word) > 3 and word.isalpha()), key=lambda word: (len(word), word))[::9]


def compare_screens(mailbox: Mailbox, words: Sequence[str], rounds: int, count: int) -> None:
    from django.db import connection

    # What autovacuum does in the minutes after ten thousand messages have come would count for what is asked first.
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    alone, together = heron_figures(mailbox, words, rounds, (8, 64))
    peer: dict[str, float] = {}
    rates: dict[int, Together] = {}
    if is_installed():
        peer, rates = roundcube_figures(mailbox, words, rounds, (8,))
    told(alone, peer, _GOALS.get(count, {}))
    for number, mine in together.items():
        line = f"{number} sessions: {mine.a_second:.1f} operations a second"
        if number in rates:
            line += f", Roundcube {rates[number].a_second:.1f}: {mine.a_second / rates[number].a_second:.1f} times"
        print(line)
        for name, one in (("Heron", mine), *([("Roundcube", rates[number])] if number in rates else ())):
            print(f"  {name}: {one.servers:.1f} ms of the servers’ CPU each, {one.asking:.1f} of who asks")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--all-kinds", action="store_true", help="about 107 kB a message instead of short notes")
    parser.add_argument("--index", action="store_true", help="nothing but the index, beside that of notmuch")
    options = parser.parse_args()
    with mail_server() as server, scratch_database():
        mailbox = server.add_user()
        mails = generated_mailbox(options.messages, notes=not options.all_kinds)
        fill(server, mailbox, mails, options.messages)
        _everything, index = bench_heron(mailbox)
        words = common_words(mailbox)
        if not options.index:
            compare_screens(mailbox, words, options.rounds, options.messages)
        if shutil.which("notmuch"):
            beside_notmuch(mailbox, words, index.cpu + index.database, options.messages)


if __name__ == "__main__":
    main()
