"""A draft as the bytes it becomes. Database room: loads what the pure ``mailsync.message.compose`` needs.

In: a draft with its identity and files. Out: a ``Composition`` with every address parsed. Raises
``CannotDo`` with the field to mend.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from accounts.models import Identity
from mailsync.errors import CannotDo
from mailsync.message.addresses import ascii_address, parse_address_list
from mailsync.message.facts import Composition, OutgoingAttachment
from mailsync.message.folding import check_address, refuse_controls
from mailsync.message.outgoing_html import cids_in, has_original, rename_pictures
from mailsync.message.references import reply_references
from mailsync.models import Draft
from mailsync.store.drafts import is_pasted
from mailsync.store.opening import open_original
from mailsync.store.quoting import Quote, body_html, load_quote, plain_body
from mailsync.types import Address


def compose_draft(draft: Draft, *, message_id: str, date: datetime, lenient: bool = False) -> Composition:
    """Everything frozen: who, to whom, what, under which Message-ID and date.

    ``lenient`` is for the copy in the Drafts folder, where an address may be half typed: it is left out. A worker
    makes that one, so an encrypted original stays closed.
    """
    identity = draft.identity
    if not lenient:
        open_original(draft)
    if identity is None:
        raise CannotDo("Choose the address to send from.", field="identity")
    people = {field: _addresses(getattr(draft, field), field, lenient=lenient) for field in ("to", "cc", "bcc")}
    in_reply_to, references = _thread(draft)
    quote = load_quote(draft) if draft.is_html and has_original(draft.body) else None
    quote = _beside(quote, draft) if quote else None
    html = body_html(draft, quote) if draft.is_html else None
    return Composition(
        sender=Address(identity.name, identity.address),
        to=people["to"],
        cc=people["cc"],
        bcc=people["bcc"],
        subject=" ".join(draft.subject.split()),
        text=plain_body(draft),
        html=html,
        message_id=message_id,
        date=date,
        reply_to=_reply_to(identity),
        in_reply_to=in_reply_to,
        references=references,
        attachments=(*_files(draft, html or ""), *(quote.pictures if quote else ())),
        request_receipt=draft.request_receipt,
    )


def message_domain(identity: Identity) -> str:
    """The right side of a Message-ID: the sender's own domain (RFC 5322 §3.6.4), as A-labels, as an id is ASCII."""
    return ascii_address(identity.address).rsplit("@", 1)[-1].lower()


def _addresses(text: str, field: str, *, lenient: bool) -> tuple[Address, ...]:
    parsed = parse_address_list(text)
    if lenient:
        return tuple(one for one in parsed.addresses if _is_writable(one))
    if parsed.errors:
        raise CannotDo(parsed.errors[0], field=field)
    return parsed.addresses


def _is_writable(one: Address) -> bool:
    """Whether a header can hold it: what looks like an address may have a domain that cannot be."""
    try:
        check_address(one.address)
        refuse_controls(one.name, "name")
    except ValueError:
        return False
    return True


def _files(draft: Draft, html: str) -> Iterator[OutgoingAttachment]:
    """The files, each a part by itself or shown by the HTML. A pasted picture that was deleted again stays behind."""
    shown = set(cids_in(html))
    for row in draft.attachments.select_related("blob"):
        if row.content_id in shown:
            yield OutgoingAttachment(row.name, row.content_type, bytes(row.blob.data), row.content_id)
        elif not is_pasted(row.content_id):
            yield OutgoingAttachment(row.name, row.content_type, bytes(row.blob.data))


def _beside(quote: Quote, draft: Draft) -> Quote:
    """The quote with pictures that go beside the draft's own: an answer to an answer shows our signature again, under
    the same Content-ID. The same picture goes once; another one gets another name."""
    names = [one.content_id for one in quote.pictures]
    rows = draft.attachments.filter(content_id__in=names).select_related("blob")
    ours = {row.content_id: bytes(row.blob.data) for row in rows}
    others = [one for one in quote.pictures if ours.get(one.content_id) != one.data]
    renamed = {one.content_id: f"quoted.{one.content_id}" for one in others if one.content_id in ours}
    pictures = [replace(one, content_id=renamed.get(one.content_id, one.content_id)) for one in others]
    return Quote(rename_pictures(quote.html, renamed), quote.text, tuple(pictures))


def _reply_to(identity: Identity) -> tuple[Address, ...]:
    return (Address("", identity.reply_to),) if identity.reply_to else ()


def _thread(draft: Draft) -> tuple[str, tuple[str, ...]]:
    """In-Reply-To and References (RFC 5322 §3.6.4); a forward begins a conversation of its own."""
    original = draft.original
    if original is None:
        return _stored_thread(draft)
    if draft.mode not in {Draft.Mode.REPLY, Draft.Mode.REPLY_ALL} or not original.message_id:
        return "", ()
    return original.message_id, reply_references(original.message_id, original.references, original.in_reply_to)


def _stored_thread(draft: Draft) -> tuple[str, tuple[str, ...]]:
    """What the copy in the Drafts folder says it answers, where the answered message is not (any more) here."""
    stored = draft.placement.message if draft.placement is not None else None
    return (stored.in_reply_to, tuple(stored.references)) if stored is not None else ("", ())
