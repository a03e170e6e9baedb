"""The sample mail: enough of it, of every kind, the same each time, and readable by the standard library."""

import email
import email.policy
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import cast

import pytest

from mailsync.types import Address
from onebox.sample import FOLDERS, SampleMessage, messages
from onebox.sample.letters import ZONE, Scene
from onebox.sample.threads import parse_stories

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
OWNER = Address("Anna Berg", "anna@nordlicht.example")
FRIEND = Address("Jonas Lindqvist", "jonas@nordlicht.example")


@pytest.fixture(scope="module")
def sample() -> list[SampleMessage]:
    return list(messages(NOW, OWNER, FRIEND))


def parsed(message: SampleMessage) -> EmailMessage:
    return cast(EmailMessage, email.message_from_bytes(message.raw, policy=email.policy.default))


def types_in(message: SampleMessage) -> set[str]:
    return {part.get_content_type() for part in email.message_from_bytes(message.raw).walk()}


def test_there_is_enough_for_the_owner_and_a_life_for_the_friend(sample: list[SampleMessage]) -> None:
    count = Counter(message.mailbox for message in sample)
    assert count["owner"] >= 320
    assert count["friend"] >= 20


def test_it_covers_fourteen_months_and_never_the_future(sample: list[SampleMessage]) -> None:
    dates = [message.date for message in sample]
    assert max(dates) <= NOW
    assert NOW - min(dates) > timedelta(days=380)
    assert dates == sorted(dates)


@pytest.mark.parametrize("minute", range(0, 24 * 60, 13))
def test_at_any_time_of_day_today_is_told_in_its_order(minute: int) -> None:
    now = datetime(2026, 11, 23, tzinfo=ZONE) + timedelta(minutes=minute)
    scene = Scene(now, OWNER, FRIEND)
    clocks = [f"{hour:02d}:{odd:02d}" for hour in range(24) for odd in (3, 30, 58)]
    told = [scene.at(0, clock) for clock in clocks]
    assert told == sorted(told)
    assert told[-1] <= now
    assert scene.at(1, "23:58") == datetime(2026, 11, 22, 23, 58, 35, tzinfo=ZONE)


def test_the_same_arguments_give_the_same_bytes(sample: list[SampleMessage]) -> None:
    assert list(messages(NOW, OWNER, FRIEND)) == sample


def test_message_ids_do_not_depend_on_the_clock(sample: list[SampleMessage]) -> None:
    def ids(found: list[SampleMessage]) -> set[str]:
        # Monthly mail is named by its month, so only what is told by days can be compared.
        return {str(parsed(m)["Message-ID"]) for m in found if m.folder in {"Boathouse", "Members", "Drafts"}}

    assert ids(list(messages(NOW + timedelta(hours=5), OWNER, FRIEND))) == ids(sample)


def test_each_message_stands_once_in_a_mailbox(sample: list[SampleMessage]) -> None:
    seen = Counter((m.mailbox, str(parsed(m)["Message-ID"])) for m in sample if parsed(m)["Message-ID"])
    assert [key for key, count in seen.items() if count > 1] == []


def test_folders_are_the_named_ones(sample: list[SampleMessage]) -> None:
    assert {message.folder for message in sample} == set(FOLDERS)


def test_the_standard_library_reads_every_one(sample: list[SampleMessage]) -> None:
    for message in sample:
        for part in parsed(message).walk():
            part.get_content_type()
            part.get_filename()


@pytest.mark.parametrize(
    "content_type",
    [
        "application/pdf",
        "application/zip",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "image/png",
        "message/delivery-status",
        "message/rfc822",
        "multipart/related",
        "multipart/report",
        "text/calendar",
        "text/csv",
        "text/html",
        "text/vcard",
    ],
)
def test_every_kind_of_part_is_there(sample: list[SampleMessage], content_type: str) -> None:
    assert any(content_type in types_in(message) for message in sample)


