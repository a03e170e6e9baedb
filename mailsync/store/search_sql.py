"""Terms of a search as conditions in SQL. Database room.

In: a term, and the mailbox it is asked of. Out: a condition over ``p`` (placement), ``m`` (message) and
``t`` (its text), with its values. Nothing of what was typed stands in the SQL itself.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, tzinfo
from typing import Any

from mailsync.message.words import fold
from mailsync.plan.search_index import is_indexed, tsquery
from mailsync.plan.search_names import label_key
from mailsync.plan.search_terms import (
    FOLDER_ROLES,
    Account,
    And,
    DeliveredTo,
    Fact,
    Has,
    Important,
    In,
    Is,
    Label,
    MessageId,
    Not,
    Or,
    Received,
    Size,
    State,
    Symbols,
    Term,
    Words,
)

_STATES: dict[State, str] = {
    "unread": "NOT p.seen",
    "read": "p.seen",
    "flagged": "p.flagged",
    "unflagged": "NOT p.flagged",
    "replied": "p.answered",
    "unreplied": "NOT p.answered",
    "draft": "p.draft",
}
#: Few conversations are so, and each account's are known by an index: they are asked for once, not row by row.
_THREADS = "p.thread_id = ANY(ARRAY(SELECT c.id FROM mailsync_thread c WHERE c.account_id = ANY({accounts}) AND "
_OF_CONVERSATIONS: dict[State, str] = {"pinned": _THREADS + "c.pinned))", "muted": _THREADS + "c.muted))"}
#: What people call folders of a role.
_ROLES = {"spam": "junk", "bin": "trash", "deleted": "trash", "draft": "drafts", "allmail": "all", "all mail": "all"}
#: As the screens call them in German, folded.
_ROLES |= {"posteingang": "inbox", "gesendet": "sent", "entwurfe": "drafts", "archiv": "archive", "papierkorb": "trash"}
_ROLES |= {"alle nachrichten": "all", "wichtig": "important", "wiedervorlage": "snoozed"}
ANYWHERE = frozenset({"anywhere", "all folders", "everywhere", "uberall"})
_ROLE_NAMES = FOLDER_ROLES | {"flagged", "important", "snoozed"}


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that may be searched, with what it and its account are called."""

    folder_id: int
    account_id: int
    role: str
    name: str
    path: str
    account_label: str
    account_address: str
    total: int
    on_server: int

    def is_called(self, name: str) -> bool:
        """By role, name or path; a folder of a role is not meant by another's name."""
        wanted = fold(name).strip("/")
        role = _ROLES.get(wanted, wanted)
        if role in _ROLE_NAMES and self.role == role:
            return True
        return wanted in (fold(self.name), fold(self.path))

    def is_of(self, account: str) -> bool:
        wanted = fold(account)
        return wanted in fold(self.account_label) or wanted in fold(self.account_address)


@dataclass(slots=True)
class Condition:
    """SQL under way, with its values by name."""

    places: list[Place]
    zone: tzinfo
    values: dict[str, Any] = field(default_factory=dict)
    #: Which of ``m`` and ``t`` the condition reads, beside ``p``.
    tables: set[str] = field(default_factory=set)

    def sql(self, term: Term) -> str:
        """The condition of a term. True or false, never NULL, so that it can be negated."""
        if is_indexed(term):
            self.tables.add("t")
            return f"coalesce(t.vector @@ {self.value(tsquery(term))}::tsquery, false)"
        match term:
            case Not(below):
                return f"NOT {self.sql(below)}"
            case And(terms):
                return f"({' AND '.join(map(self.sql, terms))})"
            case Or(terms):
                return f"({' OR '.join(map(self.sql, terms))})"
            case Words() | Symbols():  # pragma: no cover  (the index answers these)
                return "false"
            case _:
                return f"({self._leaf(term)})"

    def _leaf(self, term: Fact) -> str:
        if isinstance(term, Has | Size | Important | DeliveredTo | MessageId):
            self.tables.add("m")
        match term:
            case Is(state) if state in _OF_CONVERSATIONS:
                accounts = self.value(sorted({place.account_id for place in self.places}))
                return _OF_CONVERSATIONS[state].format(accounts=accounts)
            case Is(state):
                return _STATES[state]
            case Has():
                return "m.attachment_count > 0"
            case In() | Account():
                return f"p.folder_id = ANY({self.value([place.folder_id for place in named(term, self.places)])})"
            case Label(keyword):
                # As ``label_key`` has it.
                spelled = "lower(replace(ltrim(k.keyword, '$'), '_', ' '))"
                wanted = self.value(label_key(keyword))
                return f"EXISTS (SELECT FROM unnest(p.keywords) AS k(keyword) WHERE {spelled} = {wanted})"
            case Received(since, until):
                day, sign = (since, ">=") if since else (until, "<")
                assert day is not None
                return f"p.received_at {sign} {self.value(midnight(day, self.zone))}"
            case Size(above, below):
                if above is not None:
                    return f"m.size_bytes > {self.value(above)}"
                return f"m.size_bytes < {self.value(below)}"
            case Important(level):
                return f"coalesce(m.facts->>'importance', 'normal') = {self.value(level)}"
            case DeliveredTo(address):
                # The list as JSON: an address is found in it as it is.
                return f"strpos(lower(coalesce(m.facts->>'delivered_to', '')), {self.value(address)}) > 0"
            case MessageId(text):
                return f"m.message_id = {self.value(text)}"

    def value(self, value: object) -> str:
        """The name under which the statement takes this value."""
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f"%({name})s"


def named(term: In | Account, places: list[Place]) -> list[Place]:
    """The places that a term names."""
    if isinstance(term, Account):
        return [place for place in places if place.is_of(term.name)]
    if fold(term.folder) in ANYWHERE:
        return places
    return [place for place in places if place.is_called(term.folder)]


def midnight(day: date, zone: tzinfo) -> datetime:
    """When that day begins for the reader."""
    return datetime.combine(day, time(), zone)
