"""The quoted original as words of the draft, to be answered line by line, cut down and changed. Database room.

In: a draft that quotes a message. Out: the quote as clean HTML for the editor, its pictures files of the draft. The
draft's words are left alone: the editor puts the quote where its marker stood, and saves that as all else.
"""

from mailsync.errors import CannotDo
from mailsync.message.outgoing_html import rename_pictures
from mailsync.message.quoted_html import editable_quote
from mailsync.models import Draft
from mailsync.store.attached import add_file
from mailsync.store.blobs import keep_blob
from mailsync.store.drafts import new_content_id
from mailsync.store.opening import open_original
from mailsync.store.quoting import load_quote

#: Some four hundred pages. Longer ones would make an editor wait at each key.
_MAX_CHARS = 1_000_000


def open_quote(draft: Draft, *, only: str = "") -> str | None:
    """The quote, ``only`` this HTML of it if given; None where there is none (any more). Raises ``CannotDo`` where it
    is too long.

    Its pictures go by other Content-IDs than in the original, so that one which is cut out stays behind
    (``drafts.is_pasted``). Opened again, it brings none twice.
    """
    quote = load_quote(open_original(draft), only=only)
    if quote is None:
        return None
    html = editable_quote(quote.html)
    if len(html) > _MAX_CHARS:
        raise CannotDo("This message is too long to be changed here. It is quoted as it is.")
    names = {}
    for picture in quote.pictures:
        blob = keep_blob(draft.user_id, picture.data)
        row = draft.attachments.filter(blob=blob).exclude(content_id="").first()
        if row is None:
            row = add_file(draft.attachments, blob, picture.name, picture.content_type, new_content_id())
        names[picture.content_id] = row.content_id
    return rename_pictures(html, names)
