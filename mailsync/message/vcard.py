"""vCards ↔ facts (RFC 6350, RFC 2426, and vCard 2.1 as phones still write it). Pure, bounded, never raises on input.

Read by ourselves: the one library of note is untyped and refuses what address books really send (2.1 parameters
without a name, broken folds). Pictures, sounds and keys are left out; a card is a person's words, not their files.
What else is left out is named, so that nobody believes a person kept who is not.
"""

import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from mailsync.message.addresses import comparable, is_address
from mailsync.message.charsets import decode_bytes

MAX_CARDS = 20_000
_MAX_VALUE = 2_000
_MAX_NOTE = 20_000
_MAX_EACH = 50
#: Of a group's name, in characters.
MAX_GROUP = 60
_EVERYBODY = frozenset({"mycontacts", "* mycontacts"})
#: RFC 6350 §3.2: a line is continued by one that begins with a space. Some programs write "=" before it (2.1).
_FOLD = re.compile(r"\r?\n[ \t]")
#: Each character fits one place alone, or a row of semicolons would be read in all ways there are.
_LINE = re.compile(r"(?:[\w-]{1,60}\.)?([\w-]{1,60})((?:;(?:\"[^\"]*+\"|[^\";:]++)*+)*+):(.*)", re.DOTALL)
_GROUP = re.compile(r"([\w-]{1,60})\.")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f]")
_LABELS = {"home": "home", "work": "work", "cell": "mobile", "iphone": "mobile", "fax": "fax", "pager": "pager"}


