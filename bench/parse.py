"""How fast the parser is beside the standard library's, and whether mutated messages can make it raise or dawdle.

``python -m bench.parse`` measures a generated mailbox (mean 107 kB a message) and, where it is there, the corpus.
``python -m bench.parse --mutate 100000`` feeds that many mutated messages, and fails when one raises, takes over
2 s of CPU, or when the process grows by more than 200 MB.
"""

import argparse
import email
import email.policy
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path

from bench.mailbox import generated_mailbox
from mailsync.message.parse import parse_message

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "mime"
_MAX_SECONDS = 2.0
_MAX_GROWTH_KB = 200 * 1024


def parse_with_stdlib(raw: bytes) -> object:
    """As much as ``parse_message`` does for the same facts: headers decoded, text bodies decoded."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    facts = [str(message[name] or "") for name in ("subject", "from", "to", "cc", "message-id", "references")]
    if message["date"]:
        facts.append(str(parsedate_to_datetime(str(message["date"]))))
    facts.append(parseaddr(facts[1])[1])
    for part in message.walk():
        if part.get_content_maintype() == "text":
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                facts.append(payload.decode("utf-8", "replace"))
    return facts


def measure(name: str, messages: Sequence[bytes], parse: Callable[[bytes], object]) -> None:
    """Print CPU milliseconds a message and a megabyte."""
    spent = []
    failed = 0
    for raw in messages:
        began = time.process_time()
        try:
            parse(raw)
        except Exception:
            failed += 1
        spent.append((time.process_time() - began) * 1000)
    total_mb = sum(map(len, messages)) / 1_000_000
    ordered = sorted(spent)
    print(
        f"{name:<28} {len(messages):>6} messages  mean {sum(spent) / len(spent):7.3f} ms  "
        f"median {ordered[len(ordered) // 2]:7.3f}  p99 {ordered[int(len(ordered) * 0.99)]:7.3f}  "
        f"{sum(spent) / total_mb:7.2f} ms/MB  failed {failed}"
    )


def mutated(messages: Sequence[bytes], count: int, seed: int = 1) -> Iterator[bytes]:
    """``count`` broken messages: flipped, cut, doubled, spliced, with structure repeated many times."""
    random_ = random.Random(seed)
    for _ in range(count):
        data = bytearray(random_.choice(messages))
        for _ in range(random_.randint(1, 6)):
            _mutate(random_, data, messages)
        yield bytes(data)


def _mutate(random_: random.Random, data: bytearray, messages: Sequence[bytes]) -> None:
    at = random_.randrange(len(data) + 1)
    to = min(len(data), at + random_.choice((1, 2, 8, 64, 512)))
    choice = random_.randrange(8)
    if choice == 0:
        data[at:to] = random_.randbytes(to - at)
    elif choice == 1:
        del data[at:to]
    elif choice == 2:
        data[at:at] = data[at:to] * random_.choice((1, 2, 50))
    elif choice == 3:
        other = random_.choice(messages)
        start = random_.randrange(len(other) + 1)
        data[at:to] = other[start : start + 400]
    elif choice == 4:
        data[at:at] = random_.choice(_NASTY) * random_.choice((1, 3, 100, 2000))
    elif choice == 5:
        del data[at:]
    elif choice == 6:
        data[:] = data.replace(b"\r\n", random_.choice((b"\n", b"\r", b"\r\r\n", b"")), random_.choice((1, 20, -1)))
    else:
        line = data.find(b"\n", at) + 1
        data[line:line] = random_.choice(_NASTY_LINES)
    del data[2_000_000:]


_NASTY = (
    *(b"=?utf-8?q?", b"=?utf-8?b?", b"(", b'"', b"<", b">", b";", b"*0*=", b"\\", b"=\r\n", b"--", b"\r", b"\n", b"\0"),
    *(b"<div style=display:none>", b"<style>", b"<!--", b"&", b"> ", b"begin 644 a\n", b"\xff", b"\x1b$B"),
)
_NASTY_LINES = (
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Type: text/html; charset=utf-16\r\n",
    b"Content-Type: application/ms-tnef\r\n",
    b"Content-Transfer-Encoding: x-uuencode\r\n",
    b"From: a\r\n b\r\n",
)


def run_mutations(messages: Sequence[bytes], count: int, seed: int) -> int:
    """The number of inputs that raised or took too long; each is reported with its seed number."""
    bad = 0
    slowest = 0.0
    grown_from = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began_all = time.process_time()
    for number, raw in enumerate(mutated(messages, count, seed)):
        began = time.process_time()
        try:
            parse_message(raw)
        except Exception as error:
            bad += 1
            print(f"input {number} raised {error!r}")
        spent = time.process_time() - began
        slowest = max(slowest, spent)
        if spent > _MAX_SECONDS:
            bad += 1
            print(f"input {number} took {spent:.2f} s ({len(raw)} bytes)")
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown_from
    print(
        f"{count} mutated inputs: {bad} bad, slowest {slowest * 1000:.1f} ms, "
        f"{time.process_time() - began_all:.0f} s of CPU with the mutating, memory grew by {growth // 1024} MB"
    )
    return bad + (growth > _MAX_GROWTH_KB)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=300, help="messages of the generated mailbox")
    arguments.add_argument("--mutate", type=int, default=0, help="mutated inputs to feed")
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    corpus = [path.read_bytes() for path in sorted(CORPUS.rglob("*")) if path.is_file()] if CORPUS.is_dir() else []
    mailbox = list(generated_mailbox(options.count))
    if options.mutate:
        return 1 if run_mutations(corpus or mailbox, options.mutate, options.seed) else 0
    print(f"mean size of the mailbox: {sum(map(len, mailbox)) // len(mailbox)} bytes")
    for name, messages in (("mailbox", mailbox), ("corpus", corpus)):
        if messages:
            measure(f"{name}, ours", messages, parse_message)
            measure(f"{name}, standard library", messages, parse_with_stdlib)
    return 0


if __name__ == "__main__":
    sys.exit(main())
