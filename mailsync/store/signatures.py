"""Signatures of identities, and their pictures, which a draft is given as soon as its words show them. Database room.

In: an identity, or a draft. Out: the signature as messages have it. A picture keeps its Content-ID from the signature
to each message, so that a signature in a draft is known again, and a picture that an answer quotes goes along once.
"""

from datetime import timedelta
from html import escape
from uuid import uuid4

from django.utils import timezone

from accounts.models import Identity
from mailsync.message.outgoing_html import cids_in, clean_outgoing
from mailsync.message.signatures import Signature, words_as_text
from mailsync.models import Draft, SignaturePicture
from mailsync.store.attached import add_file

#: What a signature that is being written shows may not be in the saved one yet.
_UNSAVED = timedelta(days=1)
_CONTENT_ID = "@signature"


def load_signature(identity: Identity | None, *, is_answer: bool) -> Signature:
    """What goes with an identity into a new message, or into an answer or forward."""
    html = signature_html(identity)
    if identity is None or not html:
        return Signature()
    by_itself = identity.signature_on_answers if is_answer else identity.signature_on_new
    return Signature(html, words_as_text(html).strip(), by_itself, identity.signature_below)


def signature_html(identity: Identity | None) -> str:
    """The signature with the line that begins it (RFC 3676 §4.3); "" where the identity has none."""
    if identity is None:
        return ""
    if identity.signature_html:
        return f"<p>-- </p>{clean_outgoing(identity.signature_html)}"
    return f"<p>-- <br>{_lines(identity.signature_text)}</p>" if identity.signature_text else ""


def words_of(identity: Identity) -> str:
    """The signature to be changed, as HTML."""
    if identity.signature_html or not identity.signature_text:
        return identity.signature_html
    return f"<p>{_lines(identity.signature_text)}</p>"


def give_pictures(draft: Draft) -> None:
    """Make the pictures of signatures that a draft's words show files of the draft, as far as they are not yet."""
    shown = {cid for cid in cids_in(draft.body) if is_of_signature(cid)} if draft.is_html else set()
    if not shown:
        return
    shown -= set(draft.attachments.filter(content_id__in=shown).values_list("content_id", flat=True))
    mine = SignaturePicture.objects.filter(identity__user=draft.user_id, content_id__in=shown)
    for row in mine.select_related("blob").defer("blob__data"):
        add_file(draft.attachments, row.blob, row.name, row.content_type, row.content_id)


def new_content_id() -> str:
    """A Content-ID for a picture of a signature (RFC 2392), without angle brackets."""
    return f"{uuid4().hex}{_CONTENT_ID}"


def is_of_signature(content_id: str) -> bool:
    return content_id.endswith(_CONTENT_ID)


def drop_forgotten(identity: Identity) -> None:
    """Pictures that were put into a signature and never saved with it."""
    old = SignaturePicture.objects.filter(identity=identity, created_at__lt=timezone.now() - _UNSAVED)
    old.exclude(content_id__in=cids_in(identity.signature_html)).delete()


def _lines(text: str) -> str:
    return "<br>".join(escape(line) for line in text.splitlines())
