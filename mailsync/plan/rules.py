"""What rules do with new mail: the form as a search, and which rule treats which message. Pure.

In: the fields of the form, or the rules of a person with the messages that each one's search finds. Out: the text
of a query, or what is to be done to which messages. A rule sees a message as it arrived, once, and nothing that a
rule does brings a message before the rules again: so none can loop. A message that a rule has put elsewhere, or
whose rule says to stop, is shown to no later one.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from mailsync.message.addresses import comparable
from mailsync.plan.search_terms import Field, Has, Or, Size, Symbols, Term, Words, either, every, format_query, walk

#: Verbs that take a message out of the inbox; a rule has one of them at most.
FILING = ("move", "archive", "trash", "junk")
MARKS = ("read", "flag", "label")
OF_CONVERSATIONS = ("pin", "mute")
#: A word to the person's devices, to a webhook or on to somebody: these change nothing, and are for new mail only.
TELL, CALL, FORWARD = WORDS = ("tell", "call", "forward")
_MB = 1_000_000
#: A comma within quotation marks parts nothing.
_BETWEEN_COMMAS = re.compile(r'(?:"[^"]*"|[^,;"]|")+')
_WITH_NAME = re.compile(r".*<([^<>]*@[^<>]*)>.*")
_IN_TEXT: frozenset[Field] = frozenset({"", "body", "filename"})


@dataclass(frozen=True, slots=True)
class Deed:
    """``argument`` is the folder's id, the label's keyword, or the id of a webhook or of an address to forward to."""

    verb: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """The plain fields of the form. Senders, recipients and lists may be several, with commas between them."""

    sender: str = ""
    to: str = ""
    subject: str = ""
    words: str = ""
    list_id: str = ""
    larger_mb: int = 0
    has_attachment: bool = False
    to_me: bool = False
    search: str = ""

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Fields":
        return cls(**{name: stored[name] for name in cls.__slots__ if name in stored})


def build_query(fields: Fields) -> str:
    """The search that the form means; empty where it asks for nothing.

    >>> build_query(Fields(sender="ada@example.org, bob", subject="rota", search="is:unread"))
    '(from:ada@example.org OR from:bob) subject:"rota" is:unread'
    """
    terms = [
        _one_of("from", fields.sender),
        _one_of("to", fields.to),
        Words(_bare(fields.subject), "subject") if _bare(fields.subject) else None,
        *(Words(word) for word in _bare(fields.words).split()),
        _one_of("list", fields.list_id),
        Has("attachment") if fields.has_attachment else None,
        Size(above=fields.larger_mb * _MB) if fields.larger_mb else None,
        either([Words("me", "to", prefix=True), Words("me", "cc", prefix=True)]) if fields.to_me else None,
    ]
    found = [term for term in terms if term is not None]
    by_hand = fields.search.strip()
    if not (found and by_hand):
        return format_query(every(found)) or by_hand
    by_form = " ".join(f"({format_query(term)})" if isinstance(term, Or) else format_query(term) for term in found)
    # "a OR b" beside other terms would be read as "(x a) OR b".
    is_flat = " OR " not in by_hand and "|" not in by_hand
    return f"{by_form} {by_hand}" if is_flat else f"{by_form} ({by_hand})"


def _one_of(name: Field, typed: str) -> Term | None:
    """Any one of several, as they are typed or pasted: ``"Berg, Anna" <anna@example.org>, bob``."""
    parts = [_WITH_NAME.sub(r"\1", part) for part in _BETWEEN_COMMAS.findall(typed)]
    wanted = [one for part in parts if (one := _bare(part).strip("<> "))]
    return either([Words(one, name, prefix=True) for one in wanted])


def _bare(typed: str) -> str:
    """Without what would end a phrase."""
    return " ".join(typed.replace('"', " ").split())


def needs_text(term: Term | None) -> bool:
    """Whether the header alone cannot decide it."""
    return any(
        (isinstance(one, Words | Symbols) and one.field in _IN_TEXT) or isinstance(one, Has) for one in walk(term)
    )


def is_filing(deeds: Collection[Deed]) -> bool:
    return any(deed.verb in FILING for deed in deeds)


def changes_mail(deeds: Collection[Deed]) -> bool:
    return any(deed.verb not in WORDS for deed in deeds)


def in_order(deeds: Sequence[Deed]) -> list[Deed]:
    """Marks first: what is filed lies elsewhere."""
    return sorted(deeds, key=lambda deed: deed.verb in FILING)


def find_blocked(address: str, patterns: Collection[str]) -> str | None:
    """The pattern that blocks this sender: the address itself, its domain, or a domain above that.

    >>> find_blocked("Ada@news.shop.example", {"shop.example"})
    'shop.example'
    """
    return next((pattern for pattern in blocking(address) if pattern in patterns), None)


def as_pattern(sender: str) -> str:
    """An address or a domain as patterns are kept: mail names a domain in either spelling.

    >>> as_pattern("Ada@Müller.example"), as_pattern("müller.example")
    ('ada@xn--mller-kva.example', 'xn--mller-kva.example')
    """
    return comparable(sender) if "@" in sender else comparable(f"a@{sender.strip()}").removeprefix("a@")


def blocking(address: str) -> Iterator[str]:
    """The patterns that would block this sender, the nearest first.

    >>> list(blocking("Ada@shop.example"))
    ['ada@shop.example', 'shop.example', 'example']
    >>> list(blocking("a@müller.example"))
    ['a@xn--mller-kva.example', 'xn--mller-kva.example', 'example', 'a@müller.example', 'müller.example']
    """
    seen = set()
    # As patterns are kept, and as they were typed before domains were kept as A-labels.
    for spelled in (as_pattern(address), address.strip().lower()):
        domain = spelled.rpartition("@")[2]
        pattern = spelled
        while pattern and pattern not in seen:
            seen.add(pattern)
            yield pattern
            pattern, domain = domain, domain.partition(".")[2]


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What deciding needs of a rule, and the placements its search finds among those that have arrived."""

    id: int
    matches: Collection[int]
    accounts: Collection[int] = ()
    ends: bool = False
    needs_text: bool = False


@dataclass(frozen=True, slots=True)
class Arrived:
    placement_id: int
    account_id: int
    has_text: bool = True
    ran: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class RunPlan:
    """``hits``: by rule what it is to treat, in the order of the rules. ``waiting``: by message, the rules it has seen,
    where the next one needs its text."""

    hits: Mapping[int, Sequence[int]] = field(default_factory=dict)
    waiting: Mapping[int, Sequence[int]] = field(default_factory=dict)


def plan_run(rules: Sequence[RuleFacts], arrived: Sequence[Arrived]) -> RunPlan:
    """Rule by rule for each message, in order, as far as what is known of it allows."""
    hits: dict[int, list[int]] = {}
    waiting: dict[int, list[int]] = {}
    for one in arrived:
        seen = list(one.ran)
        for rule in rules:
            if rule.id in seen or (rule.accounts and one.account_id not in rule.accounts):
                continue
            if rule.needs_text and not one.has_text:
                waiting[one.placement_id] = seen
                break
            seen.append(rule.id)
            if one.placement_id in rule.matches:
                hits.setdefault(rule.id, []).append(one.placement_id)
                if rule.ends:
                    break
    return RunPlan({rule.id: hits[rule.id] for rule in rules if rule.id in hits}, waiting)
