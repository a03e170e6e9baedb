"""Rules forward new mail: once, whole, to proved addresses alone, and never in circles."""

from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Identity
from mailsync import actions, tasks
from mailsync.engine.deliver import Doors, deliver
from mailsync.engine.pull import pull_account
from mailsync.errors import CannotDo
from mailsync.models import Forward, ForwardAddress, Message, Outgoing, OutgoingRecipient, Placement
from mailsync.plan.forwards import may_forward
from mailsync.store import forwards
from mailsync.store.rules import NO_FORWARD, load_rules
from tests.engine.away import Away
from tests.engine.in_step import pull
from tests.engine.ruled import make_rule
from tests.factories import make_user, raw_message
from webmail.present.outbox import open_condition

pytestmark = pytest.mark.django_db

FRIEND = "friend@else.test"


class Sending(Away):
    """Somebody with a rule that forwards what has “rota” in its subject."""

    def __init__(self, *, to: str = FRIEND, **fields: Any) -> None:
        super().__init__(enabled=False, **fields)
        self.user = self.account.user
        self.to, code = actions.add_forward_address(self.user.pk, to)
        assert actions.confirm_forward_address(self.user.pk, self.to.pk, code)
        self.rule = make_rule(self.user, "subject:rota", ("forward", str(self.to.pk)), name="Rotas")

    def forward(self) -> list[EmailMessage]:
        """As the clock would: letters are made, then leave."""
        for forward_id in forwards.due_forwards():
            tasks.mail_forward(forward_id)
        return self.send()

    def again(self) -> None:
        Forward.objects.filter(due_at__isnull=False).update(due_at=timezone.now())

    @property
    def failed(self) -> str:
        (standing,) = forwards.load_addresses(self.user.pk)
        return standing.failed


def test_a_new_message_goes_whole_and_answers_go_to_its_author() -> None:
    sending = Sending()
    letter = EmailMessage()
    letter["Subject"], letter["From"], letter["To"] = "Rota of May", "Bo Ek <bo@work.test>", "anna@club.test"
    letter["Reply-To"], letter["Message-ID"] = "desk@work.test", "<rota@work.test>"
    letter["Cc"] = "others@club.test"
    letter.set_content("Who rows on Sunday?\n")
    letter.add_alternative("<p>Who rows on <b>Sunday</b>?</p>", subtype="html")
    letter.add_attachment(b"%PDF rota", maintype="application", subtype="pdf", filename="rota.pdf")
    sending.imap.boxes["INBOX"].add(letter.as_bytes(policy=policy.SMTP), internal_date=timezone.now())
    sending.receive("Minutes")
    pull(sending.account, sending.imap)
    (sent,) = sending.forward()
    assert (sent["Subject"], sent["To"], sent["Reply-To"]) == ("Fwd: Rota of May", FRIEND, "desk@work.test")
    assert sent["From"].addresses[0].addr_spec == "anna@club.test"
    assert (sent["Auto-Submitted"], sent["X-Heron-Forwarded"]) == ("auto-generated", "yes")
    assert sent["Cc"] is None
    text = sent.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Forwarded message" in text
    assert "From: Bo Ek <bo@work.test>" in text
    assert "Who rows on Sunday?" in text
    assert "<b>Sunday</b>" in sent.get_body(("html",)).get_content()  # type: ignore[union-attr]
    (file,) = sent.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("rota.pdf", b"%PDF rota")
    (taken,) = sending.smtp.taken
    assert (taken.mail_from, taken.recipients) == ("anna@club.test", (FRIEND,))
    # Nobody wrote it, and nobody answered.
    assert not Placement.objects.filter(message__subject__startswith="Fwd").exists()
    assert Outgoing.objects.get().state == "done"
    pull(sending.account, sending.imap)
    assert sending.forward() == []
    assert sending.failed == ""
    assert forwards.load_addresses(sending.user.pk)[0].count == 1


