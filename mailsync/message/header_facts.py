"""Header fields that the screens tell of, as a JSON-able dict: lists, replies, priority, authentication. Pure.

Keys of ``ParsedHeader.facts``; an absent key was an absent (or empty) header:

- ``list_id`` str: what stands in the brackets of List-ID (RFC 2919); ``list_name`` str: the words before it
- ``list_post`` str: the address of List-Post (RFC 2369); ``list_archive``, ``list_help`` str: URLs
- ``list_unsubscribe`` list[str]: URLs (https:, http:, mailto:) in the order given (RFC 2369)
- ``list_unsubscribe_post`` bool: One-Click is offered (RFC 8058); honour it only where DKIM covers it
- ``dkim_signatures`` list[{"domain": str, "headers": list[str]}]: claims only, not verified (RFC 6376)
- ``auto_submitted`` str (RFC 3834), ``precedence`` str, ``feedback_id`` str
- ``unanswered`` bool: a program wrote it, or asks that none answers; asked of new mail alone, so old rows may lack it
- ``by_program`` bool: an automatic answer or a report, told by another field than Auto-Submitted; new mail alone, too
- ``forwarded`` bool: a rule of some Heron has sent it on; ``hops`` int: servers it passed, where they are many
- ``importance`` "high" | "low"
- ``mdn_to`` list[[name, address]]: who asks for a read receipt (RFC 8098)
- ``mail_followup_to`` list[[name, address]], ``sender`` [name, address] (where it is not From)
- ``delivered_to`` list[str]: the mailboxes it was delivered to, where the servers say so
- ``original_from`` [name, address]: the author, as a list that wrote over From notes it
- ``failed_recipients`` list[str]: whom Exim says a bounce is about
- ``return_path`` str: the envelope sender, "" for a bounce (RFC 5321 §4.4)
- ``authentication_results`` list[str]: raw values, topmost first (RFC 8601)
- ``from_count`` int, when From names more than one
- ``user_agent`` str, ``keywords`` list[str], ``spam`` bool, ``resent_from`` [name, address]
- ``in_reply_to_all`` list[str], when In-Reply-To names several
"""

import re
from typing import Any
from urllib.parse import unquote

from mailsync.message.addresses import read_addresses
from mailsync.message.headers import Fields, every, first, structured, unfold, unstructured
from mailsync.message.references import parse_message_ids
from mailsync.types import Address

MAX_AUTH_RESULTS = 20
#: RFC 5321 §6.3 asks for 100 before a server gives up; nothing that is on its way to a person passes so many.
MOST_HOPS = 25
_MAX_VALUE = 4000
_URL = re.compile(r"<([^<>]*+)>")
_MAX_URL = 2000
_LIST_ID = re.compile(r"<([^<>]{1,255})>\s*$")
_SCHEMES = ("https://", "http://", "mailto:")
_DKIM_DOMAIN = re.compile(r"(?:^|;)\s*d\s*=\s*([^;\s]{1,255})", re.I)
_DKIM_HEADERS = re.compile(r"(?:^|;)\s*h\s*=\s*([^;]{1,2000})", re.I)
_DELIVERED = (b"delivered-to", b"x-original-to", b"x-delivered-to", b"envelope-to", b"x-envelope-to")
_HIGH = frozenset({"high", "urgent", "1", "2"})
_LOW = frozenset({"low", "non-urgent", "4", "5"})
#: RFC 5230 §4.6
_OF_LISTS = (b"list-subscribe", b"list-owner")
#: Seen in practice: of programs older than Auto-Submitted.
_OF_PROGRAMS = (
    *(b"x-autoreply", b"x-autorespond", b"x-autoresponder", b"x-auto-reply", b"x-autoreply-from"),
    b"x-mail-autoreply",
)
#: [MS-OXCMAIL] §2.1.3.2.10
_NOT_TO_ANSWER = frozenset({"all", "oof", "autoreply"})


def read_facts(fields: Fields, charset: str = "") -> dict[str, Any]:
    """The facts of one message's own header; see the module's docstring for the keys."""
    facts: dict[str, Any] = {}
    _list_facts(fields, facts)
    _plain_facts(fields, facts)
    _address_facts(fields, facts)
    results = [
        unfold(value).decode("utf-8", "replace")[:_MAX_VALUE] for value in every(fields, b"authentication-results")
    ]
    if results:
        facts["authentication_results"] = results[:MAX_AUTH_RESULTS]
    signatures = [_dkim(structured(value)) for value in every(fields, b"dkim-signature")[:MAX_AUTH_RESULTS]]
    if any(signatures):
        facts["dkim_signatures"] = [one for one in signatures if one]
    keywords = unstructured(first(fields, b"keywords"), charset)
    if keywords:
        facts["keywords"] = [word.strip() for word in keywords[:_MAX_VALUE].split(",") if word.strip()]
    several = parse_message_ids(structured(first(fields, b"in-reply-to")))
    if len(several) > 1:
        facts["in_reply_to_all"] = list(several)
    return facts


