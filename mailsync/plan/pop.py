"""What to do in one POP3 session: which messages are new, and which may be deleted. Pure.

In: the session's listing (numbers, UIDLs, sizes), the ledger of what has been seen before, and what TOP
told of messages whose names cannot be trusted. Out: what to retrieve, what may be deleted under the
account's policy, and which rows of the ledger the server no longer lists. A message number never
outlives its session (RFC 1939 §3), and a name alone never deletes: see ``Deletion.proved``.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Leave = Literal["keep", "after_days", "with_local", "once_stored"]
State = Literal["seen", "stored", "dele_sent", "gone"]

#: RFC 1939 §7 says 70; what is longer than we keep is no name.
MAX_NAME = 200
_TELLING = re.compile(rb"^(?:received|message-id)[ \t]*:", re.IGNORECASE | re.MULTILINE)
#: Seen in practice: mbox servers that add these once a message has been read.
_VOLATILE = re.compile(
    rb"^(?:status|x-status|x-keywords|x-uid|x-uidl)[ \t]*:.*\n(?:[ \t].*\n)*", re.IGNORECASE | re.MULTILINE
)
_LOGIN_DELAY = re.compile(r"LOGIN-DELAY (\d{1,6})\b")
#: Between polls at least: freemail providers lock out who comes more often.
LEAST_SECONDS, LEAST_SECONDS_FREEMAIL = 120, 300


@dataclass(frozen=True, slots=True)
class Listed:
    """One message of this session. ``name`` is its UIDL where that tells it from all others, else empty."""

    number: int
    name: str = ""
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the ledger. ``removed_here``: its user deleted it for good; ``kept_here``: its bytes are here."""

    id: int
    name: str
    ordinal: int = 0
    state: State = "stored"
    size_bytes: int | None = None
    header_sha256: bytes | None = None
    age_days: float = 0.0
    removed_here: bool = False
    kept_here: bool = True
    may_try: bool = True


@dataclass(frozen=True, slots=True)
class Look:
    """What TOP told of a message; ``telling``: the header has what no two messages share."""

    header_sha256: bytes
    telling: bool = True


def look_at(message: bytes) -> Look:
    """The look of a whole message, or of what TOP n 0 gave of it: the same for both.

    Line ends and the empty line after the header count for nothing, as servers give TOP with and without.

    >>> look_at(b"Message-ID: <a@b>\\r\\n") == look_at(b"Message-ID: <a@b>\\n\\nbody")
    True
    """
    header = message.replace(b"\r\n", b"\n").partition(b"\n\n")[0].rstrip(b"\n")
    header = _VOLATILE.sub(b"", header + b"\n")
    return Look(hashlib.sha256(header).digest(), telling=_TELLING.search(header) is not None)


@dataclass(frozen=True, slots=True)
class Policy:
    """``days`` counts for ``after_days`` alone."""

    leave: Leave = "keep"
    days: int = 14


@dataclass(frozen=True, slots=True)
class Deletion:
    """A message the policy wants gone. Not ``proved`` (a server without TOP): only its UIDL says which it is."""

    number: int
    entry: Entry
    proved: bool = False


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """``fetch`` in the order to retrieve; ``present`` and ``gone``: ids of rows that are listed, and no longer are.

    ``returned`` are listed again though the ledger had them gone; ``resized``: the server now counts their bytes
    otherwise, as it may (LIST is advisory). ``renamed``: a UIDL turned out to name
    another message than before, so plan again without trusting any (``choose_names(…, trust=False)``).
    """

    listed: tuple[Listed, ...] = ()
    fetch: tuple[Listed, ...] = ()
    delete: tuple[Deletion, ...] = ()
    present: frozenset[int] = frozenset()
    returned: tuple[int, ...] = ()
    resized: tuple[tuple[int, int | None], ...] = ()
    gone: tuple[int, ...] = ()
    renamed: bool = False


