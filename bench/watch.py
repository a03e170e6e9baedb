"""What it costs to watch: ``make bench-watch``, or ``python -m bench.watch [--accounts 2000]``.

So many idle TLS connections held by one watcher, against a small IMAP server on loopback in a process of its own.
Prints the watcher's memory for each connection, its processor time at rest, and how long it takes from an arrival
at the server until the folder is due in Postgres and its pull is asked for.
"""

import argparse
import gc
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bench.figures import memory_kb
from bench.scratch import scratch_database
from tests.servers.certificates import Certificates, make_certificates

_ARRIVALS = 50
_REST_SECONDS = 10.0
_PATIENCE_SECONDS = 600.0


def make_accounts(count: int, port: int) -> None:
    """Accounts whose inboxes have been read once, as the server has them."""
    from accounts.models import Credential, MailAccount
    from mailsync.models import AccountSync, Folder
    from tests.factories import make_user

    user = make_user()
    accounts = MailAccount.objects.bulk_create(
        MailAccount(
            user=user, address=f"box{n}@example.test", username=f"box{n}", host="localhost", port=port, security="tls"
        )
        for n in range(count)
    )
    credentials = [Credential(account=account) for account in accounts]
    for credential in credentials:
        credential.set_secret("open sesame")
    Credential.objects.bulk_create(credentials)
    AccountSync.objects.bulk_create(AccountSync(account=account) for account in accounts)
    known = {"uidvalidity": 1, "uidnext_seen": 4, "highestmodseq": 3, "exists_seen": 3, "header_cursor": 1}
    Folder.objects.bulk_create(
        Folder(account=account, path="INBOX", path_raw=b"INBOX", name="INBOX", role="inbox", **known)
        for account in accounts
    )


def wait_for(condition: Callable[[], bool], what: str) -> float:
    began = time.perf_counter()
    while not condition():
        if time.perf_counter() - began > _PATIENCE_SECONDS:
            raise SystemExit(f"waited in vain for {what}")
        time.sleep(0.002)
    return time.perf_counter() - began


def bench(count: int, server: "subprocess.Popen[str]", certificates: Certificates) -> None:
    from django.db import connections

    from accounts.models import MailAccount
    from mailsync.engine.connect import incoming_settings
    from mailsync.engine.watch import Watcher
    from mailsync.models import Folder
    from mailsync.protocol import imap

    assert server.stdout is not None
    assert server.stdin is not None
    make_accounts(count, int(server.stdout.readline()))
    inboxes = dict(Folder.objects.values_list("account__username", "id"))

    def dial(account: MailAccount) -> Callable[[], imap.ImapSource]:
        settings = replace(incoming_settings(account), ca_file=certificates.ca_file)
        return lambda: imap.connect(settings)

    heard: dict[int, float] = {}
    stop = threading.Event()

    def idle(watcher: Watcher) -> int:
        return sum(line.source is not None for line in list(watcher.lines.values()))

    def run(limit: int) -> tuple[Watcher, threading.Thread]:
        stop.clear()
        watcher = Watcher(news=lambda folder: heard.setdefault(folder, time.perf_counter()), limit=limit, dial=dial)

        def work() -> None:
            try:
                watcher.run(stop)
            finally:
                connections.close_all()

        thread = threading.Thread(target=work)
        thread.start()
        wait_for(lambda: idle(watcher) == limit, f"{limit} connections")
        return watcher, thread

    # One connection first: what every process needs once is not a connection's.
    _, thread = run(1)
    gc.collect()
    before = memory_kb()
    stop.set()
    thread.join()
    began = time.perf_counter()
    watcher, thread = run(count)
    connected = time.perf_counter() - began
    gc.collect()
    each = (memory_kb() - before) / (count - 1)
    print(f"{count} idle TLS connections in {connected:.0f} s: {memory_kb() / 1024:.0f} MB in all, {each:.1f} kB each")
    used = resource.getrusage(resource.RUSAGE_SELF)
    time.sleep(_REST_SECONDS)
    now = resource.getrusage(resource.RUSAGE_SELF)
    at_rest = (now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime) / _REST_SECONDS
    print(f"at rest: {at_rest:.1%} of one processor")
    times = []
    for name in random.Random(1).sample(list(inboxes), min(_ARRIVALS, count)):
        began = time.perf_counter()
        server.stdin.write(f"{name}\n")
        server.stdin.flush()
        wait_for(lambda: inboxes[name] in heard, "news")  # noqa: B023 (waited for here)
        times.append(heard[inboxes[name]] - began)
    assert idle(watcher) == count
    print(f"{len(times)} arrivals: noticed after {statistics.median(times) * 1000:.0f} ms, {max(times):.2f} s at most")
    stop.set()
    thread.join()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=2000)
    count = parser.parse_args().accounts
    wanted = count + 200
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < wanted:
        raise SystemExit(f"{wanted} open files are needed: ulimit -n {wanted}")
    with tempfile.TemporaryDirectory(prefix="heron-bench-") as folder:
        certificates = make_certificates(Path(folder))
        command = [sys.executable, "-m", "tests.servers.idling", certificates.chain, certificates.key]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            with scratch_database():
                bench(count, server, certificates)
        finally:
            assert server.stdin is not None
            server.stdin.close()
            server.wait(timeout=20)


if __name__ == "__main__":
    main()
