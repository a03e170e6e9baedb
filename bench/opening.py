"""A message of 50 MB with 40 attachments: how long it takes to open, and what its zip needs in memory.

    python -m bench.opening [--megabytes 50] [--files 40]

Server time, without a browser: the page, the frame of the body, one file's range near its end, and the zip of all.
"""

import argparse
import base64
import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bench.figures import memory_kb
from bench.scratch import scratch_database

GOAL_SECONDS, GOAL_MB = 1.0, 100


def made(megabytes: int, files: int) -> bytes:
    """A letter with files as a mail program writes them."""
    data = random.Random(1).randbytes(megabytes * 1_000_000 // files * 3 // 4)
    block = base64.encodebytes(data).replace(b"\n", b"\r\n")
    head = (
        b"From: Ann <ann@shop.test>\r\nSubject: Plans\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=XXX\r\n\r\n"
        b"--XXX\r\nContent-Type: text/plain\r\n\r\nHere they are.\r\n"
    )
    each = (
        b"--XXX\r\nContent-Type: application/octet-stream; name=plan%d.bin\r\nContent-Disposition: attachment\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head + b"".join(each % number + block for number in range(files)) + b"--XXX--\r\n"


def told(what: str, work: Callable[[], int], goal: str = "") -> None:
    began = time.perf_counter()
    size = work()
    print(f"{what:<46}{(time.perf_counter() - began) * 1000:>9.0f} ms{size / 1e6:>9.2f} MB sent  {goal}", flush=True)


def bench(megabytes: int, files: int) -> None:
    from django.test import Client

    from tests.factories import make_user
    from tests.web.mail import store

    user = make_user("bob")
    message = store(user, made(megabytes, files))
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")

    def get(path: str, **headers: str) -> int:
        response = browser.get(path, headers=headers)
        assert response.status_code in (200, 206)
        return sum(map(len, response.streaming_content)) if response.streaming else len(response.content)

    small = store(user, b"Subject: Small\r\n\r\nHello")
    get(f"/m/{small.pk}/")  # templates and their like are read once
    url = f"/m/{message.pk}/part/{files}/x"
    end = megabytes * 1_000_000 // files * 3 // 4 - 2000
    told("opened: the page", lambda: get(f"/m/{message.pk}/"), f"goal {GOAL_SECONDS:.0f} s for both")
    told("opened: the body", lambda: get(f"/m/{message.pk}/body"))
    told("a range near a file's end, first", lambda: get(url, Range=f"bytes={end}-{end + 99}"))
    told("a range near a file's end, again", lambda: get(url, Range=f"bytes={end}-{end + 99}"))
    before = memory_kb()
    with suppress(OSError):  # forgets the peak so far; Linux alone has it
        Path("/proc/self/clear_refs").write_text("5")
    told("all files as one zip", lambda: get(f"/m/{message.pk}/attachments.zip"))
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0])
    print(f"{'memory that the zip took':<46}{(peak - before) / 1024:>9.1f} MB{'':>20}  goal {GOAL_MB} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=50)
    parser.add_argument("--files", type=int, default=40)
    options = parser.parse_args()
    with scratch_database():
        bench(options.megabytes, options.files)
