"""Answers go to whom they should, say what they answer, and never to oneself."""

import pytest

from mailsync.message.facts import ParsedHeader
from mailsync.message.parse import parse_header
from mailsync.message.reply import Mode, plan_reply, quote_text
from mailsync.types import Address

ME = ("me@example.org", "Me.Too@example.org")


def _header(**fields: str) -> ParsedHeader:
    defaults = {"From": "Ann <ann@example.net>", "To": "me@example.org", "Subject": "Lunch", "Message-ID": "<1@x>"}
    lines = {**defaults, **{name.replace("_", "-"): value for name, value in fields.items()}}
    return parse_header("".join(f"{name}: {value}\r\n" for name, value in lines.items() if value).encode() + b"\r\n")


@pytest.mark.parametrize(
    ("mode", "fields", "to", "cc"),
    [
        ("reply", {}, ["ann@example.net"], []),
        ("reply", {"Reply_To": "desk@example.net"}, ["desk@example.net"], []),
        ("reply_all", {}, ["ann@example.net"], []),
        (
            "reply_all",
            {"To": "me@example.org, bob@example.net", "Cc": "ME.TOO@example.org, carl@example.net, BOB@example.net"},
            ["ann@example.net"],
            ["bob@example.net", "carl@example.net"],
        ),
        ("reply_all", {"Reply_To": "desk@example.net", "Cc": "desk@example.net"}, ["desk@example.net"], []),
        # An address of one's own with a tag is one's own, too.
        (
            "reply_all",
            {"To": "me+shop@example.org, bob+me@example.net", "Cc": "+me@example.org"},
            ["ann@example.net"],
            ["bob+me@example.net", "+me@example.org"],
        ),
        ("reply", {"From": "me+shop@example.org", "To": "bob@example.net"}, ["bob@example.net"], []),
        # One's own sent message: the answer goes where the message went.
        ("reply", {"From": "me@example.org", "To": "bob@example.net"}, ["bob@example.net"], []),
        (
            "reply_all",
            {"From": "me@example.org", "To": "bob@example.net", "Cc": "carl@example.net, me@example.org"},
            ["bob@example.net"],
            ["carl@example.net"],
        ),
        # A note to oneself is answered to oneself.
        ("reply", {"From": "me@example.org"}, ["me@example.org"], []),
        ("reply_all", {"From": "me@example.org"}, ["me@example.org"], []),
        # Lists.
        (
            "reply_list",
            {"To": "list@example.net", "List_Post": "<mailto:list@example.net>"},
            ["list@example.net"],
            [],
        ),
        (
            "reply_author",
            {"To": "list@example.net", "List_Post": "<mailto:list@example.net>", "Reply_To": "list@example.net"},
            ["ann@example.net"],
            [],
        ),
        (
            "reply_all",
            {"To": "list@example.net", "Mail_Followup_To": "list@example.net, me@example.org"},
            ["list@example.net"],
            [],
        ),
        (
            "reply_all",
            {
                "To": "list@example.net",
                "Reply_To": "list@example.net",
                "List_Post": "<mailto:list@example.net>",
            },
            ["list@example.net"],
            ["ann@example.net"],
        ),
        ("reply", {"From": "", "To": "undisclosed-recipients:;"}, [], []),
    ],
)
def test_recipients(mode: Mode, fields: dict[str, str], to: list[str], cc: list[str]) -> None:
    plan = plan_reply(mode, _header(**fields), "text", ME)
    assert [one.address for one in plan.to] == to
    assert [one.address for one in plan.cc] == cc


def test_a_reply_says_what_it_answers() -> None:
    header = _header(References="<a@x> <b@x>", In_Reply_To="<b@x>", Date="Mon, 01 Jan 2024 10:05:00 +0000")
    plan = plan_reply("reply", header, "Shall we?\n> old\n-- \nAnn", ME)
    assert (plan.subject, plan.in_reply_to, plan.references) == ("Re: Lunch", "1@x", ("a@x", "b@x", "1@x"))
    assert plan.attribution == "On 1 Jan 2024 at 10:05, Ann wrote:"
    assert plan.quoted == "> Shall we?\n>> old"
    assert plan.text == f"{plan.attribution}\n{plan.quoted}"
    assert plan.own_address == "me@example.org"


def test_the_attribution_can_speak_another_language() -> None:
    plan = plan_reply("reply", _header(), "x", ME, date_text="1. Januar 2024", attribution="Am {date} schrieb {name}:")
    assert plan.attribution == "Am 1. Januar 2024 schrieb Ann:"


def test_an_attribution_is_not_a_format_string_of_the_sender() -> None:
    header = _header(From='"{0.__class__} {date}" <ann@example.net>')
    assert plan_reply("reply", header, "x", ME).attribution.endswith(", {0.__class__} {date} wrote:")


def test_a_forward_carries_the_header_and_no_recipients() -> None:
    header = _header(Cc="bob@example.net", Date="Mon, 01 Jan 2024 10:05:00 +0000")
    plan = plan_reply("forward", header, "the text", ME)
    assert (plan.to, plan.cc, plan.in_reply_to) == ((), (), "")
    assert plan.subject == "Fwd: Lunch"
    assert plan.header_block == (
        ("From", "Ann <ann@example.net>"),
        ("Date", "1 Jan 2024 at 10:05"),
        ("Subject", "Lunch"),
        ("To", "me@example.org"),
        ("Cc", "bob@example.net"),
    )
    assert plan.text.startswith("---------- Forwarded message ----------\nFrom: Ann <ann@example.net>\n")
    assert plan.text.endswith("\n\nthe text")


def test_the_identity_is_the_address_that_was_written_to() -> None:
    assert plan_reply("reply", _header(To="x@example.net", Cc="me.too@EXAMPLE.org"), "", ME).own_address == ME[1]
    assert plan_reply("reply", _header(To="list@example.net"), "", ME).own_address == ""
    delivered = _header(To="list@example.net", Delivered_To="me@example.org")
    assert plan_reply("reply", delivered, "", ME).own_address == "me@example.org"


def test_quoting() -> None:
    assert quote_text("") == ""
    assert quote_text("a\n\nb") == "> a\n>\n> b"
    # A signature that stands above a quote is not the end of the text.
    assert quote_text("a\n-- \nAnn\n> old") == "> a\n> --\n> Ann\n>> old"


def test_nobody_is_named_twice() -> None:
    header = _header(To="bob@example.net, Bob <BOB@example.net>", Cc="bob@example.net")
    assert plan_reply("reply_all", header, "", ME).cc == (Address("", "bob@example.net"),)
