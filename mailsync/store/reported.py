"""Bounces, delays and read receipts that arrive, put beside the sent messages they are about. Database room.

In: messages whose bodies have just come. Out: recipients marked as returned, and lines on the timelines, in the
transaction that stores the reports. Anyone can write a report, so one counts only where its Message-ID is that of
a message which this user sent and its address one of that message's recipients; what else it says is ignored.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from accounts.models import MailAccount
from accounts.zones import zone_of
from mailsync.message.addresses import comparable
from mailsync.message.bodies import reader
from mailsync.message.facts import ParsedMessage
from mailsync.message.plain import plain
from mailsync.message.reports import Reason, Report, ReportedRecipient, read_report
from mailsync.models import Outgoing, OutgoingEvent, OutgoingRecipient
from mailsync.store import outbox

_State = OutgoingRecipient.State

REASONS: dict[Reason, str] = {
    "unknown_address": "there is no such address",
    "unknown_domain": "there is no such domain",
    "disabled": "the mailbox is disabled",
    "full": "mailbox full",
    "too_big": "the message is too big for it",
    "spam": "taken for spam",
    "refused": "refused",
    "sender_refused": "your address was not accepted",
    "unreachable": "the mail server could not be reached",
    "expired": "not delivered in time",
    "loop": "the mail went in circles",
}
#: The kind of a timeline's event, and what it says after the address.
_SAID = {
    "failed": ("returned", "{why}; returned on {day}"),
    "delayed": ("delayed", "{why}; not delivered yet, still being tried on {day}"),
    "delivered": ("delivered", "delivered on {day}"),
    "relayed": ("delivered", "passed on, on {day}, to a server that does not report"),
    "expanded": ("delivered", "passed on to a list on {day}"),
    "displayed": ("read", "opened on {day}, as a read receipt says"),
    "deleted": ("read", "deleted unread on {day}, as a read receipt says"),
}
_CODE = re.compile(r"^([245]\d\d)\b")


def record_reports(account_id: int, arrived: Iterable[tuple[bytes, ParsedMessage, datetime]]) -> list[int]:
    """Inside a transaction: read what arrived (raw bytes, what parsing made of them, when). Returns ids of Outgoing.

    A report that comes twice (a copy in another folder or account) says the same words and is noted once.
    """
    reports = [
        (report, received_at)
        for raw, parsed, received_at in arrived
        if (report := read_report(parsed, reader(raw))) is not None and report.original_message_id
    ]
    if not reports:
        return []
    user = MailAccount.objects.select_related("user").get(pk=account_id).user
    touched = []
    for report, received_at in reports:
        outgoing = (
            Outgoing.objects.filter(user=user, message_id=plain(report.original_message_id)).values("id", "state")
        ).first()
        day = f"{received_at.astimezone(zone_of(user.timezone)):%-d %B}"
        if outgoing is not None and _record(outgoing["id"], outgoing["state"], report, day):
            touched.append(outgoing["id"])
    return touched


def _record(outgoing_id: int, state: str, report: Report, day: str) -> bool:
    rows = list(OutgoingRecipient.objects.filter(outgoing=outgoing_id))
    known = {comparable(row.address): row for row in rows}
    ours = [(known[key], one) for one in report.recipients if (key := comparable(one.address)) in known]
    if not ours:
        return False
    if state == Outgoing.State.UNCERTAIN:
        # Nobody can report on a message that the server never took.
        outbox.found_after_all(outgoing_id, "A report on it came back, so the server had taken it.")
    for row, one in ours:
        kind, words = _SAID[one.action]
        why = REASONS.get(one.reason, "") or plain(one.diagnostic)[:200] or "not delivered"
        text = f"{row.address}: {words.format(why=why, day=day)}"
        if OutgoingEvent.objects.filter(outgoing=outgoing_id, kind=kind, text=text).exists():
            continue
        outbox.note(outgoing_id, kind, text)
        if one.action == "failed":
            _mark_returned(row, one, text)
    return True


def _mark_returned(row: OutgoingRecipient, one: ReportedRecipient, text: str) -> None:
    """Only what the server had accepted can come back. ``settled_at`` stays: the recipient counts as used."""
    code = _CODE.match(one.diagnostic)
    OutgoingRecipient.objects.filter(pk=row.pk, state=_State.ACCEPTED).update(
        state=_State.RETURNED,
        code=int(code[1]) if code else None,
        enhanced=one.status[:16],
        text=plain(one.diagnostic or text)[:2000],
    )
