"""What Heron sends by itself, through a real Postfix: what arrives, what comes back, and no circles."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from django.utils import timezone

from mailsync.models import AutoReplied, Forward, Outgoing
from mailsync.protocol import smtp
from tests.engine.away import Away
from tests.engine.in_step import pull
from tests.engine.ruled import make_rule
from tests.engine.test_forwards import Sending
from tests.servers.postfix import PEOPLE, Postfix

pytestmark = [pytest.mark.django_db, pytest.mark.postfix]


def by(postfix: Postfix, person: Any) -> Any:
    """From now on what this person's Heron sends goes through Postfix."""
    person.smtp.open = lambda *_: smtp.connect(postfix.settings())
    return person


def come_in(person: Away, stored: bytes) -> None:
    """As the server has put it into a mailbox, with the lines on top."""
    person.imap.boxes["INBOX"].add(stored, internal_date=timezone.now())
    pull(person.account, person.imap)


def read(stored: bytes) -> EmailMessage:
    letter = message_from_bytes(stored, policy=policy.default)
    assert isinstance(letter, EmailMessage)
    return letter


def test_what_is_forwarded_arrives_and_goes_no_further(postfix: Postfix) -> None:
    ann = by(postfix, Sending(to="bob@example.test", address="ann@example.test"))
    ann.receive("Rota", From="Cy <cy@far.test>", Return_Path="<cy@far.test>")
    ann.forward()
    (stored,) = postfix.stored("bob", count=1)
    letter = read(stored)
    # What cannot be delivered comes back to her, and answers go to who wrote it.
    assert letter["Return-Path"] == "<ann@example.test>"
    assert letter["From"].addresses[0].addr_spec == "ann@example.test"
    assert (letter["Subject"], letter["Reply-To"]) == ("Fwd: Rota", "cy@far.test")
    assert (letter["Auto-Submitted"], letter["X-Heron-Forwarded"]) == ("auto-generated", "yes")
    assert letter.get_body(("plain",)).get_content().startswith("---------- Forwarded message")  # type: ignore[union-attr]
    # Bob has a Heron too, that forwards all of it to Ann and is away.
    bob = by(postfix, Sending(to="ann@example.test", address="bob@example.test"))
    bob.switch_on()
    come_in(bob, stored)
    bob.forward()
    # So has Ann, whose server has brought her own letter back to her.
    ann.switch_on()
    come_in(ann, stored)
    ann.forward()
    assert Outgoing.objects.count() == Forward.objects.count() == 1
    assert not AutoReplied.objects.exists()


def test_what_cannot_be_forwarded_comes_back_and_is_told_beside_its_address(postfix: Postfix) -> None:
    ann = by(postfix, Sending(to="gone@example.test", address="ann@example.test"))
    make_rule(ann.user, "subject:undelivered", ("forward", str(ann.to.pk)), name="Reports")
    ann.switch_on()
    ann.receive("Rota", From="Cy <cy@far.test>", Return_Path="<>", To="crew@far.test")
    assert not Forward.objects.exists()
    ann.receive("Rota", From="Cy <cy@far.test>", Return_Path="<cy@far.test>", To="crew@far.test")
    ann.forward()
    assert ann.failed == ""
    (report,) = postfix.stored("ann", count=1)
    assert read(report)["Return-Path"] == "<>"
    come_in(ann, report)
    assert "unknown user" in ann.failed
    # Neither sent on to where it came from, nor answered.
    ann.forward()
    assert Outgoing.objects.count() == Forward.objects.count() == 1
    assert not AutoReplied.objects.exists()


def test_an_automatic_reply_has_no_sender_and_two_who_are_away_answer_once(postfix: Postfix) -> None:
    carol = by(postfix, Away(address="carol@example.test"))
    carol.receive("Lunch", From="Bob <bob@example.test>", Return_Path="<bob@example.test>")
    carol.send()
    (stored,) = postfix.stored("bob", count=1)
    letter = read(stored)
    assert (letter["Return-Path"], letter["To"]) == ("<>", "bob@example.test")
    assert (letter["Auto-Submitted"], letter["Subject"]) == ("auto-replied", "Automatic reply: Lunch")
    bob = by(postfix, Away(address="bob@example.test"))
    come_in(bob, stored)
    bob.send()
    assert Outgoing.objects.count() == AutoReplied.objects.count() == 1


def test_an_automatic_reply_that_cannot_be_delivered_comes_back_to_nobody(postfix: Postfix) -> None:
    carol = by(postfix, Away(address="carol@example.test"))
    carol.receive("Lunch", From="Gone <gone@example.test>", Return_Path="<gone@example.test>")
    carol.send()
    (outgoing,) = Outgoing.objects.all()
    assert outgoing.state == "done"
    queued = re.search(r"queued as (\w+)", outgoing.events.get(kind="accepted").text)
    assert queued is not None
    postfix.wait_for(f"{queued[1]}: removed")
    assert f"{queued[1]}: to=<nobody-here@example.test>" in postfix.log()
    assert all(postfix.stored(name, count=0) == [] for name in PEOPLE)
