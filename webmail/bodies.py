"""A stored message → the body to show: its HTML cleaned (or from the cache), or its text. Screens room, reads only.

Cleaning depends on the source and the policy alone, so its result is kept under the hash of the
source and the policy's version, and shared by all messages of an account with the same body.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from urllib.parse import urlsplit

from django.urls import reverse

from mailsync.message.bodies import choose_bodies, decode_text, is_picture, is_rich
from mailsync.message.facts import Part
from mailsync.message.html_text import html_to_text
from mailsync.message.itip import read_description
from mailsync.message.subject import is_forward_subject
from mailsync.models import Message
from mailsync.store.opening import message_root, part_reader
from mailsync.store.rendered import body_key, load_rendered, record_rendered
from webmail.render import (
    POLICY_VERSION,
    CleanBody,
    PictureUrl,
    RenderFailed,
    Slot,
    join_bodies,
    render_text,
    sanitize,
    text_body,
)
from webmail.signing import sign_picture

Read = Callable[[int, int], bytes]
#: Of a text part this much is shown; the rest is a click on "download" away.
MAX_PART_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ShownBody:
    """What stands in the frame.

    ``is_html`` says which form is shown, ``has_html`` and ``has_text`` which the sender sent.
    ``refused`` is set when there is HTML that could not be cleaned, so that its text is shown.
    """

    body: CleanBody
    is_html: bool
    has_html: bool
    has_text: bool
    refused: bool = False

    @property
    def is_empty(self) -> bool:
        return (not self.has_html and not self.has_text) or self.body.is_blank


def load_body(
    message: Message,
    *,
    as_text: bool = False,
    inside: Part | None = None,
    subject: str = "",
    read: Read | None = None,
) -> ShownBody:
    """The body of a fetched message, or of the message whose part tree is ``inside``, with its ``subject``; ``read``
    is where that tree's offsets lie, if not in the message itself.

    Raises ``BodyNotFetched`` (``mailsync.store.raw``).
    """
    read = read or part_reader(message)
    root = inside or message_root(message)
    if root is None:
        return ShownBody(text_body(""), False, False, False)
    chosen = choose_bodies(root)
    first = [part for part in (chosen.html, chosen.text) if part is not None]
    if not first and not chosen.more:
        return _of_calendar(chosen.calendar, read)
    main = chosen.text if chosen.text is not None and (as_text or chosen.html is None) else chosen.html
    sections = ([main] if main is not None else []) + list(chosen.more)
    shown: list[CleanBody] = []
    refused = False
    for part in sections:
        if not is_rich(part):
            shown.append(_as_text(part, read))
        elif as_text:
            shown.append(text_body(render_text(html_to_text(_source(part, read)))))
        else:
            try:
                shown.append(_cleaned(message, _source(part, read)))
            except RenderFailed:
                refused = True
                plain = chosen.text if part is chosen.html else None
                shown.append(_as_text(plain, read) if plain else text_body(render_text(_words_of(part, read))))
    body = join_bodies(shown)
    if body.is_blank and not as_text and main is chosen.html and chosen.text is not None:
        # Seen in practice: an empty page beside the text, by a gateway that could not make one of it.
        return load_body(message, as_text=True, inside=inside, subject=subject, read=read)
    if body.has_quote and is_forward_subject(subject or message.subject):
        # What was passed on is what the message is about; in most programs' HTML it looks like any quote.
        body = body.unfolded()
    if any(part.end - part.start > MAX_PART_BYTES for part in sections):
        body = replace(body, truncated=True)
    return ShownBody(
        body=body,
        is_html=not as_text and not refused and any(map(is_rich, sections)),
        has_html=chosen.html is not None,
        has_text=chosen.text is not None,
        refused=refused,
    )


def picture_urls(message: Message, user_id: int, *, remote: bool, inside: Part | None = None) -> PictureUrl:
    """Where the pictures of this message load from; remote ones only with consent, and through our proxy.

    ``inside`` is the root of an attached message: where it and another name theirs alike, each shows its own."""

    @cache
    def parts() -> dict[str, str]:
        roots = [root for root in (inside, message_root(message)) if root is not None]
        found: dict[str, str] = {}
        for part in chain.from_iterable(root.walk() for root in roots):
            if part.content_id and is_picture(part):
                found.setdefault(part.content_id.lower(), part.path)
        return found

    def url_of(slot: Slot) -> str | None:
        if slot.origin == "cid":
            path = parts().get(slot.target.lower())
            return reverse("cid", args=[message.pk, path]) if path else None
        if not remote or not _fetchable(slot.target):
            return None
        return f"{reverse('picture_proxy')}?t={sign_picture(user_id, message.pk, slot.target)}"

    return url_of


def _of_calendar(calendar: Part | None, read: Read) -> ShownBody:
    """What an invitation says in its calendar alone, as one from a phone or a conference room does."""
    words = read_description(decode_text(calendar, read, max_bytes=MAX_PART_BYTES)) if calendar is not None else ""
    return ShownBody(text_body(render_text(words)), False, False, bool(words))


def _fetchable(url: str) -> bool:
    """Whether the proxy would try at all, so that a lost cause is not a broken picture."""
    try:
        parts = urlsplit(url)
        return parts.port in (None, 80, 443) and not parts.username
    except ValueError:
        return False


def _source(part: Part, read: Read) -> str:
    return decode_text(part, read, max_bytes=MAX_PART_BYTES)


def _as_text(part: Part, read: Read) -> CleanBody:
    return text_body(render_text(_source(part, read)))


def _words_of(part: Part, read: Read) -> str:
    return html_to_text(_source(part, read))


def _cleaned(message: Message, source: str) -> CleanBody:
    if message.inside is not None:
        # What was encrypted is kept nowhere in clear.
        return sanitize(source)
    account_id = message.account_id
    key = body_key(source.encode("utf-8", "surrogatepass"))
    kept = load_rendered(account_id, key, POLICY_VERSION)
    if kept is not None:
        return CleanBody.from_json(kept)
    body = sanitize(source)
    record_rendered(account_id, key, POLICY_VERSION, body.as_json())
    return body