@dataclass(frozen=True, slots=True)
class Labelled:
    """An address or number with what it is for: ``home``, ``work``, ``mobile``, ``fax``, ``pager``, a word of its
    owner's, or nothing."""

    value: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class VCard:
    """One person or firm. ``birthday`` is as the card spells it, ``postal`` one line for each line of the address,
    ``groups`` are what the owner of the book puts people together by."""

    name: str = ""
    uid: str = ""
    organisation: str = ""
    job_title: str = ""
    addresses: tuple[Labelled, ...] = ()
    phones: tuple[Labelled, ...] = ()
    postal: tuple[Labelled, ...] = ()
    urls: tuple[str, ...] = ()
    birthday: str = ""
    note: str = ""
    groups: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.name or self.organisation or self.addresses or self.phones)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What of a file was not taken over, and why.

    ``number`` is the card's place in the file, or the table's row as a spreadsheet counts it, both from 1; ``name``
    whom it seems to be about; ``what`` the text at fault, where it is only that and the rest was kept.
    ``nobody``: no name, firm, address or number. ``no_end``: cut off. ``no_address``: ``what`` is none. ``damaged``
    and ``too_many``: nothing is read from here on.
    """

    number: int
    name: str
    why: Literal["nobody", "no_end", "no_address", "damaged", "too_many"]
    what: str = ""


@dataclass(frozen=True, slots=True)
class CardFile:
    """A file of people as far as it could be read, in its order."""

    cards: tuple[VCard, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


@dataclass(slots=True)
class _Draft:
    """The properties of one card as they are met."""

    values: dict[str, list[tuple[str, dict[str, str], str]]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)


def read_cards(text: str) -> tuple[VCard, ...]:
    """The cards of a file in their order, without those that name nobody.

    >>> read_cards("BEGIN:VCARD\\nFN:Ann\\nEMAIL;TYPE=work:ann@a.example\\nEND:VCARD")[0].addresses
    (Labelled(value='ann@a.example', label='work'),)
    """
    return parse_cards(text).cards


def parse_cards(text: str) -> CardFile:
    """The cards of a file, and what of it was left out.

    >>> parse_cards("BEGIN:VCARD\\nFN:Ann\\nBEGIN:VCARD\\nFN:Bo\\nEND:VCARD").left_out
    (LeftOut(number=1, name='Ann', why='no_end', what=''),)
    """
    cards: list[VCard] = []
    left_out: list[LeftOut] = []
    number = 0
    draft: _Draft | None = None
    for name, group, params, value in _properties(text):
        if name == "begin" and value.strip().lower() == "vcard":
            if draft is not None:
                left_out.append(LeftOut(number, _card(draft).name, "no_end"))
            number += 1
            if len(cards) >= MAX_CARDS:
                return CardFile(tuple(cards), (*left_out, LeftOut(number, "", "too_many")))
            draft = _Draft()
        elif name == "end" and draft is not None:
            card, wrong = _card(draft), _wrong_addresses(draft)
            draft = None
            if card.is_empty:
                left_out.append(LeftOut(number, next(iter(wrong), ""), "nobody"))
                continue
            cards.append(card)
            left_out += [LeftOut(number, card.name, "no_address", one) for one in wrong]
        elif draft is not None:
            if name == "x-ablabel":  # Apple: a label of the owner's own, tied by its group
                draft.labels[group] = _plain(value).removeprefix("_$!<").removesuffix(">!$_")[:40]
            kept = draft.values.setdefault(name, [])
            if len(kept) < _MAX_EACH:
                kept.append((group, params, value))
    if draft is not None:
        left_out.append(LeftOut(number, _card(draft).name, "no_end"))
    return CardFile(tuple(cards), tuple(left_out))


def _properties(text: str) -> Iterator[tuple[str, str, dict[str, str], str]]:
    """(name, group, parameters, value) of each line, unfolded and decoded."""
    lines = _FOLD.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        match = _LINE.match(line)
        if match is None:
            continue
        params = _parameters(match.group(2))
        value = match.group(3)
        if params.get("encoding", "").lower() == "quoted-printable":
            # vCard 2.1: a soft line break ends in "=" and the next line begins at once.
            while value.endswith("=") and at < len(lines):
                value = value[:-1] + lines[at]
                at += 1
            value = decode_bytes(quopri.decodestring(value.encode("utf-8")), params.get("charset", "utf-8"))[0]
        group = _GROUP.match(line)
        yield match.group(1).lower(), group.group(1).lower() if group else "", params, value


def _parameters(text: str) -> dict[str, str]:
    """Names in lower case. vCard 2.1 writes a type or an encoding without its name; several types are joined."""
    found: dict[str, str] = {}
    for piece in text.split(";"):
        name, equals, value = piece.partition("=")
        name, value = name.strip().lower(), value.strip().strip('"')
        if not equals:
            name, value = ("encoding" if name in ("quoted-printable", "base64") else "type"), name
        if name and value:
            found[name] = f"{found[name]},{value}" if name == "type" and name in found else value
    return found


def _card(draft: _Draft) -> VCard:
    name = _first(draft, "fn") or _name_of(_first_raw(draft, "n"))
    organisation = ", ".join(piece for piece in _pieces(_first_raw(draft, "org")) if piece)[:_MAX_VALUE]
    addresses = [Labelled(value, label) for value, label in _labelled(draft, "email") if is_usable(value)]
    return VCard(
        name=name or organisation or (addresses[0].value if addresses else ""),
        uid=_first(draft, "uid").removeprefix("urn:uuid:")[:255],
        organisation=organisation,
        job_title=_first(draft, "title") or _first(draft, "role"),
        addresses=tuple({comparable(one.value): one for one in reversed(addresses)}.values())[::-1],
        phones=tuple(Labelled(value.removeprefix("tel:")[:60], label) for value, label in _labelled(draft, "tel")),
        postal=tuple(_postal(draft)),
        urls=tuple(
            url for _, _, value in draft.values.get("url", ()) if (url := _plain(value))[:8].lower().startswith("http")
        ),
        birthday=_first(draft, "bday")[:40],
        note=_plain(_first_raw(draft, "note"), _MAX_NOTE, lines=True),
        groups=clean_groups(
            piece for _, _, value in draft.values.get("categories", ()) for piece in re.split(r"(?<!\\),", value)
        ),
    )


def clean_groups(names: Iterable[str]) -> tuple[str, ...]:
    """Names of groups in one line and each once. Google's for "everybody" is none.

    >>> clean_groups(["Choir ", "myContacts", "choir", "Board"])
    ('Choir', 'Board')
    """
    found: dict[str, str] = {}
    for one in names:
        name = " ".join(_plain(one).replace(",", " ").split())[:MAX_GROUP]
        if name and name.casefold() not in _EVERYBODY:
            found.setdefault(name.casefold(), name)
    return tuple(found.values())[:_MAX_EACH]


def is_usable(address: str) -> bool:
    return is_address(address) and len(address) <= 320


def _wrong_addresses(draft: _Draft) -> list[str]:
    return [value for value, _ in _labelled(draft, "email") if not is_usable(value)]


def _labelled(draft: _Draft, name: str) -> Iterator[tuple[str, str]]:
    for group, params, value in draft.values.get(name, ()):
        plain = _plain(value)
        if plain:
            yield plain, _label(draft, group, params)


def _label(draft: _Draft, group: str, params: dict[str, str]) -> str:
    own = draft.labels.get(group, "") if group else ""
    types = [one.strip().lower() for one in params.get("type", "").split(",")]
    return own.lower() or next((_LABELS[one] for one in ("cell", *types) if one in types and one in _LABELS), "")


def _postal(draft: _Draft) -> Iterator[Labelled]:
    for group, params, value in draft.values.get("adr", ()):
        # RFC 6350 §6.3.1: box, extended, street, place, region, code, country.
        box, extended, street, place, region, code, country = (*_pieces(value, lines=True), *[""] * 7)[:7]
        lines = [street, extended, box, " ".join(filter(None, (code, place))), region, country]
        text = "\n".join(line for line in lines if line)
        if text:
            yield Labelled(text[:_MAX_VALUE], _label(draft, group, params))


def _name_of(value: str) -> str:
    """N (RFC 6350 §6.2.2), family name first, as people are spoken of."""
    family, given, middle, prefix, suffix = (*_pieces(value), *[""] * 5)[:5]
    return " ".join(filter(None, (prefix, given, middle, family, suffix)))[:_MAX_VALUE]


def _first_raw(draft: _Draft, name: str) -> str:
    return next((value for _, _, value in draft.values.get(name, ()) if value.strip()), "")


def _first(draft: _Draft, name: str) -> str:
    return _plain(_first_raw(draft, name))


def _pieces(value: str, *, lines: bool = False) -> list[str]:
    """A structured value at its semicolons, but for those with a backslash (RFC 6350 §3.4)."""
    return [_plain(piece, lines=lines) for piece in re.split(r"(?<!\\);", value)]


def _plain(value: str, longest: int = _MAX_VALUE, *, lines: bool = False) -> str:
    text = re.sub(r"\\([nN,;:\\])", lambda one: "\n" if one.group(1) in "nN" else one.group(1), value[: 2 * longest])
    text = _CONTROL.sub("", text)
    return (text if lines else " ".join(text.split())).strip()[:longest]


# Out. --------------------------------------------------------------------------------------------
def write_cards(cards: Iterable[VCard]) -> bytes:
    """A .vcf file in version 3.0, which every address book reads (RFC 2426)."""
    return b"".join(_folded(line) for card in cards for line in _lines(card))


def _lines(card: VCard) -> Iterator[str]:
    given, _, family = card.name.rpartition(" ")
    yield "BEGIN:VCARD"
    yield "VERSION:3.0"
    if card.uid:
        yield f"UID:{_escaped(card.uid)}"
    yield f"FN:{_escaped(card.name)}"
    yield f"N:{_escaped(family)};{_escaped(given)};;;"
    for name, value in (("ORG", card.organisation), ("TITLE", card.job_title), ("BDAY", card.birthday)):
        if value:
            yield f"{name}:{_escaped(value)}"
    groups = count(1)
    for address in card.addresses:
        yield from _with_label(groups, "EMAIL;TYPE=INTERNET", address.label, _escaped(address.value))
    for phone in card.phones:
        yield from _with_label(groups, "TEL", phone.label, _escaped(phone.value))
    for place in card.postal:
        yield from _with_label(groups, "ADR", place.label, f";;{_escaped(place.value)};;;;")
    for url in card.urls:
        yield f"URL:{_escaped(url)}"
    if card.groups:
        yield f"CATEGORIES:{','.join(map(_escaped, card.groups))}"
    if card.note:
        yield f"NOTE:{_escaped(card.note)}"
    yield "END:VCARD"


def _with_label(groups: Iterator[int], name: str, label: str, value: str) -> Iterator[str]:
    """A label that the format knows is a type; an owner's own is tied by a group, as Apple's and Google's books do."""
    known = {ours: theirs for theirs, ours in _LABELS.items() if theirs != "iphone"}.get(label)
    if known:
        yield f"{name};TYPE={known.upper()}:{value}"
    elif label:
        group = f"item{next(groups)}"
        yield f"{group}.{name}:{value}"
        yield f"{group}.X-ABLabel:{_escaped(label)}"
    else:
        yield f"{name}:{value}"


def _escaped(value: str) -> str:
    return _CONTROL.sub("", re.sub(r"([\\;,])", r"\\\1", value)).replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """RFC 2426 §2.6: at most 75 octets a line, cut between characters."""
    whole = line.encode("utf-8", "replace")
    if len(whole) <= 74:  # nearly every line of a book
        return whole + b"\r\n"
    out, piece = [], b""
    for char in line:
        encoded = char.encode("utf-8", "replace")
        if len(piece) + len(encoded) > 74:
            out.append(piece)
            piece = b" "
        piece += encoded
    return b"\r\n".join((*out, piece)) + b"\r\n"
