"""Address books as tables ↔ cards: CSV text flows in, ``VCard`` flow out, and back (RFC 4180). Pure, bounded.

Columns are known by their heads, as Google, Outlook and Thunderbird name them; ours are Google's. A column nobody
knows is left out, and so is a row that names nobody.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from io import StringIO

from mailsync.message.addresses import comparable, is_address
from mailsync.message.vcard import MAX_CARDS, Labelled, VCard

_MAX_CELL = 20_000
_NAMES = ("name", "display name", "full name", "fn")
_GIVEN = ("first name", "given name")
_MIDDLE = ("middle name", "additional name")
_FAMILY = ("last name", "family name", "surname")
_FIRM = ("organization name", "organization 1 - name", "organization", "company", "organisation")
_TITLE = ("organization title", "organization 1 - title", "job title", "title")
_BIRTHDAY = ("birthday",)
_NOTE = ("notes", "note")
# Google: "E-mail 1 - Value" beside "E-mail 1 - Type" or "… - Label"; Outlook: "E-mail 2 Address"; Thunderbird:
# "Primary Email".
_MAIL = re.compile(r"e-?mail(?: \d+)?(?: - value| address)?|(?:primary|secondary) email")
_PHONE = re.compile(
    r"phone \d+ - value|(?:(home|business|work|mobile|primary) )?(?:phone(?: 2)?|number)|fax number|mobile"
)
_LABELS = {"business": "work", "work": "work", "home": "home", "mobile": "mobile", "fax": "fax", "cell": "mobile"}

_HEAD = ("Name", "Organization Name", "Organization Title", "Birthday", "Notes")
#: RFC 4180 says nothing of it, but a spreadsheet runs a cell that begins like a formula.
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d ()/.-]+$)")
_ESCAPED = re.compile(r"'(?=[=@+\t\r-])")


def read_csv(text: str) -> tuple[VCard, ...]:
    """The people of a table. Commas, semicolons and tabs divide; the first row has the heads.

    >>> read_csv("First Name;Last Name;E-mail Address\\nAnn;Berg;ann@a.example")[0].name
    'Ann Berg'
    """
    lines = text.lstrip("\ufeff").replace("\0", "")
    head = lines.partition("\n")[0]
    divider = max(",;\t", key=head.count)
    cards = []
    try:
        for row in csv.DictReader(StringIO(lines, newline=""), delimiter=divider):
            card = _card({(name or "").strip().lower(): _cell(value) for name, value in row.items()})
            if not card.is_empty:
                cards.append(card)
            if len(cards) >= MAX_CARDS:
                break
    except csv.Error:  # what was read up to the damage is kept
        return tuple(cards)
    return tuple(cards)


def _cell(value: object) -> str:
    return _ESCAPED.sub("", value.strip()[:_MAX_CELL], count=1) if isinstance(value, str) else ""


def _card(row: dict[str, str]) -> VCard:
    parts = (_first(row, names) for names in (_GIVEN, _MIDDLE, _FAMILY))
    name = _first(row, _NAMES) or " ".join(filter(None, parts))
    firm = _first(row, _FIRM)
    mails = [one for one in _labelled(row, _MAIL) if is_address(one.value) and len(one.value) <= 320]
    return VCard(
        name=name or firm or (mails[0].value if mails else ""),
        organisation=firm,
        job_title=_first(row, _TITLE),
        addresses=tuple({comparable(one.value): one for one in reversed(mails)}.values())[::-1],
        phones=tuple(_labelled(row, _PHONE)),
        birthday=_first(row, _BIRTHDAY)[:40],
        note=_first(row, _NOTE),
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
        fixed = (card.name, card.organisation, card.job_title, card.birthday, card.note)
        cells = [*fixed, *_pairs(card.addresses, mails), *_pairs(card.phones, phones)]
        table.writerow([f"'{cell}" if _FORMULA.match(cell) else cell for cell in cells])
    return out.getvalue()


def _pairs(several: tuple[Labelled, ...], wanted: int) -> Iterator[str]:
    for one in (*several, *[Labelled("")] * (wanted - len(several))):
        yield from (one.label, one.value)
