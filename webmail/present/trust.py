"""What a reader is told of a sender: whether the provider vouches for them, and what looks wrong. Pure.

A claim in a header is worth what its writer is worth. So the verified mark needs a result of the
reader's *own* provider (RFC 8601 §7.1), and every warning says what is odd, not that it is evil.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from accounts.providers import provider_for_address
from mailsync.message.authres import Verdict, parse_results, verified
from mailsync.types import Address

#: Under which name each provider writes its Authentication-Results, where it is not the name of its IMAP server.
_WRITES_AS = {
    "gmail.com": ("google.com",),
    "googlemail.com": ("google.com",),
    "me.com": ("icloud.com", "apple.com"),
    "yahoo.com": ("yahoo.com", "yahoodns.net"),
    "aol.com": ("aol.com", "yahoodns.net"),
    "gmx.net": ("gmx.net", "kundenserver.de"),
    "office365.com": ("outlook.com", "microsoft.com", "office365.com"),
    "outlook.com": ("outlook.com", "microsoft.com", "office365.com"),
}
#: So many of a sender's messages make a habit.
HABIT = 3
_ADDRESS_IN_NAME = re.compile(r"[\w.+-]{1,64}@((?:[\w-]{1,63}\.){1,6}[a-z]{2,24})", re.IGNORECASE)
#: Letters and pairs that are read as another one.
_LOOKS_LIKE = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("0", "o"), ("1", "l"), ("i", "l"), ("3", "e"), ("5", "s"))
#: Millions write from these, and each is a letter away from gmail.com.
_ALIKE_BY_CHANCE = frozenset({"mail.com", "email.com"})
#: Endings that live of being read as "com".
_TAKEN_FOR_COM = frozenset({"co", "cm", "om"})
_CONFUSABLE = str.maketrans("аеорсухіјѕԁһկոռսցԛԝɡıαεοργυνκτ", "aeopcyxijsdhknnugqwgiaeopyuvkt")

WarningKind = Literal[
    "failed",
    "unlike_others",
    "name_shows_address",
    "reply_elsewhere",
    "lookalike",
    "punycode",
    "several_authors",
    "dangerous_file",
]


@dataclass(frozen=True, slots=True)
class Warned:
    """One warning. ``what`` is the odd thing itself (an address, a host, a file name), to be shown escaped."""

    kind: WarningKind
    what: str


def judge(address: str, results: Sequence[str], server_host: str) -> Verdict:
    """The verdict of the provider at ``server_host`` (the account's incoming server) on a From address."""
    trusted = {
        parsed.authserv_id
        for parsed in map(parse_results, results[:1])
        if _writes_for(parsed.authserv_id, server_host.lower())
    }
    return verified(address, results[:1], trusted) if trusted else Verdict()


def was_always_verified(address: str, others: Sequence[Sequence[str]], server_host: str) -> int:
    """How many of a sender's other messages the provider vouches for; 0 unless that is all of them, and a habit."""
    verdicts = [judge(address, results, server_host) for results in others]
    return len(verdicts) if len(verdicts) >= HABIT and all(one.verified for one in verdicts) else 0


def _writes_for(authserv_id: str, server_host: str) -> bool:
    """Whether this name in the topmost field is that of the provider: its server's own or a sibling's.

    Seen in practice: Microsoft writes no name at all.
    """
    domain = ".".join(server_host.rsplit(".", 2)[-2:])
    names = (domain, *_WRITES_AS.get(domain, ()))
    if not authserv_id:
        return domain in ("office365.com", "outlook.com")
    return any(authserv_id == name or authserv_id.endswith("." + name) for name in names)


def find_warnings(
    sender: Address,
    reply_to: Sequence[Address],
    facts: Mapping[str, Any],
    verdict: Verdict,
    *,
    known_domains: Collection[str],
    dangerous_files: Sequence[str] = (),
    verified_others: int = 0,
) -> tuple[Warned, ...]:
    """What is odd about a message. ``known_domains`` are the reader's own and their contacts', in lower case;
    ``verified_others`` is of ``was_always_verified``, where this one is not."""
    found: list[Warned] = []
    domain = domain_of(sender.address)
    if verdict.failed:
        found.append(Warned("failed", sender.address))
    elif verified_others:
        found.append(Warned("unlike_others", str(verified_others)))
    shown = _ADDRESS_IN_NAME.search(sender.name)
    if shown and shown.group().lower() != sender.address.lower() and not _related(shown.group(1).lower(), domain):
        found.append(Warned("name_shows_address", shown.group()))
    # A mailing list sends replies to itself; that is what it is for.
    if "list_id" not in facts:
        elsewhere = [one.address for one in reply_to if not _related(domain_of(one.address), domain)]
        found += [Warned("reply_elsewhere", address) for address in elsewhere[:1]]
    imitated = lookalike_of(domain, known_domains)
    if imitated:
        found.append(Warned("lookalike", imitated))
    if "xn--" in domain or not domain.isascii():
        found.append(Warned("punycode", domain))
    if int(facts.get("from_count", 1)) > 1:
        found.append(Warned("several_authors", sender.address))
    found += [Warned("dangerous_file", name) for name in dangerous_files[:3]]
    return tuple(found)


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].strip().rstrip(".").lower()


