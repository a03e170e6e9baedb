"""What the newest matches of a search have in common, counted. Database room.

In: a search made ready. Out: its facets. The matches are found as a page of them is, in a bounded number of rows, and
read by their keys in one query.
"""

from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from mailsync.plan.facets import Facet, Match, choose_facets
from mailsync.plan.search_terms import FOLDER_ROLES
from mailsync.store.search import Search
from mailsync.store.search_sql import Place

#: Of no more than so many matches; beyond them a person is told that it were the newest.
COUNTED = 1000
#: Row by row, by their keys, whatever the planner believes.
_MATCHES = """
    SELECT p.folder_id, m.from_address, m.from_name, p.received_at, m.attachment_count > 0
      FROM unnest(%s::bigint[]) WITH ORDINALITY AS k(id, at)
     CROSS JOIN LATERAL (SELECT * FROM mailsync_placement p WHERE p.id = k.id LIMIT 1) AS p
     CROSS JOIN LATERAL (SELECT * FROM mailsync_message m WHERE m.id = p.message_id LIMIT 1) AS m
     ORDER BY k.at
"""


@dataclass(frozen=True, slots=True)
class Facets:
    """``counted`` matches were looked at; with ``is_all`` there are no others."""

    facets: tuple[Facet, ...]
    counted: int
    is_all: bool


def load_facets(search: Search) -> Facets:
    """The newest matches' accounts, folders, senders and years. One query beside those that find them."""
    found, is_all = search.newest(COUNTED)
    places = {place.folder_id: place for place in search.places}
    with connection.cursor() as cursor:
        cursor.execute(_MATCHES, [[placement for _, placement in found]])
        rows = cursor.fetchall()
    matches = [
        _match(places[folder_id], address, name, timezone.localtime(at).year, has_files)
        for folder_id, address, name, at, has_files in rows
    ]
    return Facets(choose_facets(matches), len(matches), is_all)


def _match(place: Place, sender: str, sender_name: str, year: int, has_files: bool) -> Match:
    return Match(
        account=place.account_address,
        label=place.account_label,
        folder=place.role if place.role in FOLDER_ROLES else place.path,
        name=place.name,
        sender=sender,
        sender_name=sender_name,
        year=year,
        has_files=has_files,
    )
