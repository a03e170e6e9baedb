"""The process in which strangers' files are read: requests on its input, texts on its output. See ``isolate``.

All that is needed is imported before the limits fall: memory, a clock that ends it even inside C code,
no file to open, none to write, no process to start.
"""

import contextlib
import encodings
import gc
import importlib
import io
import json
import pkgutil
import resource
import signal
import sys

from pypdfium2 import PdfDocument

from mailsync.extract.text import read_text
from mailsync.extract.wire import read_frame, write_frame

#: What libraries import late is imported by reading one of each.
_WARM_UP = {
    "html": b"<p>tea",
    "text": "tée".encode("latin-1"),
    "message": b"Subject: =?utf-8?q?t=C3=A9e?=\r\n\r\nt\xe9e",
    "calendar": b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:tea\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
}


def serve(limit_seconds: float, limit_bytes: int) -> None:
    """Answers until its input ends."""
    _load_codecs()
    page = io.BytesIO()
    blank = PdfDocument.new()
    blank.new_page(100, 100)
    blank.save(page)
    for kind, data in (*_WARM_UP.items(), ("pdf", page.getvalue())):
        read_text(kind, data)
    gc.freeze()
    for name, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, limit_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(name, (limit, limit))
    while True:
        try:
            request, data = read_frame(sys.stdin.buffer)
        except EOFError:
            return
        asked = json.loads(request)
        # SIGALRM at its default action ends the process, whatever code is running.
        signal.setitimer(signal.ITIMER_REAL, limit_seconds)
        try:
            answer, text = b"text", read_text(asked["kind"], data, asked["charset"])
        except MemoryError:
            return
        except Exception as error:  # whatever a library raises on hostile input: the file has no text
            answer, text = b"unreadable", f"{type(error).__name__}: {error}"[:300]
        signal.setitimer(signal.ITIMER_REAL, 0)
        write_frame(sys.stdout.buffer, answer, text.encode("utf-8", "replace"))


def _load_codecs() -> None:
    """Each is a file that could not be opened later; a text, or a name in a zip, may be in any."""
    for module in pkgutil.iter_modules(encodings.__path__):
        # Those of other systems (mbcs, oem) say so.
        with contextlib.suppress(ImportError):
            importlib.import_module(f"encodings.{module.name}")