def _related(one: str, other: str) -> bool:
    """The same domain, or one within the other, or both within one registered name (as far as two labels tell)."""
    if not one or not other:
        return True
    if one == other or one.endswith("." + other) or other.endswith("." + one):
        return True
    return len(one.split(".")) > 2 and len(other.split(".")) > 2 and one.split(".", 1)[1] == other.split(".", 1)[1]


def is_within(domain: str, known_domains: Collection[str]) -> bool:
    """Whether it is one of these or related to one: then it looks like no other (``lookalike_of``)."""
    return any(_related(domain, known) for known in known_domains if known)


def lookalike_of(domain: str, known_domains: Collection[str]) -> str:
    """The known domain that this one could be taken for, or empty. A domain never looks like itself.

    >>> lookalike_of("paypa1.com", {"paypal.com"})
    'paypal.com'
    >>> lookalike_of("mail.paypal.com", {"paypal.com"})
    ''
    """
    if not domain or is_within(domain, known_domains):
        return ""
    seen = _skeleton(domain)
    for known in sorted(known_domains):
        alike = len(known) >= 6 and (seen == _skeleton(known) or _one_letter_apart(domain, known))
        if alike and not _is_honest(domain, known):
            return known
    return ""


def _is_honest(domain: str, known: str) -> bool:
    """Mail providers whose names are alike by chance, and one provider's domains of two countries."""
    if domain in _ALIKE_BY_CHANCE:
        return True
    provider = provider_for_address(f"x@{domain}")
    if provider is None or domain.rpartition(".")[2] in _TAKEN_FOR_COM:
        return False
    return domain in provider.domains or provider is provider_for_address(f"x@{known}")


def _skeleton(domain: str) -> str:
    """The domain as a hurried eye reads it."""
    if "xn--" in domain:
        try:
            domain = domain.encode("ascii").decode("idna")
        except UnicodeError:
            return domain
    plain = unicodedata.normalize("NFKD", domain.translate(_CONFUSABLE))
    plain = "".join(char for char in plain if not unicodedata.combining(char)).replace("-", "")
    for written, read in _LOOKS_LIKE:
        plain = plain.replace(written, read)
    return plain


def _one_letter_apart(one: str, other: str) -> bool:
    """Exactly one letter added, left out, changed, or two neighbours swapped. Linear."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    if len(one) == len(other):
        swapped = one[start : start + 2] == other[start : start + 2][::-1] and one[start + 2 :] == other[start + 2 :]
        return swapped or one[start + 1 :] == other[start + 1 :]
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer[start + 1 :] == shorter[start:]