@pytest.mark.parametrize(
    "charset", ["iso-2022-jp", "koi8-r", "gb2312", "windows-1252", "windows-1255", "iso-8859-2", "euc-kr"]
)
def test_charsets_decode_to_what_was_meant(sample: list[SampleMessage], charset: str) -> None:
    found = [part for m in sample for part in parsed(m).walk() if part.get_content_charset() == charset]
    assert found
    for part in found:
        assert "\ufffd" not in cast(EmailMessage, part).get_content()


def test_conversations_hang_together(sample: list[SampleMessage]) -> None:
    owner = [parsed(m) for m in sample if m.mailbox == "owner"]
    known = {str(m["Message-ID"]) for m in owner}
    replies = [m for m in owner if str(m["Subject"]).startswith("Re: ")]
    assert len(replies) > 100
    assert all(set(str(m["References"]).split()) <= known for m in replies)
    assert any("> " in m.get_body(("plain",)).get_content() for m in replies)  # type: ignore[union-attr]


def test_a_conversation_with_the_friend_is_in_both_mailboxes(sample: list[SampleMessage]) -> None:
    ladder = [m for m in sample if b"Subject: The ladder" in m.raw or b"Subject: Re: The ladder" in m.raw]
    assert {(m.mailbox, m.folder) for m in ladder} >= {("friend", "INBOX"), ("friend", "Sent"), ("owner", "Sent")}


def test_every_address_is_invented(sample: list[SampleMessage]) -> None:
    for message in sample:
        for header in ("From", "To", "Cc", "Reply-To"):
            for value in email.message_from_bytes(message.raw).get_all(header, []):
                for word in str(value).replace("<", " ").replace(">", " ").replace('"', " ").split():
                    if "@" in word:
                        assert word.rstrip(",").endswith(".example"), word


def test_lists_can_be_left_in_one_click(sample: list[SampleMessage]) -> None:
    lists = [parsed(m) for m in sample if b"List-Unsubscribe-Post" in m.raw]
    assert len(lists) > 30
    assert all("dkim=pass" in m["Authentication-Results"] for m in lists)


def test_the_phishing_try_shows_one_address_and_has_another(sample: list[SampleMessage]) -> None:
    trap = next(parsed(m) for m in sample if m.folder == "INBOX" and b"evil-harbour" in m.raw)
    sender = trap["From"].addresses[0]
    assert "service@foerdebank.example" in sender.display_name
    assert sender.domain == "mail.evil-harbour.example"


def test_some_are_broken(sample: list[SampleMessage]) -> None:
    inbox = [m for m in sample if m.mailbox == "owner"]
    assert any(b"\nDate:" not in m.raw and not m.raw.startswith(b"Date:") for m in inbox), "one without a date"
    assert any(b"us-ascii" in m.raw and not m.raw.isascii() for m in inbox), "one that lies about its charset"
    assert any(m.raw.endswith(b"\r\n\r\n") and m.raw.count(b"\r\n\r\n") == 1 for m in inbox), "one that is empty"
    assert any(len(line) > 3000 for m in inbox for line in m.raw.split(b"\r\n")), "one with an endless subject"


def test_now_must_know_its_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        next(messages(datetime(2026, 1, 1), OWNER, FRIEND))


def test_a_story_is_read_as_it_is_written() -> None:
    (story,) = parse_stories(
        "== Hats\nstart: 3 10:00\nwith: me, lena\n\n-- lena\nWhose?\n\n-- me, 90m, file: a.pdf\nMine.\n"
    )
    assert (story.subject, story.facts["start"]) == ("Hats", "3 10:00")
    assert [(s.who, s.gap_hours, s.files, s.prose) for s in story.sayings] == [
        ("lena", 0.0, [], "Whose?"),
        ("me", 1.5, ["a.pdf"], "Mine."),
    ]


def test_nothing_is_left_open_in_the_prose(sample: list[SampleMessage]) -> None:
    for message in sample:
        if b"anneke@" in message.raw or b"@nordlicht.example" in message.raw:
            assert b"{w0}" not in message.raw
            assert b"{month}" not in message.raw
            assert b"{party}" not in message.raw
            assert b"{friend}" not in message.raw
