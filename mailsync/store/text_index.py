"""The text index of messages: one row each, written in one statement for a batch. Database room.

In: the facts of parsed messages. Out: rows of ``MessageText``, apart from flags, so that a flag change
never touches them. What a vector holds is told in ``message.lexemes``. While only the header of a
message is here, its row is there too and says that it is not complete.
"""

from collections.abc import Mapping, Sequence

from django.db import connection

from mailsync.message.lexemes import INDEX_VERSION, IndexedText, Vector, build_vector
from mailsync.store.bulk import execute_bound
from mailsync.store.word_forms import note_forms

_INDEX = """
    INSERT INTO mailsync_messagetext (message_id, account_id, vector, complete, version, files_waiting)
    SELECT message_id, %(account)s, vector::tsvector, complete, %(version)s, files_waiting
      FROM unnest(%(ids)s::bigint[], %(vectors)b::text[], %(complete)s::boolean[], %(files_waiting)s::boolean[])
        AS given(message_id, vector, complete, files_waiting)
    ON CONFLICT (message_id) DO UPDATE
       SET vector = EXCLUDED.vector, complete = EXCLUDED.complete, version = EXCLUDED.version,
           files_waiting = EXCLUDED.files_waiting
"""

#: How much may wait to be merged into the index. Every search reads that list, so it is kept short; but a batch of
#: ``_MANY`` is a mailbox being filled, and merging larger portions of that costs a quarter less.
_WAITS, _WAITS_OF_MANY = "512kB", "4MB"
_MANY = 20
#: Only the owner of an index may ask for it; where another role made the tables, the next batch merges what is left.
_MERGE = """
    SELECT gin_clean_pending_list(oid) FROM pg_class
     WHERE oid = 'message_text_words'::regclass AND pg_has_role(relowner, 'USAGE')
"""


def index_texts(account_id: int, texts: Sequence[IndexedText]) -> None:
    """Write the vectors of these messages, replacing what stood there."""
    write_vectors(account_id, {text.message_id: build_vector(text) for text in texts})


def write_vectors(account_id: int, vectors: Mapping[int, Vector]) -> None:
    """As ``index_texts``, where the vectors have been built already, by message."""
    if not vectors:
        return
    waits = _WAITS if len(vectors) < _MANY else _WAITS_OF_MANY
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('gin_pending_list_limit', %s, true)", [waits])
    execute_bound(
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
    note_forms(account_id, vectors.values())


def merge_waiting() -> None:
    """A mailbox has been filled: nothing is left for a search to read through."""
    with connection.cursor() as cursor:
        cursor.execute(_MERGE)