def choose_names(
    uidls: Mapping[int, str] | None, sizes: Mapping[int, int], *, trust: bool = True
) -> tuple[Listed, ...]:
    """The listing by number. A UIDL that is blank, double, too long or not printable names nothing.

    Seen in practice: servers whose "unique" ids are the message numbers, and shift with each deletion.

    >>> [one.name for one in choose_names({1: "a", 2: "b", 3: "b", 4: ""}, {})]
    ['a', '', '', '']
    """
    uidls = uidls or {}
    times = Counter(uidls.values())
    if len(uidls) > 1 and all(name == str(number) for number, name in uidls.items()):
        trust = False
    return tuple(
        Listed(number, name if trust and _is_name(name) and times[name] == 1 else "", sizes.get(number))
        for number, name in ((number, uidls.get(number, "")) for number in sorted({*uidls, *sizes}))
    )


def _is_name(text: str) -> bool:
    # RFC 1939 §7: one to 70 characters in the range 0x21 to 0x7E.
    return 0 < len(text) <= MAX_NAME and all("!" <= character <= "~" for character in text)


def choose_looks(listed: Sequence[Listed], ledger: Sequence[Entry], policy: Policy) -> tuple[Listed, ...]:
    """The messages whose header must be looked at (TOP n 0) before it is clear what they are.

    Those without a name, if they have the size of something known; those whose name is known, but under
    another size, or as one that should be gone; those that are to be deleted on the word of a name. And, where
    names are numerals, the last that is known: if they are positions after all, any deletion shows there.
    """
    by_name = _by_name(ledger)
    sizes = {entry.size_bytes for entry in ledger}
    wanted: list[Listed] = []
    for one in listed:
        if not one.name:
            if one.size_bytes in sizes or (one.size_bytes is None and ledger):
                wanted.append(one)
        elif one.name in by_name and _wants_look(one, by_name[one.name], policy):
            wanted.append(one)
    last = next((one for one in reversed(listed) if one.name.isdigit() and one.name in by_name), None)
    if last is not None and last not in wanted and by_name[last.name].state == "stored":
        wanted.append(last)
    return tuple(wanted)


def plan_session(
    listed: Sequence[Listed],
    ledger: Sequence[Entry],
    looks: Mapping[int, Look],
    policy: Policy,
    *,
    complete: bool = True,
) -> SessionPlan:
    """What this session does. ``complete``: the listing has as many messages as STAT said."""
    claims = _claim(listed, ledger, looks)
    known = claims.known
    present = frozenset(entry.id for entry in known.values())
    new = [one for one in listed if one.number not in known]
    # The newest have the highest numbers; what could not be had before comes last, so it holds up nothing.
    again = [one for one in listed if one.number in known and _wants_again(known[one.number])]
    return SessionPlan(
        listed=tuple(listed),
        fetch=(*reversed(new), *reversed(again)),
        delete=tuple(
            Deletion(number, entry, proved=number in claims.proved)
            for number, entry in sorted(known.items())
            if should_delete(entry, policy)
        ),
        present=present,
        returned=tuple(sorted(entry.id for entry in known.values() if entry.state == "gone")),
        resized=tuple(
            (known[one.number].id, one.size_bytes)
            for one in listed
            if one.number in known and known[one.number].size_bytes != one.size_bytes
        ),
        gone=tuple(entry.id for entry in ledger if complete and entry.state != "gone" and entry.id not in present),
        renamed=claims.renamed,
    )


def should_delete(entry: Entry, policy: Policy) -> bool:
    """May the server's copy go? Never before it is stored, and never because it is merely not here.

    >>> should_delete(Entry(1, "a", state="seen"), Policy("once_stored"))
    False
    """
    if entry.state == "seen" or not (entry.kept_here or entry.removed_here):
        return False
    if policy.leave == "keep":
        return False
    # Asked for once already, and the server has not done it: asked again.
    if entry.state == "dele_sent" or policy.leave == "once_stored":
        return True
    if policy.leave == "with_local":
        return entry.removed_here
    return entry.age_days >= policy.days


