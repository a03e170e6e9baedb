"""Messages → an mbox file (RFC 4155, in the form that quotes without loss, "mboxrd"). Pure."""

import re
from datetime import UTC, datetime

_FROM = re.compile(rb"^(>*From )", re.MULTILINE)


def mbox_entry(raw: bytes, sender: str, at: datetime) -> bytes:
    """One message as it stands in the file. ``>`` before "From " at the head of a line is taken away by readers.

    >>> mbox_entry(b"Subject: x\\r\\n\\r\\nFrom here", "a@b.example", datetime(2026, 3, 1, tzinfo=UTC))
    b'From a@b.example Sun Mar  1 00:00:00 2026\\nSubject: x\\n\\n>From here\\n\\n'
    """
    address = re.sub(r"[^\x21-\x7e]", "", sender) or "MAILER-DAEMON"
    # RFC 4155: the time in UTC, as asctime writes it, whatever the language of the process.
    stamp = at.astimezone(UTC).ctime()
    body = _FROM.sub(rb">\1", raw.replace(b"\r\n", b"\n"))
    end = b"\n" if body.endswith(b"\n") else b"\n\n"
    return f"From {address} {stamp}\n".encode() + body + end
