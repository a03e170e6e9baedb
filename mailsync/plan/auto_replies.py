"""Which new mail is answered automatically, where the answer goes, and when (RFC 3834, RFC 5230 §4). Pure.

In: what the header of a message says, and the wish of its person. Out: the address to answer, or why none is. Every
doubt is decided for silence: an answer that is missed costs little, one to a list, a robot or a forged sender is a
nuisance to many. What is answered here bears Auto-Submitted, so that no two who are both away answer each other.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Literal

from mailsync.message.addresses import comparable, without_tag
from mailsync.message.authres import parse_results

#: RFC 5230 §4.1: nobody is told twice within so many days.
SILENT_DAYS = 7
#: What is older is no news to its writer; servers come back after days, and mailboxes are moved from elsewhere.
TOO_OLD = timedelta(days=2)
#: Of one mailbox within 24 hours, whatever its provider would carry.
MOST_A_DAY = 200

Silence = Literal["old", "automatic", "list", "nobody", "self", "forged", "spam", "not_to_me", "stranger"]
State = Literal["off", "waits", "on", "over"]

_LIST_FACTS = ("list_id", "list_post", "list_unsubscribe", "list_help", "list_archive", "feedback_id")
_BULK = frozenset({"bulk", "list", "junk", "auto_reply"})
# RFC 3834 §2 and RFC 5230 §4.6 name the first ones. Separators are taken out before the second is asked.
_ROBOT = re.compile(
    r"(mailer-?daemon|postmaster|listserv|majordomo|mailman|daemon|nobody|root|bounces?|abuse)([-+=].*)?"
    r"|owner-.*|.*-(owner|request|bounces?|confirm|errors)([-+=].*)?",
    re.IGNORECASE,
)
_NO_REPLY = re.compile(
    r"no(t|body)?repl(y|ies)|(do|dont|donot|never|cannot)(not)?repl(y|ies)|unmonitored|autorepl(y|ies)|autorespon"
    r"|(kein|keine)antwort|nichtantworten|nepasrepondre|no(n)?rispond|noresponder|naoresponda|nietantwoord|svarainte"
)
_SEPARATORS = re.compile(r"[._+=-]")


@dataclass(frozen=True, slots=True)
class Span:
    """When mail has to come in to be answered: from ``since`` to before ``until`` (None: no end)."""

    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it came in; ``to`` are the addresses of To and Cc, ``facts`` as ``header_facts`` reads them."""

    sender: str
    to: Sequence[str]
    received_at: datetime
    sent_at: datetime | None = None
    facts: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class People:
    """Comparable addresses. ``own`` are the mailbox's, ``mine`` all of the person's; ``known`` are contacts, None where
    everybody is answered."""

    own: Collection[str]
    mine: Collection[str]
    known: Collection[str] | None = None


def span_of(switched_on_at: datetime, first_day: date | None, last_day: date | None, zone: tzinfo | None) -> Span:
    """The days as their person counts them; a day has 23 or 25 hours twice a year."""
    # Servers tell when a message came in to the second.
    since = switched_on_at.replace(microsecond=0)
    if first_day is not None:
        since = max(since, datetime.combine(first_day, time.min, zone))
    until = datetime.combine(last_day + timedelta(days=1), time.min, zone) if last_day is not None else None
    return Span(since, until)


def state_of(span: Span | None, now: datetime) -> State:
    """``span`` None: it is switched off."""
    if span is None:
        return "off"
    if span.until is not None and now >= span.until:
        return "over"
    return "waits" if now < span.since else "on"


def answer_to(mail: Incoming) -> str:
    """RFC 3834 §4: the envelope's sender, as the server that took it in has written it down, else From."""
    path = str((mail.facts or {}).get("return_path", ""))
    return path if "@" in path else mail.sender


def why_silent(mail: Incoming, span: Span, people: People, now: datetime) -> Silence | None:
    """Why this message gets no answer; None where it gets one, unless its writer has had one lately."""
    facts = mail.facts or {}
    if not span.since <= mail.received_at or (span.until is not None and mail.received_at >= span.until):
        return "old"
    if min(mail.received_at, mail.sent_at or mail.received_at) < now - TOO_OLD:
        return "old"
    # RFC 3834 §2: never to what is automatic itself; §4: never where there is no return path.
    if "auto_submitted" in facts or facts.get("unanswered") or facts.get("return_path", "x") == "":
        return "automatic"
    if any(name in facts for name in _LIST_FACTS) or facts.get("precedence") in _BULK:
        return "list"
    writers = [one for one in (mail.sender, answer_to(mail), _sender_field(facts)) if one]
    if "@" not in mail.sender or any(map(is_robot, writers)):
        return "nobody"
    if {form for one in writers for form in _forms(one)} & set(people.mine):
        return "self"
    if facts.get("spam"):
        return "spam"
    if is_forged(facts.get("authentication_results", ())):
        return "forged"
    if addressed_as(mail.to, people.own) is None:
        return "not_to_me"
    if people.known is not None and comparable(mail.sender) not in people.known:
        return "stranger"
    return None


def addressed_as(to: Sequence[str], own: Collection[str]) -> str | None:
    """The first of the mailbox's own addresses that To or Cc names (RFC 5230 §4.5), a tag left out where needed."""
    return next((form for one in to for form in _forms(one) if form in own), None)


def is_robot(address: str) -> bool:
    """Whether nobody reads what is written there.

    >>> [is_robot(one) for one in ("no-reply@x.test", "do.not_reply.42@x.test", "owner-rowing@x.test", "nora@x.test")]
    [True, True, True, False]
    """
    local = address.rpartition("@")[0].strip('" ').lower()
    return _ROBOT.fullmatch(local) is not None or _NO_REPLY.search(_SEPARATORS.sub("", local)) is not None


def is_forged(results: Sequence[str]) -> bool:
    """Whether any server on the way found the sender forged: an answer would go to somebody who wrote nothing.

    Whose header it is, is not asked, as that of ``authres.verified``: who claims to be forged gets no answer.
    """
    for one in map(parse_results, results):
        if any(found.result == "fail" for found in one.of("dmarc")):
            return True
        is_vouched = any(found.result == "pass" for name in ("dkim", "dmarc") for found in one.of(name))
        if not is_vouched and any(found.result == "fail" for found in one.of("spf")):
            return True
    return False


def _sender_field(facts: Mapping[str, Any]) -> str:
    found = facts.get("sender")
    return str(found[1]) if found else ""


def _forms(address: str) -> tuple[str, ...]:
    return (comparable(address), comparable(without_tag(address))) if "@" in address else ()