def login_delay(capabilities: Iterable[str]) -> int:
    """The seconds between logins that the server asks for (RFC 2449 §6.5), at most a day; 0 without.

    >>> login_delay(["TOP", "LOGIN-DELAY 900"])
    900
    """
    found = (_LOGIN_DELAY.match(word) for word in capabilities)
    return min(max((int(match[1]) for match in found if match), default=0), 24 * 3600)


def least_seconds(provider: str, delay: int) -> int:
    """Between two sessions at least. ``provider`` is the key of a known one, or empty."""
    return max(LEAST_SECONDS_FREEMAIL if provider else LEAST_SECONDS, delay)


def as_leave(value: str) -> Leave:
    """The account's choice; what nobody knows keeps the mail on the server."""
    return value if value in ("after_days", "with_local", "once_stored") else "keep"  # type: ignore[return-value]


def name_by_content(look: Look) -> str:
    """A name for a message that its server does not name. It has a space, so no UIDL can be the same."""
    return f"header {look.header_sha256.hex()}"


def is_same(entry: Entry, look: Look) -> bool:
    """Whether this header is that of the message the ledger means."""
    return entry.header_sha256 is not None and entry.header_sha256 == look.header_sha256


@dataclass(slots=True)
class _Claims:
    """Number → row; ``proved`` numbers whose header has been compared."""

    known: dict[int, Entry] = field(default_factory=dict)
    proved: set[int] = field(default_factory=set)
    renamed: bool = False


def _claim(listed: Sequence[Listed], ledger: Sequence[Entry], looks: Mapping[int, Look]) -> _Claims:
    claims = _Claims()
    by_name = _by_name(ledger)
    unnamed: list[Listed] = []
    for one in listed:
        entry = by_name.get(one.name) if one.name else None
        if entry is None:
            if not one.name:
                unnamed.append(one)
            continue
        look = looks.get(one.number)
        if look is not None and is_same(entry, look):
            claims.proved.add(one.number)
        elif look is not None and entry.header_sha256 is not None:
            claims.renamed = True
            continue
        elif _is_doubtful(one, entry):
            # Without a look the message is retrieved again, and its bytes tell.
            continue
        claims.known[one.number] = entry
    by_header = _by_header(ledger, {entry.id for entry in claims.known.values()})
    for one in unnamed:
        look = looks.get(one.number)
        waiting = by_header.get((look.header_sha256, one.size_bytes)) if look is not None and look.telling else None
        if waiting:
            claims.known[one.number] = waiting.pop(0)
            claims.proved.add(one.number)
    return claims


def _wants_look(one: Listed, entry: Entry, policy: Policy) -> bool:
    return _is_doubtful(one, entry) or should_delete(entry, policy)


def _is_doubtful(one: Listed, entry: Entry) -> bool:
    """A known name on what may be another message: of another size, or deleted before (RFC 1939 §7 forbids both)."""
    if entry.state == "seen":
        return False
    return entry.state in ("dele_sent", "gone") or one.size_bytes != entry.size_bytes


def _wants_again(entry: Entry) -> bool:
    return entry.state == "seen" and entry.may_try


def _by_name(ledger: Iterable[Entry]) -> dict[str, Entry]:
    """The latest bearer of each name."""
    latest: dict[str, Entry] = {}
    for entry in ledger:
        held = latest.get(entry.name)
        if held is None or (entry.state != "gone", entry.ordinal) > (held.state != "gone", held.ordinal):
            latest[entry.name] = entry
    return latest


#: Of rows alike, those that should still be there are claimed first: so nothing is deleted in another's place.
_CLAIM_ORDER: Mapping[State, int] = {"stored": 0, "seen": 1, "dele_sent": 2, "gone": 3}


def _by_header(ledger: Iterable[Entry], claimed: Collection[int]) -> dict[tuple[bytes, int | None], list[Entry]]:
    found: dict[tuple[bytes, int | None], list[Entry]] = {}
    for entry in sorted(ledger, key=lambda entry: (_CLAIM_ORDER[entry.state], entry.id)):
        if entry.header_sha256 is not None and entry.id not in claimed:
            found.setdefault((entry.header_sha256, entry.size_bytes), []).append(entry)
    return found
