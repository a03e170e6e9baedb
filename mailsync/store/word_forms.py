"""Other forms of words: what an account's mail has of them is noted as it is indexed, and looked up for a search.
Database room.

In: vectors as they are written; or the terms of a search. Out: rows of ``WordForm``; or the terms with the forms that
messages in each language have. Two forms belong together where the Snowball stemmer of the language says so, which
PostgreSQL brings. A word that is its own stem needs no row: whoever asks for another form makes it from that.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import connection, transaction

from accounts.ready import prepared_cursor
from mailsync.message.language import STEMMERS
from mailsync.message.lexemes import LANGUAGE_MARK, Vector
from mailsync.message.words import LONGEST_INFLECTED, words
from mailsync.plan.search_terms import Forms, Term, Words, map_words, walk

#: By word, folded.
WordForms = Mapping[str, Sequence[Forms]]

#: In the text of a vector: a word without marks and digits, see ``message.words.has_forms``.
_INFLECTED = re.compile(rf"'([^.'\d][^'\d]{{1,{LONGEST_INFLECTED - 1}}})':")
#: Words that this process has committed, by account and language, so that they are not asked for anew: emptied when
#: they are too many.
_known: dict[tuple[int, str], set[str]] = {}
_MOST_KNOWN = 300_000

_NOTE = """
    INSERT INTO mailsync_wordform (account_id, language, stem, word)
    SELECT %(account)s, made.language, made.stem, made.word FROM (
        SELECT given.language, given.word, CASE WHEN given.word = '' THEN ''
               ELSE (ts_lexize(given.stemmer::regdictionary, given.word))[1] END AS stem
          FROM unnest(%(languages)s::text[], %(stemmers)s::text[], %(words)s::text[]) AS given(language, stemmer, word)
        OFFSET 0
    ) AS made
      LEFT JOIN LATERAL (
          SELECT true AS found FROM mailsync_wordform f
           WHERE f.account_id = %(account)s AND f.language = made.language AND f.stem = made.stem AND f.word = made.word
           LIMIT 1
      ) AS here ON true
     WHERE here.found IS NULL AND (made.word = '' OR (made.stem <> made.word AND made.stem <> ''))
"""
#: Row by row, by the keys of the index. Stop words have no stem.
_FORMS = """
    WITH asked AS MATERIALIZED (
        SELECT w.word, s.language, s.stemmer, (ts_lexize(s.stemmer::regdictionary, w.word))[1] AS stem
          FROM unnest(%(languages)s::text[], %(stemmers)s::text[]) AS s(language, stemmer)
         CROSS JOIN LATERAL (
             SELECT FROM unnest(%(accounts)s::bigint[]) AS a(id) CROSS JOIN LATERAL (
                 SELECT FROM mailsync_wordform f
                  WHERE f.account_id = a.id AND f.language = s.language AND f.stem = '' LIMIT 1
             ) AS one LIMIT 1
         ) AS has
         CROSS JOIN unnest(%(words)s::text[]) AS w(word)
    )
    SELECT asked.word, asked.language, array_agg(DISTINCT form.word ORDER BY form.word)
      FROM asked CROSS JOIN LATERAL (
          SELECT f.word FROM unnest(%(accounts)s::bigint[]) AS a(id) CROSS JOIN LATERAL (
              SELECT f.word FROM mailsync_wordform f
               WHERE f.account_id = a.id AND f.language = asked.language AND f.stem = asked.stem OFFSET 0
          ) AS f
           UNION ALL
          SELECT asked.stem
           WHERE length(asked.stem) > 1 AND (ts_lexize(asked.stemmer::regdictionary, asked.stem))[1] = asked.stem
      ) AS form
     WHERE asked.stem <> '' AND form.word <> asked.word
     GROUP BY asked.word, asked.language
     ORDER BY asked.word, asked.language
"""
_LANGUAGES = """
    SELECT t.message_id, g.language
      FROM unnest(%s::bigint[]) AS k(id)
     CROSS JOIN LATERAL (SELECT * FROM mailsync_messagetext t WHERE t.message_id = k.id LIMIT 1) AS t
      JOIN unnest(%s::text[]) AS g(language) ON t.vector @@ quote_literal(%s || g.language)::tsquery
"""


def note_forms(account_id: int, vectors: Iterable[Vector]) -> None:
    """Note the words of these, in the caller's transaction."""
    by_language: dict[str, set[str]] = {}
    for vector in vectors:
        if vector.language:
            # An empty word says that there is mail in this language.
            by_language.setdefault(vector.language, {""}).update(_INFLECTED.findall(vector.text))
    fresh = {language: found - _known.get((account_id, language), set()) for language, found in by_language.items()}
    rows = [(language, STEMMERS[language], word) for language, found in fresh.items() for word in sorted(found)]
    if not rows:
        return
    languages, stemmers, given = zip(*rows, strict=True)
    values: dict[str, Any] = {
        "account": account_id,
        "languages": list(languages),
        "stemmers": list(stemmers),
        "words": list(given),
    }
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, values)
    transaction.on_commit(lambda: _remember(account_id, fresh))


def _remember(account_id: int, fresh: Mapping[str, set[str]]) -> None:
    if sum(map(len, _known.values())) > _MOST_KNOWN:
        _known.clear()
    for language, found in fresh.items():
        _known.setdefault((account_id, language), set()).update(found)


def load_forms(terms: Iterable[Term | None], account_ids: Sequence[int]) -> WordForms:
    """Other forms of the words of all these that the mail of these accounts has. One query, where there are any."""
    asked = {_folded(word) for term in terms for word in walk(term) if isinstance(word, Words) and word.inflected}
    forms: dict[str, list[Forms]] = {}
    if not asked:
        return forms
    values: dict[str, Any] = {
        "accounts": list(account_ids),
        "languages": list(STEMMERS),
        "stemmers": list(STEMMERS.values()),
        "words": sorted(asked),
    }
    with prepared_cursor() as cursor:
        cursor.execute(_FORMS, values)
        for word, language, found in cursor.fetchall():
            forms.setdefault(word, []).append(Forms(language, tuple(found)))
    return forms


def _folded(word: Words) -> str:
    return words(word.text)[0].text


def with_forms(term: Term | None, forms: WordForms) -> Term | None:
    """The term with the forms of its words."""

    def filled(word: Words) -> Words:
        return replace(word, forms=tuple(forms.get(_folded(word), ()))) if word.inflected else word

    return map_words(term, filled) if term and forms else term


def languages_of(message_ids: Sequence[int], term: Term | None) -> dict[int, str]:
    """The language of each message, of those in which the term has other forms."""
    languages = sorted({one.language for word in walk(term) if isinstance(word, Words) for one in word.forms})
    if not languages:
        return {}
    with prepared_cursor() as cursor:
        cursor.execute(_LANGUAGES, [list(message_ids), languages, LANGUAGE_MARK])
        return dict(cursor.fetchall())
