"""Address books as tables ↔ cards: CSV text flows in, ``VCard`` flow out, and back (RFC 4180). Pure, bounded.

Columns are known by their heads, as Google, Outlook and Thunderbird name them; ours are Google's. A column nobody
knows is left out, and so is a row that names nobody; rows that are left out are named.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from io import StringIO

from mailsync.message.addresses import comparable
from mailsync.message.vcard import MAX_CARDS, CardFile, Labelled, LeftOut, VCard, clean_groups, is_usable

_MAX_CELL = 20_000
_NAMES = ("name", "display name", "full name", "fn")
_GIVEN = ("first name", "given name")
_MIDDLE = ("middle name", "additional name")
_FAMILY = ("last name", "family name", "surname")
_FIRM = ("organization name", "organization 1 - name", "organization", "company", "organisation")
_TITLE = ("organization title", "organization 1 - title", "job title", "title")
_BIRTHDAY = ("birthday",)
_NOTE = ("notes", "note")
_GROUPS = ("labels", "group membership", "categories")
# Google: "E-mail 1 - Value" beside "E-mail 1 - Type" or "… - Label"; Outlook: "E-mail 2 Address"; Thunderbird:
# "Primary Email".
_MAIL = re.compile(r"e-?mail(?: \d+)?(?: - value| address)?|(?:primary|secondary) email")
_PHONE = re.compile(
    r"phone \d+ - value|(?:(home|business|work|mobile|primary) )?(?:phone(?: 2)?|number)|fax number|mobile"
)
_LABELS = {"business": "work", "work": "work", "home": "home", "mobile": "mobile", "fax": "fax", "cell": "mobile"}

_GROUP_ENDS = re.compile(r" ::: |;|,")
_HEAD = ("Name", "Organization Name", "Organization Title", "Birthday", "Notes", "Labels")
#: RFC 4180 says nothing of it, but a spreadsheet runs a cell that begins like a formula.
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d ()/.-]+$)")
_ESCAPED = re.compile(r"'(?=[=@+\t\r-])")


def parse_csv(text: str) -> CardFile:
    """The people of a table, and the rows that were left out. Commas, semicolons and tabs divide; the first row has
    the heads, and a file with none that is known is no table of people: nothing of it is named.

    >>> parse_csv("First Name;Last Name;E-mail Address\\nAnn;Berg;ann@a.example").cards[0].name
    'Ann Berg'
    """
    lines = text.lstrip("\ufeff").replace("\0", "")
    head = lines.partition("\n")[0]
    table = csv.reader(StringIO(lines, newline=""), delimiter=max(",;\t", key=head.count))
    cards: list[VCard] = []
    left_out: list[LeftOut] = []
    number = 1
    try:
        heads = [name.strip().lower() for name in next(table, [])]
        if not any(map(_is_known, heads)):
            return CardFile()
        for number, cells in enumerate(table, start=2):
            row = dict(zip(heads, map(_cell, cells), strict=False))
            if not any(row.values()):
                continue
            if len(cards) >= MAX_CARDS:
                left_out.append(LeftOut(number, "", "too_many"))
                break
            card = _card(row)
            wrong = [one.value for one in _labelled(row, _MAIL) if not is_usable(one.value)]
            if card.is_empty:
                left_out.append(LeftOut(number, next(iter(wrong), ""), "nobody"))
            else:
                cards.append(card)
                left_out += [LeftOut(number, card.name, "no_address", one) for one in wrong]
    except csv.Error:  # what was read up to the damage is kept
        left_out.append(LeftOut(number + 1, "", "damaged"))
    return CardFile(tuple(cards), tuple(left_out))


def _is_known(head: str) -> bool:
    names = (*_NAMES, *_GIVEN, *_MIDDLE, *_FAMILY, *_FIRM)
    return head in names or any(heads.fullmatch(head) for heads in (_MAIL, _PHONE))


def _cell(value: str) -> str:
    return _ESCAPED.sub("", value.strip()[:_MAX_CELL], count=1)


def _card(row: dict[str, str]) -> VCard:
    parts = (_first(row, names) for names in (_GIVEN, _MIDDLE, _FAMILY))
    name = _first(row, _NAMES) or " ".join(filter(None, parts))
    firm = _first(row, _FIRM)
    mails = [one for one in _labelled(row, _MAIL) if is_usable(one.value)]
    return VCard(
        name=name or firm or (mails[0].value if mails else ""),
        organisation=firm,
        job_title=_first(row, _TITLE),
        addresses=tuple({comparable(one.value): one for one in reversed(mails)}.values())[::-1],
        phones=tuple(_labelled(row, _PHONE)),
        birthday=_first(row, _BIRTHDAY)[:40],
        note=_first(row, _NOTE),
        # Google puts " ::: " between them, Outlook a semicolon.
        groups=clean_groups(_GROUP_ENDS.split(_first(row, _GROUPS))),
    )


def _first(row: dict[str, str], names: tuple[str, ...]) -> str:
    return next((row[name] for name in names if row.get(name)), "")


def _labelled(row: dict[str, str], heads: re.Pattern[str]) -> Iterator[Labelled]:
    for name, value in row.items():
        if value and heads.fullmatch(name):
            stem = name.removesuffix(" - value")
            said = row.get(f"{stem} - label", "") or row.get(f"{stem} - type", "") or name
            label = next((ours for theirs, ours in _LABELS.items() if theirs in said.lower()), "")
            # Google puts several values into one cell.
            for piece in value.split(" ::: "):
                yield Labelled(piece.strip()[:320], label)


def write_csv(cards: Iterable[VCard]) -> str:
    """A table that Google, Outlook and spreadsheets read, with as many columns as the richest card needs."""
    rows = list(cards)
    mails = max((len(card.addresses) for card in rows), default=0)
    phones = max((len(card.phones) for card in rows), default=0)
    out = StringIO()
    table = csv.writer(out)
    table.writerow(
        [
            *_HEAD,
            *(f"E-mail {n} - {part}" for n in range(1, mails + 1) for part in ("Label", "Value")),
            *(f"Phone {n} - {part}" for n in range(1, phones + 1) for part in ("Label", "Value")),
        ]
    )
    for card in rows:
        groups = " ::: ".join(card.groups)
        fixed = (card.name, card.organisation, card.job_title, card.birthday, card.note, groups)
        cells = [*fixed, *_pairs(card.addresses, mails), *_pairs(card.phones, phones)]
        table.writerow([f"'{cell}" if _FORMULA.match(cell) else cell for cell in cells])
    return out.getvalue()


def _pairs(several: tuple[Labelled, ...], wanted: int) -> Iterator[str]:
    for one in (*several, *[Labelled("")] * (wanted - len(several))):
        yield from (one.label, one.value)
