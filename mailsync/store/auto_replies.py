"""Automatic replies of a mailbox: mail that has just come in flows in, letters in the outbox flow out. Database room.

In: new mail that the rules are done with, in the transaction that strikes its arrival off, so that each message is
looked at once, whoever dies in between. Out: one answer for each writer in a week, written from the address that they
wrote to, and a row that says so. The answers have no envelope sender and no copy in Sent, which is for what a person
wrote: whom Heron has answered stands on the message and in the settings.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from uuid import uuid4

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import Identity, MailAccount
from accounts.zones import zone_of
from mailsync.message.addresses import comparable
from mailsync.message.compose import build_message
from mailsync.message.facts import Composition
from mailsync.message.outgoing_html import clean_outgoing
from mailsync.message.plain import one_line
from mailsync.message.references import reply_references
from mailsync.models import AutoReplied, AutoReply, Outgoing, Placement
from mailsync.plan import auto_replies as plan
from mailsync.store import allowance, queueing
from mailsync.store.addressed import addresses_of
from mailsync.store.composition import message_domain
from mailsync.store.contacts import known_addresses
from mailsync.types import Address, Role

logger = logging.getLogger(__name__)

_DAY = timedelta(days=1)
#: So long it is known whom Heron has answered.
_KEPT = timedelta(days=90)
_UNWANTED = frozenset({Role.JUNK.value, Role.TRASH.value})


@dataclass(frozen=True, slots=True)
class Standing:
    """How the automatic reply of a mailbox stands; ``reply`` is None where none was ever written."""

    account: MailAccount
    reply: AutoReply | None
    state: plan.State


@dataclass(frozen=True, slots=True)
class Given:
    """What was answered since it was switched on, the newest few of it; ``failed`` is why the last did not leave."""

    count: int
    newest: tuple[AutoReplied, ...]
    failed: str


def standing_of(account: MailAccount) -> Standing:
    reply = AutoReply.objects.filter(account=account).first()
    return Standing(account, reply, state_of(account, reply))


def standings(user_id: int) -> list[Standing]:
    """All mailboxes of a person, in their order."""
    accounts = MailAccount.objects.filter(user_id=user_id).select_related("user").order_by("position", "id")
    replies = {one.account_id: one for one in AutoReply.objects.filter(account__user_id=user_id)}
    return [Standing(one, found := replies.get(one.pk), state_of(one, found)) for one in accounts]


def state_of(account: MailAccount, reply: AutoReply | None) -> plan.State:
    now = timezone.now().astimezone(zone_of(account.user.timezone))
    return plan.state_of(_span(reply, now.tzinfo) if reply else None, now)


def is_answering(reply: AutoReply, now: datetime) -> bool:
    """``now`` is in the zone of its person. No query."""
    return plan.state_of(_span(reply, now.tzinfo), now) == "on"


def given_by(reply: AutoReply, *, most: int = 5) -> Given:
    """Since it was switched on last."""
    rows = AutoReplied.objects.filter(account=reply.account_id, at__gte=reply.switched_on_at or timezone.now())
    newest = rows.select_related("outgoing", "message").defer("outgoing__raw", "message__parts").order_by("-at", "-id")
    shown = tuple(newest[:most])
    last = shown[0].outgoing if shown else None
    failed = last.error if last is not None and last.state == Outgoing.State.FAILED else ""
    return Given(rows.count(), shown, failed)


def answer(account: MailAccount, placements: Sequence[Placement]) -> int:
    """Answer what of this new mail is to be answered; returns how many. Inside a transaction."""
    if not placements:
        return 0
    # Locked, so that two workers do not both find that a writer has had no answer yet.
    reply = AutoReply.objects.select_for_update().filter(account=account.pk, enabled=True).first()
    span = _span(reply, zone_of(account.user.timezone)) if reply else None
    if reply is None or span is None or plan.state_of(span, timezone.now()) == "waits":
        return 0
    writing = _Writing(account, reply)
    if not writing.room:
        return 0
    people = writing.people([one.message.from_address for one in placements])
    binned = _binned(placements)
    count = 0
    for placement in placements:
        mail = _incoming(placement)
        if placement.message_id not in binned and plan.why_silent(mail, span, people, timezone.now()) is None:
            count += writing.write(placement, mail)
    return count


def _span(reply: AutoReply, zone: tzinfo | None) -> plan.Span | None:
    if not reply.enabled or reply.switched_on_at is None:
        return None
    return plan.span_of(reply.switched_on_at, reply.first_day, reply.last_day, zone)


def _incoming(placement: Placement) -> plan.Incoming:
    message = placement.message
    to = [address for field in ("to", "cc") for _, address in message.recipients.get(field, ())]
    return plan.Incoming(message.from_address, to, message.received_at, message.sent_at, message.facts)


def _binned(placements: Sequence[Placement]) -> set[int]:
    """Messages that a rule has thrown away by now, or that lie nowhere any more."""
    ids = {one.message_id for one in placements}
    lying = Placement.objects.filter(message__in=ids, shown=True).values_list("message_id", "folder__role")
    by_message: dict[int, set[str]] = {}
    for message_id, role in lying:
        by_message.setdefault(message_id, set()).add(role)
    return {pk for pk in ids if not by_message.get(pk) or by_message[pk] & _UNWANTED}


class _Writing:
    """One run's answers of a mailbox: who writes, how many more, and who has had one."""

    def __init__(self, account: MailAccount, reply: AutoReply) -> None:
        self._account, self._reply = account, reply
        mine = Identity.objects.select_related(
            *("account__outgoing_server", "account__user", "outgoing_server", "user")
        ).filter(account=account, verified_at__isnull=False)
        self._identities = {comparable(one.address): one for one in mine}
        today = AutoReplied.objects.filter(account=account, at__gt=timezone.now() - _DAY).count()
        self.room = max(plan.MOST_A_DAY - today, 0) if self._identities else 0

    def people(self, writers: Iterable[str]) -> plan.People:
        user = self._account.user
        mine = {*map(comparable, addresses_of(user.pk))}
        known = known_addresses(user.pk, writers) if self._reply.contacts_only else None
        return plan.People(self._identities.keys(), mine, known)

    def write(self, placement: Placement, mail: plan.Incoming) -> bool:
        """Put the answer into the outbox, unless its reader has had one, or there is no room for it."""
        sender, sent_to = comparable(mail.sender)[:320], comparable(plan.answer_to(mail))[:320]
        addressed = plan.addressed_as(mail.to, self._identities.keys())
        if not self.room or addressed is None or self._told & {sender, sent_to}:
            return False
        identity = self._identities[addressed]
        if allowance.server_of(identity) is None or allowance.sending_room(identity).is_tight:
            # The other half of a day's limit is for what people write.
            return False
        try:
            letter = self._letter(placement, identity, plan.answer_to(mail))
        except ValueError as error:
            # RFC 5321 allows addresses that nothing can be written to.
            logger.info("Message %s cannot be answered: %s", placement.message_id, error)
            return False
        AutoReplied.objects.create(
            account=self._account, message_id=placement.message_id, outgoing=letter, sender=sender, sent_to=sent_to
        )
        self.room -= 1
        self._told |= {sender, sent_to}
        return True

    @cached_property
    def _told(self) -> set[str]:
        """RFC 5230 §4.1: who has had an answer. By both addresses of a writer, as that of the envelope may be
        another one each time (VERP)."""
        since = timezone.now() - timedelta(days=plan.SILENT_DAYS)
        pairs = AutoReplied.objects.filter(account=self._account, at__gt=since).values_list("sender", "sent_to")
        return {address for pair in pairs for address in pair}

    def _letter(self, placement: Placement, identity: Identity, to: str) -> Outgoing:
        message, name = placement.message, f"{uuid4()}@{message_domain(identity)}"
        subject = self._subject(message.subject)
        built = build_message(
            Composition(
                sender=Address(identity.name, identity.address),
                to=(Address("", to),),
                cc=(),
                bcc=(),
                subject=subject,
                text=self._reply.text,
                html=clean_outgoing(self._reply.html),
                message_id=name,
                date=timezone.now(),
                reply_to=(Address("", identity.reply_to),) if identity.reply_to else (),
                in_reply_to=message.message_id,
                references=reply_references(message.message_id, message.references, message.in_reply_to),
                auto_submitted="auto-replied",
            )
        )
        return queueing.queue_automatic(
            identity, message_id=name, raw=built.raw, recipients=built.recipients, subject=subject, original=message
        )

    def _subject(self, theirs: str) -> str:
        """In the person's language."""
        if self._reply.subject:
            return self._reply.subject
        with translation.override(self._account.user.language or settings.LANGUAGE_CODE):
            words = one_line(theirs[:500])
            return _("Automatic reply: %(subject)s") % {"subject": words} if words else _("Automatic reply")


def forget_old() -> int:
    return AutoReplied.objects.filter(at__lt=timezone.now() - _KEPT).delete()[0]
