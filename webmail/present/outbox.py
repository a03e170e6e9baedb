"""Messages on their way as the outbox shows them: a state in plain words, what can be done, the timeline.

Screens room. In: rows with their recipients and events loaded. Out: cards for the template; reads only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailsync.message.reports import reason_of
from mailsync.models import Outgoing, OutgoingEvent, OutgoingRecipient
from mailsync.store.outbox import BYTES
from mailsync.store.reported import REASONS
from webmail.present.people import addresses_line
from webmail.present.said import said
from webmail.present.spans import Span, spans

State = Outgoing.State
#: RFC 5321 §4.2: a server's reply. All else that stands as an error is a sentence of ours.
_REPLY = re.compile(r"[245]\d\d ")
#: So many refused recipients are named with why; the timeline has all of them.
_NAMED = 3

#: What stays so however often the same message is sent there.
_FOR_GOOD = frozenset({"unknown_address", "unknown_domain", "disabled", "too_big", "spam"})

_STOPPABLE = frozenset({State.HELD, State.QUEUED, State.DEFERRED})
_ON_ITS_WAY = frozenset({State.CLAIMED, State.DATA_STARTED, State.DOT_SENT})


@dataclass(frozen=True, slots=True)
class OutgoingCard:
    """``tone`` is "", "ok", "warn" or "bad"; ``verbs`` are those of ``outgoing_act`` that make sense now; ``server`` is
    what the mail server said, in its own words, where it said no; ``missed`` are those whom a message that was sent
    did not reach, where it can be written to them again."""

    row: Outgoing
    title: str
    state: str
    explanation: str
    server: str
    tone: str
    icon: str
    verbs: tuple[str, ...]
    missed: tuple[str, ...]
    recipients: Sequence[OutgoingRecipient]
    events: Sequence[OutgoingEvent]
    when: datetime | None

    @property
    def outgoing_id(self) -> int:
        return self.row.pk

    @property
    def reminds_at(self) -> datetime | None:
        """When its writer is reminded, unless it is answered by then."""
        follow_up = getattr(self.row, "follow_up", None)
        return follow_up.due_at if follow_up is not None else None

    @property
    def is_unanswered(self) -> bool:
        return self.reminds_at is not None and self.row.follow_up.told_at is not None

    @property
    def may_remind(self) -> bool:
        """Of a letter that was sent, or is going to be."""
        return bool(getattr(self.row, "is_letter", False)) and self.row.state not in (State.FAILED, State.CANCELLED)

    @property
    def spans(self) -> Sequence[Span]:
        return spans()

    @property
    def is_moving(self) -> bool:
        """Whether the next change is a matter of seconds."""
        return self.row.state in _ON_ITS_WAY or (self.row.state in {State.HELD, State.QUEUED} and not self.is_scheduled)

    @property
    def is_put_off(self) -> bool:
        """Whether it is tried again by itself, at ``when``."""
        return self.row.state == State.DEFERRED and self.when is not None and not self.is_scheduled

    @property
    def needs_its_writer(self) -> bool:
        return self.row.state in (State.FAILED, State.UNCERTAIN)

    @property
    def is_scheduled(self) -> bool:
        return is_scheduled(self.row)

    @property
    def people(self) -> str:
        return addresses_line([one.address for one in self.recipients])


def is_scheduled(row: Outgoing) -> bool:
    """Whether it waits for the moment that its writer chose; past that it is on its way like any other."""
    return row.state in _STOPPABLE and row.send_at is not None and row.send_at > timezone.now()


def scheduled_condition() -> Q:
    """``is_scheduled`` for a query: of what has not ended, so that the index ``outgoing_open`` serves here too."""
    return Q(finished_at__isnull=True, state__in=_STOPPABLE, send_at__gt=timezone.now())


def open_condition() -> Q:
    """What its writer has to know of: it has not left, or it could not. The index ``outgoing_open`` holds the same.
    What is automatic has no writer, and what became of it stands in its settings."""
    return (Q(finished_at__isnull=True) | Q(state=State.FAILED)) & Q(automatic=False)


def without_bytes(rows: QuerySet[Outgoing]) -> QuerySet[Outgoing]:
    """Rows as ``present_outgoing`` takes them."""
    known = rows.annotate(is_letter=ExpressionWrapper(Q(draft_snapshot__isnull=False), BooleanField()))
    return known.defer(*BYTES, "draft_snapshot").select_related("follow_up").prefetch_related("recipients", "events")


def present_outgoing(row: Outgoing) -> OutgoingCard:
    """``row`` comes from ``without_bytes``."""
    recipients = list(row.recipients.all())
    state, explanation, tone, icon = _words(row, recipients)
    return OutgoingCard(
        row=row,
        title=row.subject or _("(no subject)"),
        state=state,
        explanation=explanation,
        server=_server(row, recipients),
        tone=tone,
        icon=icon,
        verbs=_verbs(row, recipients),
        missed=_missed(row, recipients),
        recipients=recipients,
        events=list(row.events.all()),
        when=row.send_at if is_scheduled(row) else row.due_at if row.finished_at is None else None,
    )


def _words(row: Outgoing, recipients: Sequence[OutgoingRecipient]) -> tuple[str, str, str, str]:
    refused = sum(one.state == OutgoingRecipient.State.FAILED for one in recipients)
    returned = sum(one.state == OutgoingRecipient.State.RETURNED for one in recipients)
    if is_scheduled(row):
        return _("Scheduled"), _("It leaves by itself at the time you chose."), "", "calendar-clock"
    if row.state == State.HELD:
        return _("Waiting"), _("It leaves in a moment. You can still stop it."), "", "timer"
    if row.state == State.QUEUED:
        return _("Waiting"), _("It is next in line."), "", "timer"
    if row.state in _ON_ITS_WAY:
        return _("Sending"), _("It is being handed to the mail server."), "", "send"
    if row.state == State.DEFERRED:
        words = "" if _REPLY.match(row.error) else said(row.error)
        return _("Will be tried again"), words or _("The mail server asked to come back later."), "warn", "clock"
    if row.state == State.UNCERTAIN:
        words = _(
            "The connection broke after the whole message was handed over, so it may have been sent. Look for an answer"
            " or ask the recipient; send it again only if it did not arrive."
        )
        return _("May have been sent"), words, "warn", "circle-question-mark"
    if row.state == State.FAILED:
        words = "" if _REPLY.match(row.error) else said(row.error)
        words = words or _refusals(recipients) or _("The mail server refused it.")
        return _("Not sent"), words, "bad", "circle-alert"
    if row.state == State.CANCELLED:
        return _("Stopped"), _("It did not leave."), "", "circle-x"
    if returned:
        words = ngettext("It came back from %(n)d recipient.", "It came back from %(n)d recipients.", returned)
        return _("Returned"), words % {"n": returned}, "bad", "circle-alert"
    if refused:
        words = ngettext("%(n)d recipient was refused.", "%(n)d recipients were refused.", refused) % {"n": refused}
        return _("Sent, but not to everyone"), f"{words} {_refusals(recipients)}".strip(), "warn", "triangle-alert"
    return _("Sent"), _("The mail server has it for all recipients."), "ok", "circle-check"


def _refusals(recipients: Sequence[OutgoingRecipient]) -> str:
    """Whom the server would not take it for, and why, in the reader's words."""
    refused = _refused(recipients)
    reasons = [reason_of(one.enhanced, one.text) for one in refused[:_NAMED]]
    lines = [
        said(f"{one.address}: {REASONS.get(reason, REASONS['refused'])}") + "."
        for one, reason in zip(refused, reasons, strict=False)
    ]
    if reasons and set(reasons) <= {"unknown_address", "unknown_domain"}:
        lines.append(_("Look whether the address is spelled right."))
    elif set(reasons) == {"too_big"}:
        lines.append(_("Take files out, or give them as links."))
    elif set(reasons) == {"spam"}:
        lines.append(_("Change what it says, its links or its files."))
    elif set(reasons) == {"disabled"}:
        lines.append(_("Ask for another address."))
    return " ".join(lines)


