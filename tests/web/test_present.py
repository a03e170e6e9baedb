"""What is printed, from facts alone: names, groups, labels, file tiles."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from mailsync.types import Address
from webmail.present.clock import group_of
from webmail.present.files import file_tile
from webmail.present.labels import is_forwarded, labels
from webmail.present.people import display_name, first_name, participants_line, recipients_line
from webmail.templatetags.heron import avatar

BERLIN = ZoneInfo("Europe/Berlin")
#: A Wednesday.
NOW = datetime(2026, 10, 21, 9, 41, tzinfo=BERLIN)
ME = {"anna@nordlicht.example"}
ANNA = Address("Anna Berg", "Anna@Nordlicht.example")
PRIYA = Address("Priya Raman", "priya@nordlicht.example")
NOOR = Address("Noor El-Amin", "noor@nordlicht.example")
SHOP = Address("", "news@shop.example")


@pytest.mark.parametrize(
    ("day", "hour", "label"),
    [
        ((2026, 10, 21), 0, "Today"),
        ((2026, 10, 20), 23, "Yesterday"),
        ((2026, 10, 19), 0, "Earlier this week"),
        ((2026, 10, 18), 23, "Last week"),
        ((2026, 10, 12), 0, "Last week"),
        ((2026, 10, 11), 23, "Earlier this month"),
        ((2026, 9, 30), 12, "September"),
        ((2025, 10, 21), 12, "October 2025"),
        ((2026, 10, 22), 1, "Ahead of time"),
    ],
)
def test_groups_follow_the_readers_calendar(day: tuple[int, int, int], hour: int, label: str) -> None:
    assert group_of(datetime(*day, hour, 30, tzinfo=BERLIN), NOW).label == label


def test_a_month_is_named_in_the_language_of_who_reads_it() -> None:
    labels = []
    for language in ("en", "de", "en"):
        with translation.override(language):
            labels.append(group_of(datetime(2025, 10, 21, tzinfo=BERLIN), NOW).label)
    assert labels == ["October 2025", "Oktober 2025", "October 2025"]


def test_a_week_that_began_yesterday_has_no_earlier_days() -> None:
    tuesday = datetime(2026, 10, 20, 12, tzinfo=BERLIN)
    assert group_of(datetime(2026, 10, 18, 12, tzinfo=BERLIN), tuesday).label == "Last week"


@pytest.mark.parametrize(
    ("people", "line"),
    [
        ([PRIYA], "Priya Raman"),
        ([PRIYA, NOOR, ANNA], "Priya, Noor, me"),
        ([ANNA], "me"),
        ([PRIYA, PRIYA], "Priya Raman"),
        ([SHOP, ANNA], "news, me"),
        ([NOOR, ANNA, SHOP, PRIYA, Address("Ingrid", "i@x.test")], "Noor … Priya, Ingrid"),
        ([], "(no recipient named)"),
        ([Address("", "")], "(no sender)"),
    ],
)
def test_participants(people: list[Address], line: str) -> None:
    assert participants_line(people, ME) == line


@pytest.mark.parametrize(
    ("whose", "initials"),
    [(PRIYA, "PR"), (SHOP, "N"), (Address("", ""), "?"), (None, "?"), ("choir@else.example", "C"), ("", "?")],
)
def test_an_avatar_has_the_initials_of_whom_it_is_of(whose: Address | str | None, initials: str) -> None:
    assert f">{initials}</span>" in avatar(whose)


def test_addresses_of_ones_own_are_one_participant() -> None:
    other = Address("Anna at work", "anna@work.example")
    mine = {*ME, "anna@work.example"}
    assert participants_line([ANNA, other], mine) == "me"
    assert participants_line([ANNA, PRIYA, other], mine) == "me, Priya"


@pytest.mark.parametrize(
    ("people", "line"),
    [
        ([ANNA], "to you"),
        ([ANNA, NOOR], "to you and Noor El-Amin"),
        ([NOOR, ANNA, PRIYA], "to you, Noor El-Amin and Priya Raman"),
        ([NOOR, ANNA, PRIYA, SHOP], "to you, Noor El-Amin and 2 others"),
        ([SHOP], "to news@shop.example"),
        ([], "to undisclosed recipients"),
    ],
)
def test_recipients(people: list[Address], line: str) -> None:
    assert recipients_line(people, ME) == line


def test_names_that_are_written_the_other_way_round() -> None:
    assert first_name(Address("Raman, Priya", "p@x.test")) == "Priya"
    assert first_name(Address("Raman,", "p@x.test")) == "Raman"
    assert display_name(Address("  ", "p@x.test")) == "p@x.test"


def test_labels_are_keywords_that_people_gave() -> None:
    found = labels(["$label1", "$Forwarded", "NonJunk", "\\Seen", "Tide_tables", "$MDNSent"])
    assert [chip.text for chip in found] == ["Important", "Tide tables"]
    assert is_forwarded(["$forwarded"])
    assert not is_forwarded(["Travel"])


@pytest.mark.parametrize(
    ("name", "content_type", "badge", "shown"),
    [
        ("Offer.pdf", "application/pdf", "PDF", "Offer.pdf"),
        ("Budget.v3.XLSX", "application/octet-stream", "XLSX", "Budget.v3.XLSX"),
        ("README", "text/plain", "TEXT", "README"),
        ("", "image/png", "IMAG", "unnamed.png"),
        (".bashrc", "text/plain", "TEXT", ".bashrc"),
        ("a.verylongextension", "application/zip", "APPL", "a.verylongextension"),
    ],
)
def test_file_tiles(name: str, content_type: str, badge: str, shown: str) -> None:
    tile = file_tile(name, "2", content_type, 1000)
    assert (tile.badge, tile.name) == (badge, shown)