def test_old_mail_is_not_forwarded_and_two_rules_forward_once() -> None:
    sending = Sending()
    make_rule(sending.user, "from:bo", "flag", ("forward", str(sending.to.pk)))
    sending.receive("Rota")
    assert Placement.objects.get(message__subject="Rota").flagged
    assert len(sending.forward()) == 1
    (rule, _) = load_rules(sending.user.pk)
    with pytest.raises(CannotDo):
        actions.run_rule(sending.user.pk, rule.id, inbox_only=True)


def test_it_waits_for_the_whole_message() -> None:
    sending = Sending()
    for n in range(60):
        sending.put(f"Filler {n}")
    sending.put("Rota")
    pull_account(sending.account.pk, connect=sending.imap.opener)
    Message.objects.filter(subject="Rota").update(raw=None)
    assert sending.forward() == []
    assert Forward.objects.get().due_at is not None
    pull(sending.account, sending.imap)
    sending.again()
    assert len(sending.forward()) == 1


def test_a_text_that_never_comes_is_told() -> None:
    sending = Sending()
    sending.receive("Rota")
    Message.objects.filter(subject="Rota").update(raw=None)
    Forward.objects.update(created_at=timezone.now() - timedelta(days=2, minutes=1))
    assert sending.forward() == []
    assert sending.failed == "The text of the message did not come from its server."


@pytest.mark.parametrize(
    ("sender", "facts", "goes"),
    [
        ("bo@work.test", {}, True),
        ("noreply@shop.test", {"auto_submitted": "auto-generated", "list_id": "x"}, True),
        ("bo@work.test", {"auto_submitted": "auto-replied"}, False),
        ("bo@work.test", {"forwarded": True}, False),
        ("bo@work.test", {"hops": 26}, False),
        ("bo@work.test", {"return_path": ""}, False),
        ("MAILER-DAEMON@work.test", {}, False),
        ("Friend@else.test", {}, False),
    ],
)
def test_what_could_go_in_circles_stays(sender: str, facts: dict[str, Any], goes: bool) -> None:
    assert may_forward(sender, facts, FRIEND) is goes


def test_two_people_who_forward_to_each_other_do_so_once() -> None:
    anna, bo = Sending(to="bo@work.test"), Sending(to="anna@club.test", address="bo@work.test")
    anna.receive("Rota", From="Cy <cy@far.test>")
    for _ in range(3):
        for one, other in ((anna, bo), (bo, anna)):
            one.forward()
            for taken in one.smtp.taken:
                other.imap.boxes["INBOX"].add(b"Return-Path: <x@x.test>\r\n" + taken.raw, internal_date=timezone.now())
            one.smtp.taken.clear()
            pull(other.account, other.imap)
    assert Forward.objects.count() == Outgoing.objects.count() == 1


def test_what_passed_too_many_servers_stays() -> None:
    sending = Sending()
    hops = b"".join(b"Received: by mx%d.test; Sun, 01 Mar 2026 09:00:00 +0000\r\n" % n for n in range(26))
    sending.imap.boxes["INBOX"].add(hops + raw_message("Rota"), internal_date=timezone.now())
    pull(sending.account, sending.imap)
    assert not Forward.objects.exists()


def test_a_mailbox_of_ones_own_is_never_forwarded_to() -> None:
    sending = Sending()
    with pytest.raises(CannotDo, match="mailbox of yours"):
        actions.add_forward_address(sending.user.pk, "Anna+x@club.test")
    # It has become one's own since.
    Identity.objects.create(user=sending.user, account=sending.account, address=FRIEND, verified_at=timezone.now())
    sending.receive("Rota")
    assert sending.forward() == []
    assert sending.failed == "This address may not be forwarded to."


