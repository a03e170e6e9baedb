"""The text index of messages: vectors made in the database, in one statement for a batch. Database room.

Weights: subject A, people B, own text C, quoted text D, so that a hit in the subject outweighs one
in a quotation and a field can be asked for alone. Configuration ``simple`` with ``unaccent``: mail
is of many languages, and a stemmer for one spoils the others.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

#: A tsvector holds at most 1 MB (PostgreSQL §8.11); this much text of any script stays below it.
_MOST_CHARACTERS = 160_000
_ADDRESS_MARKS = re.compile(r"[@._+-]+")

_INDEX = """
    INSERT INTO mailsync_messagetext (message_id, account_id, vector)
    SELECT message_id, %(account)s,
           setweight(to_tsvector('simple', unaccent(subject)), 'A')
           || setweight(to_tsvector('simple', unaccent(people)), 'B')
           || setweight(to_tsvector('simple', unaccent(own)), 'C')
           || setweight(to_tsvector('simple', unaccent(quoted)), 'D')
      FROM unnest(%(ids)s::bigint[], %(subjects)s::text[], %(people)s::text[], %(own)s::text[], %(quoted)s::text[])
        AS given(message_id, subject, people, own, quoted)
    ON CONFLICT (message_id) DO UPDATE SET vector = EXCLUDED.vector
"""


@dataclass(frozen=True, slots=True)
class IndexedText:
    """What is indexed of one message. ``quoted`` is the rest of the text, without ``own``."""

    message_id: int
    subject: str
    people: str
    own: str = ""
    quoted: str = ""


def people_text(pairs: Sequence[tuple[str, str]]) -> str:
    """Names and addresses as words: an address is found whole, by its parts and by its domain.

    >>> people_text([("Ada L.", "ada.l@example.org")])
    'Ada L. ada.l@example.org ada l example org'
    """
    return " ".join(f"{name} {address} {_ADDRESS_MARKS.sub(' ', address)}".strip() for name, address in pairs)


def index_texts(account_id: int, texts: Sequence[IndexedText]) -> None:
    """Write the vectors of these messages, replacing what stood there."""
    if not texts:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _INDEX,
            {
                "account": account_id,
                "ids": [text.message_id for text in texts],
                "subjects": [text.subject[:2000] for text in texts],
                "people": [text.people[:20_000] for text in texts],
                "own": [text.own[:_MOST_CHARACTERS] for text in texts],
                "quoted": [text.quoted[: _MOST_CHARACTERS // 2] for text in texts],
            },
        )
