"""Untrusted text → safe HTML. Pure: no Django, no database, no network; the only import of bleach.

A body goes source → ``sanitize`` → ``CleanBody`` (kept in a cache) → ``html_document`` (pictures filled
in for this reader) → the frame. Text goes through ``render_text`` → ``text_body`` and on in the same way.

``sanitize`` works in a guarded child process and raises ``RenderFailed`` where the HTML cannot be
shown; then show the message's text.
"""

from webmail.render.body import CleanBody, PictureUrl, Slot, join_bodies, no_pictures, text_body
from webmail.render.document import (
    HEADERS,
    SANDBOX,
    THEMES,
    Theme,
    content_security_policy,
    empty_document,
    html_document,
    mode_of,
    notice_document,
)
from webmail.render.isolate import Isolated, RenderFailed
from webmail.render.policy import POLICY_VERSION
from webmail.render.text import linkify, render_header, render_text
from webmail.render.wire import DrawnPage

__all__ = [
    "HEADERS",
    "POLICY_VERSION",
    "SANDBOX",
    "THEMES",
    "CleanBody",
    "DrawnPage",
    "PictureUrl",
    "RenderFailed",
    "Slot",
    "Theme",
    "content_security_policy",
    "draw_page",
    "empty_document",
    "html_document",
    "isolated",
    "join_bodies",
    "linkify",
    "mode_of",
    "neutralise_picture",
    "no_pictures",
    "notice_document",
    "render_header",
    "render_text",
    "sanitize",
    "text_body",
]

isolated = Isolated()
#: Pictures come by the dozen and are slower to read: bodies do not queue behind them.
isolated_pictures = Isolated()
#: A page of a plan or of a scan takes longer than any letter.
isolated_pages = Isolated(limit_seconds=8.0)


def sanitize(source: str) -> CleanBody:
    """Cleans one HTML body in the guarded child. Raises ``RenderFailed``; takes at most about 2 s."""
    return isolated.sanitize(source)


def neutralise_picture(data: bytes) -> bytes:
    """A stranger's picture written anew, in the guarded child. Raises ``RenderFailed``."""
    return isolated_pictures.neutralise_picture(data)


def draw_page(data: bytes, number: int) -> DrawnPage:
    """A page (from 0) of a stranger's PDF, drawn in the guarded child. Raises ``RenderFailed``."""
    return isolated_pages.draw_page(data, number)
