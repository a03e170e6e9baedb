"""Who wrote to a list that names itself as the sender, or as whom to answer."""

import pytest

from mailsync.message.list_author import author_behind_list
from mailsync.message.parse import parse_header

LIST = "List-Post: <mailto:choir@lists.test>\nList-ID: <choir.lists.test>\n"
VIA = "From: Ann Lee via Choir <choir@lists.test>\n"


@pytest.mark.parametrize(
    ("header", "author"),
    [
        # The list answers for itself.
        (LIST + "From: Ann <ann@home.test>\nReply-To: choir@lists.test\n", "Ann <ann@home.test>"),
        (
            LIST + "From: Ann <ann@home.test>\nReply-To: Choir <choir@lists.test>, ann@home.test\n",
            "Ann <ann@home.test>",
        ),
        # The list writes over From.
        (LIST + VIA + "Reply-To: Ann Lee <ann@home.test>, choir@lists.test\n", "Ann Lee <ann@home.test>"),
        (
            LIST + VIA + "Reply-To: choir@lists.test\nCc: Bo <bo@home.test>, Ann Lee <ann@home.test>\n",
            "Ann Lee <ann@home.test>",
        ),
        (LIST + VIA + "Reply-To: choir@lists.test\nX-Original-From: Ann <ann@home.test>\n", "Ann <ann@home.test>"),
        (LIST + VIA + "Author: Ann <ann@home.test>\n", "Ann <ann@home.test>"),
        (
            LIST + "From: 'Ann Lee' via Choir <choir@lists.test>\nX-Original-Sender: ann@home.test\n",
            "Ann Lee <ann@home.test>",
        ),
        ("List-ID: <a.lists.test>\nFrom: Ann via A <a@lists.test>\nCc: Ann <ann@home.test>\n", "Ann <ann@home.test>"),
        (LIST + "From: Ann <ann=40home.test@dmarc.lists.test>\n", "Ann <ann@home.test>"),
        # An ordinary answer goes to the author alone, or nobody knows who that is.
        (LIST + "From: Ann <ann@home.test>\n", ""),
        (LIST + "From: Ann <ann@home.test>\nReply-To: ANN@home.test\n", ""),
        (LIST + VIA + "Reply-To: Ann Lee <ann@home.test>\n", ""),
        (LIST + VIA, ""),
        (LIST + VIA + "Cc: Bo <bo@home.test>\n", ""),
        (LIST + VIA + "X-Original-From: choir@lists.test\n", ""),
        # No list.
        ("From: Shop <no-reply@shop.test>\nReply-To: desk@shop.test\n", ""),
        ("From: Ann via Shop <ann@shop.test>\nX-Original-From: Ann <ann@home.test>\n", ""),
    ],
)
def test_author(header: str, author: str) -> None:
    parsed = parse_header(f"{header}\n".encode())
    found = author_behind_list(parsed.sender, parsed.reply_to, parsed.cc, parsed.facts)
    assert (f"{found.name} <{found.address}>" if found else "") == author