def _missed(row: Outgoing, recipients: Sequence[OutgoingRecipient]) -> tuple[str, ...]:
    """What Heron wrote at a click (an answer to an invitation, a receipt) is no letter that is written again."""
    if row.state not in (State.ACCEPTED, State.DONE) or not getattr(row, "is_letter", False):
        return ()
    return tuple(one.address for one in recipients if one.state in OutgoingRecipient.MISSED)


def _refused(recipients: Sequence[OutgoingRecipient]) -> list[OutgoingRecipient]:
    return [one for one in recipients if one.state == OutgoingRecipient.State.FAILED and one.code]


def _server(row: Outgoing, recipients: Sequence[OutgoingRecipient]) -> str:
    if _REPLY.match(row.error):
        return row.error
    first = next(iter(_refused(recipients)), None)
    return " ".join(filter(None, (str(first.code), first.enhanced, first.text))) if first else ""


def _verbs(row: Outgoing, recipients: Sequence[OutgoingRecipient]) -> tuple[str, ...]:
    fresh = all(one.state == OutgoingRecipient.State.PENDING for one in recipients)
    if row.state in _STOPPABLE:
        if is_scheduled(row):
            return ("now", "later", *(("undo",) if fresh else ()))
        return (*(("now",) if row.state == State.DEFERRED else ()), *(("undo",) if fresh else ()))
    if row.state == State.UNCERTAIN:
        return ("sent", "retry")
    if row.state == State.FAILED:
        edit = ("reopen",) if getattr(row, "is_letter", False) else ()
        return (*edit, *(("retry",) if _may_pass(row, recipients) else ()), "dismiss")
    return ()


def _may_pass(row: Outgoing, recipients: Sequence[OutgoingRecipient]) -> bool:
    """Whether the same message could be taken another time: nothing says that it never will be."""
    if row.identity is None or row.mail_from not in ("", row.identity.address):
        return False  # who sent it may not any more
    refused = _refused(recipients)
    return not refused or any(
        (one.code or 0) < 500 or reason_of(one.enhanced, one.text) not in _FOR_GOOD for one in refused
    )
