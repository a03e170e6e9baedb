"""Signatures of identities: written, and given pictures, which go with each message that shows them."""

from accounts.models import Identity
from mailsync.actions.drafts import clean_name
from mailsync.actions.owned import own_identity
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.message.signatures import clean_signature, words_as_text
from mailsync.models import SignaturePicture
from mailsync.store import attached, blobs, room, signatures

#: Of the cleaned HTML, in characters: a page of words in many styles. Each window of a message brings all signatures.
_MOST = 100_000


@verb
def write_signature(user_id: int, identity_id: int, html: str) -> Identity:
    """The signature of an identity, as it was typed or pasted. Raises ``CannotDo`` where it is no signature but a book.

    Pictures that it does not show any more go; messages that have them keep them.
    """
    identity = own_identity(user_id, identity_id)
    kept = clean_signature(html)
    if len(kept) > _MOST:
        raise CannotDo("This signature is too long: shorten it, or copy less of its formatting.", field="text")
    identity.signature_html, identity.signature_text = kept, words_as_text(kept).strip()
    identity.save(update_fields=["signature_html", "signature_text"])
    attached.drop_lost_pictures(identity.signature_pictures, kept)
    return identity


@verb
def attach_to_signature(user_id: int, identity_id: int, name: str, content_type: str, data: bytes) -> SignaturePicture:
    """A picture for a signature, which stays if that shows it when it is saved. Raises ``CannotDo`` over the limits."""
    identity, name = own_identity(user_id, identity_id), clean_name(name)
    attached.check_picture(content_type)
    signatures.drop_forgotten(identity)
    room.check_signature_picture(identity, name, len(data))
    cid = signatures.new_content_id()
    return attached.add_file(identity.signature_pictures, blobs.keep_blob(user_id, data), name, content_type, cid)
