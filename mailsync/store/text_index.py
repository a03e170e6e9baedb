"""The text index of messages: one row each, written in one statement for a batch. Database room.

In: the facts of parsed messages. Out: rows of ``MessageText``, apart from flags, so that a flag change
never touches them. What a vector holds is told in ``message.lexemes``. While only the header of a
message is here, its row is there too and says that it is not complete.
"""

from collections.abc import Mapping, Sequence

from django.db import connection

from mailsync.extract.kinds import MOST_BYTES, choose_kind
from mailsync.message.facts import ParsedHeader, ParsedMessage, Part
from mailsync.message.lexemes import INDEX_VERSION, IndexedText, Vector, build_vector, people_of
from mailsync.store.plain import plain

_INDEX = """
    INSERT INTO mailsync_messagetext (message_id, account_id, vector, complete, version, files_waiting)
    SELECT message_id, %(account)s, vector::tsvector, complete, %(version)s, files_waiting
      FROM unnest(%(ids)s::bigint[], %(vectors)s::text[], %(complete)s::boolean[], %(files_waiting)s::boolean[])
        AS given(message_id, vector, complete, files_waiting)
    ON CONFLICT (message_id) DO UPDATE
       SET vector = EXCLUDED.vector, complete = EXCLUDED.complete, version = EXCLUDED.version,
           files_waiting = EXCLUDED.files_waiting
"""


def index_texts(account_id: int, texts: Sequence[IndexedText]) -> None:
    """Write the vectors of these messages, replacing what stood there."""
    write_vectors(account_id, {text.message_id: build_vector(text) for text in texts})


def write_vectors(account_id: int, vectors: Mapping[int, Vector]) -> None:
    """As ``index_texts``, where the vectors have been built already, by message."""
    if not vectors:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _INDEX,
            {
                "account": account_id,
                "version": INDEX_VERSION,
                "ids": list(vectors),
                "vectors": [vector.text for vector in vectors.values()],
                "complete": [vector.complete for vector in vectors.values()],
                "files_waiting": [vector.files_waiting for vector in vectors.values()],
            },
        )


def header_text(message_id: int, header: ParsedHeader) -> IndexedText:
    """What is indexed while the body is not here."""
    people = (("from", (header.sender,)), ("to", header.to), ("cc", header.cc), ("bcc", header.bcc))
    return IndexedText(
        message_id,
        subject=plain(header.subject),
        people=people_of(people),
        list_id=plain(f"{header.facts.get('list_name', '')} {header.facts.get('list_id', '')}"),
        has_body=False,
    )


def readable_files(parsed: ParsedMessage) -> list[Part]:
    """The attachments that have a text of their own."""
    return [
        part
        for part in parsed.attachments
        if choose_kind(part.content_type, part.filename) and part.size_bytes <= MOST_BYTES
    ]


def message_text(message_id: int, parsed: ParsedMessage, file_texts: Sequence[str] | None = None) -> IndexedText:
    """What is indexed of a whole message; without ``file_texts`` its files wait to be read."""
    header = header_text(message_id, parsed.header)
    return IndexedText(
        message_id,
        subject=header.subject,
        people=header.people,
        list_id=header.list_id,
        text=parsed.text,
        own=parsed.own_text,
        files=[part.filename for part in parsed.attachments if part.filename],
        has_invite=any(part.content_type == "text/calendar" for part in parsed.root.walk()),
        file_texts=file_texts or (),
        files_waiting=file_texts is None and bool(readable_files(parsed)),
    )