def test_an_address_is_proved_by_its_code_alone() -> None:
    user = make_user()
    row, code = actions.add_forward_address(user.pk, FRIEND)
    assert not actions.confirm_forward_address(user.pk, row.pk, "WRONG234")
    row, code = actions.renew_forward_code(user.pk, row.pk)
    for _ in range(5):
        assert not actions.confirm_forward_address(user.pk, row.pk, "WRONG234")
    with pytest.raises(CannotDo, match="used up"):
        actions.confirm_forward_address(user.pk, row.pk, code)
    row, code = actions.add_forward_address(user.pk, FRIEND.upper())
    ForwardAddress.objects.update(code_sent_at=timezone.now() - timedelta(days=3, minutes=1))
    with pytest.raises(CannotDo, match="too old"):
        actions.confirm_forward_address(user.pk, row.pk, code)
    other, other_code = actions.add_forward_address(user.pk, "other@else.test")
    row, code = actions.renew_forward_code(user.pk, row.pk)
    assert not actions.confirm_forward_address(user.pk, row.pk, other_code)
    assert actions.confirm_forward_address(user.pk, row.pk, f" {code[:4].lower()}-{code[4:]}")
    row.refresh_from_db()
    assert (row.code, row.verified_at is None) == ("", False)
    stranger = make_user()
    with pytest.raises(actions.NotYours):
        actions.confirm_forward_address(stranger.pk, other.pk, other_code)


def test_a_rule_whose_address_is_gone_is_paused() -> None:
    sending = Sending()
    actions.remove_forward_address(sending.user.pk, sending.to.pk)
    assert [rule.problem for rule in load_rules(sending.user.pk)] == [NO_FORWARD]
    sending.receive("Rota")
    assert not Forward.objects.exists()


def test_one_that_fails_is_told_with_its_address_and_nowhere_else() -> None:
    sending = Sending()
    sending.receive("Rota")
    sending.smtp.refusals[FRIEND] = (550, "5.1.1", "No such user")
    assert sending.forward() == []
    assert Outgoing.objects.get().state == "failed"
    assert not Outgoing.objects.filter(open_condition()).exists()
    assert "No such user" in sending.failed
    sending.smtp.refusals.clear()
    sending.receive("Rota again")
    assert len(sending.forward()) == 1
    assert sending.failed == ""
    OutgoingRecipient.objects.filter(outgoing__state="done").update(state="returned", text="mailbox full")
    assert sending.failed == "mailbox full"


def test_what_people_write_has_half_of_a_days_sending() -> None:
    sending = Sending()
    type(sending.user).objects.filter(pk=sending.user.pk).update(recipients_per_day=4)
    for n in range(4):
        sending.receive(f"Rota {n}")
    sending.forward()
    assert len(sending.smtp.taken) == 2
    # Two letters wait, and what comes now is no letter before there is room again.
    sending.receive("Rota 5", From="Cy <cy@work.test>")
    first = Outgoing.objects.earliest("id")
    first.recipients.create(address="x@x.test", state="accepted", settled_at=timezone.now())
    assert sending.forward() == []
    waiting = Forward.objects.get(outgoing=None)
    assert waiting.due_at is not None
    draft = actions.start_draft(sending.user.pk, to="eve@work.test", subject="By hand")
    by_hand = actions.send(sending.user.pk, draft.pk, hold_seconds=0)
    deliver(by_hand.pk, doors=Doors(sending.smtp.open, sending.imap.connect, lambda: 0.0))
    assert sending.smtp.delivered_to().count("eve@work.test") == 1
    Forward.objects.filter(pk=waiting.pk).update(created_at=timezone.now() - timedelta(days=3), due_at=timezone.now())
    sending.forward()
    assert "sending limit" in sending.failed


def test_it_is_tried_for_two_days_like_any_other_letter() -> None:
    sending = Sending()
    sending.receive("Rota")
    sending.smtp.faults = ["connect"]
    assert sending.forward() == []
    Outgoing.objects.update(created_at=timezone.now() - timedelta(hours=5))
    deliver(Outgoing.objects.get().pk, doors=Doors(sending.smtp.open, sending.imap.connect, lambda: 0.0))
    assert len(sending.send()) == 1


def test_a_message_that_cannot_be_read_is_sent_all_the_same() -> None:
    sending = Sending()
    raw = raw_message("Rota", "x\r\n", Content_Type="text/html; charset=no-such", From="Bo <bo@work.test>")
    sending.imap.boxes["INBOX"].add(raw, internal_date=timezone.now())
    pull(sending.account, sending.imap)
    (sent,) = sending.forward()
    assert message_from_bytes(bytes(sent)).get_content_type() == "multipart/alternative"
