"""Invitations: accepted, declined or left open by a letter to their organizer (iMIP, RFC 6047)."""

from uuid import uuid4

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Identity
from mailsync.actions import wake
from mailsync.actions.owned import own_message
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.message import itip
from mailsync.message.addresses import comparable
from mailsync.message.compose import build_message
from mailsync.message.facts import Composition
from mailsync.message.references import reply_references
from mailsync.models import Message, Outgoing
from mailsync.store import allowance, composition, events, queueing, replying
from mailsync.store.opening import open_message
from mailsync.types import Address


@verb
def answer_invitation(user_id: int, message_id: int, choice: itip.Choice) -> Outgoing:
    """Say yes, maybe or no. The answer leaves by mail, the choice is kept; another answer takes its place.

    Raises ``CannotDo`` for what is no invitation, for one that was cancelled or has a newer version, and where no
    address may answer; ``BodyNotFetched`` while only the header is here.
    """
    message = open_message(user_id, own_message(user_id, message_id))
    text = events.calendar_text(message)
    version = itip.read_version(text)
    if version is None or version.method != "REQUEST" or not version.organizer:
        raise CannotDo(_("This message asks for no answer."))
    standing = events.load_standing(user_id, message, version)
    if standing.kind == "cancelled":
        raise CannotDo(_("This event was cancelled; there is nothing to answer."))
    if standing.kind == "superseded":
        raise CannotDo(_("There is a newer version of this invitation. Answer that one."))
    identity = _invited_identity(user_id, message, text)
    if identity is None or allowance.server_of(identity) is None:
        raise CannotDo(_("No address is set up to answer from. Add one in the settings."))
    if comparable(identity.address) == comparable(version.organizer):
        raise CannotDo(_("This is your own event."))
    now = timezone.now()
    me = Address(identity.name, identity.address)
    subject, said = _words(choice, message.subject or "", me.name or me.address)
    name = f"{uuid4()}@{composition.message_domain(identity)}"
    try:
        built = build_message(
            Composition(
                sender=me,
                to=(Address("", version.organizer),),
                cc=(),
                bcc=(),
                subject=subject,
                text=said,
                html=None,
                message_id=name,
                date=now,
                in_reply_to=message.message_id,
                references=reply_references(message.message_id, message.references, message.in_reply_to),
                calendar=itip.build_answer(text, me, choice, now),
                calendar_method="REPLY",
            )
        )
    except ValueError as error:
        raise CannotDo(_("The organizer's address cannot be written to: %(why)s") % {"why": error}) from error
    outgoing = queueing.queue_letter(
        identity,
        message_id=name,
        raw=built.raw,
        recipients=built.recipients,
        subject=subject,
        original=message,
        why="An answer to an invitation.",
    )
    events.record_answer(user_id, version, choice, outgoing, now)
    wake.deliver_soon(outgoing.pk)
    wake.tell(user_id, "outgoing", outgoing=outgoing.pk)
    return outgoing


def _invited_identity(user_id: int, message: Message, text: str) -> Identity | None:
    """The identity that is invited; where none is by name (an alias, a list), the one that the message came to."""
    mine = Identity.objects.select_related("account").filter(user_id=user_id, verified_at__isnull=False)
    by_address = {comparable(one.address): one for one in mine}
    invited = itip.attendee_among(text, by_address.keys())
    return by_address[comparable(invited)] if invited else replying.receiving_identity(user_id, message)


def _words(choice: itip.Choice, subject: str, who: str) -> tuple[str, str]:
    """The subject and the text of an answer."""
    words = {"subject": subject, "who": who}
    if choice == "ACCEPTED":
        return _("Accepted: %(subject)s") % words, _("%(who)s has accepted this invitation.") % words
    if choice == "DECLINED":
        return _("Declined: %(subject)s") % words, _("%(who)s has declined this invitation.") % words
    return _("Maybe: %(subject)s") % words, _("%(who)s may come and has not decided yet.") % words