def _list_facts(fields: Fields, facts: dict[str, Any]) -> None:
    list_id = unstructured(first(fields, b"list-id"))[:_MAX_VALUE]
    if list_id:
        found = _LIST_ID.search(list_id)
        facts["list_id"] = (found.group(1) if found else list_id).strip().lower()
        words = list_id[: found.start()].strip(' "') if found else ""
        if words:
            facts["list_name"] = words
    urls = _urls(fields, b"list-unsubscribe")
    if urls:
        facts["list_unsubscribe"] = urls
    if "one-click" in structured(first(fields, b"list-unsubscribe-post")).lower():
        facts["list_unsubscribe_post"] = True
    post = next((url for url in _urls(fields, b"list-post") if url.lower().startswith("mailto:")), "")
    if post:
        facts["list_post"] = unquote(post[7:].partition("?")[0])
    for key, name in (("list_archive", b"list-archive"), ("list_help", b"list-help")):
        found_urls = _urls(fields, name)
        if found_urls:
            facts[key] = found_urls[0]


def _urls(fields: Fields, name: bytes) -> list[str]:
    """URLs in angle brackets (RFC 2369 §2). Seen in practice: no brackets, and spaces folded into a URL."""
    value = structured(first(fields, name))[: 4 * _MAX_VALUE]
    found = [one for one in map(str.strip, _URL.findall(value)) if 0 < len(one) <= _MAX_URL]
    urls = ["".join(one.split()) for one in found or [value]]
    return [url for url in urls if url.lower().startswith(_SCHEMES)][:10]


def _plain_facts(fields: Fields, facts: dict[str, Any]) -> None:
    for key, name in (
        ("auto_submitted", b"auto-submitted"),
        ("precedence", b"precedence"),
        ("feedback_id", b"feedback-id"),
    ):
        value = structured(first(fields, name)).partition(";")[0].strip().lower()[:200]
        if value:
            facts[key] = value
    if facts.get("auto_submitted") == "no":
        del facts["auto_submitted"]
    agent = unstructured(first(fields, b"user-agent", b"x-mailer"))[:200]
    if agent:
        facts["user_agent"] = agent
    levels = {
        structured(first(fields, name)).strip().partition(" ")[0].lower()
        for name in (b"importance", b"x-priority", b"x-msmail-priority", b"priority")
    }
    if levels & _HIGH:
        facts["importance"] = "high"
    elif levels & _LOW:
        facts["importance"] = "low"
    if structured(first(fields, b"x-spam-flag")).strip().lower() in ("yes", "true"):
        facts["spam"] = True
    suppressed = structured(first(fields, b"x-auto-response-suppress")).lower().replace(";", ",").split(",")
    is_report = structured(first(fields, b"content-type")).strip().lower().startswith("multipart/report")
    # Seen in practice: "Precedence: auto_reply".
    if is_report or any(name in fields for name in _OF_PROGRAMS) or facts.get("precedence") == "auto_reply":
        facts["by_program"] = True
    if (
        "by_program" in facts
        or any(name in fields for name in _OF_LISTS)
        or {one.strip() for one in suppressed} & _NOT_TO_ANSWER
    ):
        facts["unanswered"] = True
    if b"x-heron-forwarded" in fields:
        facts["forwarded"] = True
    if len(every(fields, b"received")) > MOST_HOPS:
        facts["hops"] = len(every(fields, b"received"))
    if b"return-path" in fields:
        facts["return_path"] = structured(first(fields, b"return-path")).strip(" <>")[:320]


def _address_facts(fields: Fields, facts: dict[str, Any]) -> None:
    for key, name in (("mdn_to", b"disposition-notification-to"), ("mail_followup_to", b"mail-followup-to")):
        pairs = _pairs(fields, name)
        if pairs:
            facts[key] = pairs
    for key, name in (("sender", b"sender"), ("resent_from", b"resent-from")):
        pairs = _pairs(fields, name)
        if pairs:
            facts[key] = pairs[0]
    # RFC 9057; Google Groups and others. Seen in practice: the address alone.
    for name in (b"author", b"x-original-from", b"x-original-sender"):
        if pairs := _pairs(fields, name):
            facts.setdefault("original_from", pairs[0])
    delivered = [one for name in _DELIVERED for value in every(fields, name) for _, one in _read_pairs(value)]
    if delivered:
        facts["delivered_to"] = list(dict.fromkeys(delivered))[:10]
    failed = [one for _, one in _pairs(fields, b"x-failed-recipients")]
    if failed:
        facts["failed_recipients"] = failed[:100]
    authors = _pairs(fields, b"from")
    if len(authors) > 1:
        facts["from_count"] = len(authors)
    if facts.get("sender") and authors and facts["sender"][1].lower() == authors[0][1].lower():
        del facts["sender"]


def _pairs(fields: Fields, name: bytes) -> list[list[str]]:
    value = first(fields, name)
    return _read_pairs(value) if value else []


def _read_pairs(value: bytes) -> list[list[str]]:
    return [[one.name, one.address] for one in read_addresses(structured(value))[0] if one.address]


def _dkim(value: str) -> dict[str, Any]:
    domain = _DKIM_DOMAIN.search(value)
    headers = _DKIM_HEADERS.search(value)
    if domain is None:
        return {}
    names = [name.strip().lower() for name in headers.group(1).split(":")] if headers else []
    return {"domain": domain.group(1).lower(), "headers": [name for name in names if name]}


def pairs_to_addresses(pairs: list[list[str]]) -> tuple[Address, ...]:
    """``[[name, address], …]`` as facts keep them, back to addresses."""
    return tuple(Address(name, address) for name, address in pairs)
