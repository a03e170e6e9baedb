"""Untrusted text → safe HTML. Pure: no Django, no database, no network; the only import of bleach.

A body goes source → ``sanitize`` → ``CleanBody`` (kept in a cache) → ``html_document`` (pictures filled
in for this reader) → the frame. Text goes through ``render_text`` → ``text_document``.

``sanitize`` works in a guarded child process and raises ``RenderFailed`` where the HTML cannot be
shown; then show the message's text.
"""

from webmail.render.body import CleanBody, PictureUrl, Slot, no_pictures
from webmail.render.document import HEADERS, SANDBOX, html_document, notice_document, text_document
from webmail.render.isolate import Isolated, RenderFailed
from webmail.render.policy import POLICY_VERSION
from webmail.render.text import linkify, render_text

__all__ = [
    "HEADERS",
    "POLICY_VERSION",
    "SANDBOX",
    "CleanBody",
    "PictureUrl",
    "RenderFailed",
    "Slot",
    "html_document",
    "linkify",
    "no_pictures",
    "notice_document",
    "render_text",
    "sanitize",
    "text_document",
]

_isolated = Isolated()


def sanitize(source: str) -> CleanBody:
    """Cleans one HTML body in the guarded child. Raises ``RenderFailed``; takes at most about 2 s."""
    return _isolated.sanitize(source)
