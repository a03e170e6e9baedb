"""Sending, and what can still be done about a message on its way."""

import contextlib
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.utils import timezone

from mailsync.actions import mail, sealing, wake
from mailsync.actions.owned import NotYours, own_outgoing
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.message.addresses import comparable, format_address, parse_address_list
from mailsync.message.compose import build_message, dated_anew
from mailsync.models import Draft, Message, Outgoing, OutgoingRecipient, Placement
from mailsync.store import change_log, composition, drafts, follow_ups, outbox, queueing, room
from mailsync.store.summary import lock_folders
from mailsync.types import Role

#: The server waits this much longer than the toast, so a click in its last moment still counts.
GRACE_SECONDS = 2

_WAITING = (Outgoing.State.HELD, Outgoing.State.QUEUED, Outgoing.State.DEFERRED)


@verb
def send(
    user_id: int, draft_id: int, hold_seconds: int = 10, send_at: datetime | None = None, *, archive: bool = False
) -> Outgoing:
    """Freeze the draft and put it in the outbox, held for Undo, or until ``send_at``.

    ``archive``: the conversation that is answered leaves the inbox; stopping the message brings it back.
    A second call for the same draft returns the same message. Raises ``CannotDo`` with the field to mend.
    """
    draft = Draft.objects.select_for_update(of=("self",)).filter(pk=draft_id, user_id=user_id).first()
    if draft is None:
        return _sent_already(user_id, draft_id)
    now = timezone.now()
    if send_at is not None and send_at < now:
        raise CannotDo("The time to send has passed. Choose a later one.", field="send_at")
    identity = draft.identity
    if identity is None or identity.user_id != user_id:
        raise CannotDo("Choose the address to send from.", field="identity")
    if identity.verified_at is None:
        raise CannotDo(
            f"{identity.address} is not confirmed yet. Open the link in the mail that was sent to it.", field="identity"
        )
    if (identity.outgoing_server or identity.account.outgoing_server) is None:
        raise CannotDo(
            f"No outgoing server is set up for {identity.address}. Add one in the settings.", field="identity"
        )
    message_id = f"{uuid4()}@{composition.message_domain(identity)}"
    composed = composition.compose_draft(draft, message_id=message_id, date=timezone.localtime(send_at or now))
    key = sealing.key_to_sign(draft, identity, send_at or now)
    readers = sealing.readers_of(draft, identity, composed, send_at or now)
    try:
        built = build_message(composed, key, readers)
    except ValueError as error:
        raise CannotDo(str(error)) from error
    if not built.recipients:
        raise CannotDo("Add at least one recipient.", field="to")
    _keep_to_limits(draft, len(built.recipients))
    most = room.message_limit(identity)
    if len(built.raw) > most:
        raise CannotDo(
            f"The message has {len(built.raw) / 1e6:.1f} MB as it would be sent, and {most / 1e6:.1f} MB is the most"
            " that your outgoing server takes. Remove a file, or give it as a link.",
            field="attachments",
        )
    due_at = send_at or now + timedelta(seconds=hold_seconds + GRACE_SECONDS if hold_seconds > 0 else 0)
    outgoing = queueing.queue_outgoing(
        draft,
        identity,
        message_id=message_id,
        raw=built.raw,
        raw_sent_copy=built.raw_sent_copy if built.raw_sent_copy != built.raw else None,
        recipients=built.recipients,
        due_at=due_at,
        send_at=send_at,
    )
    if archive and draft.original_id is not None:
        outgoing.archived_group = _archive_conversation(user_id, draft.original_id)
        outgoing.save(update_fields=["archived_group"])
    if draft.remind_days:
        follow_ups.wait_for(outgoing, draft.remind_days)
    outbox.note(outgoing.pk, "queued", "Waiting to be sent." if send_at is None else "Scheduled.")
    _show_stored_copy(draft.placement_id, False)
    draft.delete()
    if due_at <= now:
        outgoing.state = Outgoing.State.QUEUED
        outgoing.save(update_fields=["state"])
        wake.deliver_soon(outgoing.pk)
    _told(outgoing)
    return outgoing


def _keep_to_limits(draft: Draft, recipients: int) -> None:
    """What the administrator never allows this user; what is only too much for today waits in the outbox."""
    a_day, size = draft.user.recipients_per_day, draft.user.attachment_limit_mb
    if a_day is not None and recipients > a_day:
        raise CannotDo(
            f"Your administrator allows {a_day} recipients a day; this message has {recipients}.", field="to"
        )
    if size is not None and drafts.attachment_bytes(draft) > size * 1_000_000:
        raise CannotDo(f"Your administrator allows {size} MB of files in one message.", field="attachments")


@verb
def undo_send(user_id: int, outgoing_id: int) -> Draft:
    """Stop a message and open its draft again, with all its files. Raises ``CannotDo`` if it has left."""
    outgoing = own_outgoing(user_id, outgoing_id)
    if outgoing.state not in _WAITING or outgoing.recipients.exclude(state="pending").exists():
        raise CannotDo("This message is already on its way.")
    return _reopened(outgoing, "Stopped before it left.")


@verb
def reopen(user_id: int, outgoing_id: int) -> Draft:
    """The draft of a message that failed or was stopped, to mend and send anew."""
    outgoing = own_outgoing(user_id, outgoing_id)
    if outgoing.state not in {*_WAITING, Outgoing.State.FAILED, Outgoing.State.CANCELLED}:
        raise CannotDo("This message was sent, or may have been. Open the sent message to resend it.")
    return _reopened(outgoing, "Opened again to be changed.")


@verb
def cancel_outgoing(user_id: int, outgoing_id: int) -> Draft:
    """Like ``undo_send``: the message will not leave, its words are kept as a draft."""
    return undo_send(user_id, outgoing_id)


@verb
def reschedule(user_id: int, outgoing_id: int, send_at: datetime | None) -> Outgoing:
    """Another time for a message that waits; None sends it now."""
    outgoing = own_outgoing(user_id, outgoing_id)
    if outgoing.state not in _WAITING:
        raise CannotDo("This message is already on its way.")
    now = timezone.now()
    if send_at is not None and send_at < now:
        raise CannotDo("The time to send has passed. Choose a later one.", field="send_at")
    was_planned = outgoing.send_at is not None
    outgoing.send_at, outgoing.due_at = send_at, send_at or now
    outgoing.save(update_fields=["send_at", "due_at"])
    taken = outgoing.recipients.exclude(state=OutgoingRecipient.State.PENDING)
    if (was_planned or send_at is not None) and not taken.exists():
        _date_anew(outgoing, outgoing.due_at)
    follow_ups.leaves_at(outgoing)
    outbox.note(outgoing.pk, "queued", "Scheduled anew." if send_at else "To be sent now.")
    if send_at is None:
        wake.deliver_soon(outgoing.pk)
    _told(outgoing)
    return outgoing


def _date_anew(outgoing: Outgoing, when: datetime) -> None:
    """Its Date was that of the time before: a day ahead, a filter takes it for junk, and lists sort it wrong."""
    when = timezone.localtime(when)
    outgoing.raw = dated_anew(bytes(outgoing.raw), when)
    if outgoing.raw_sent_copy is not None:
        outgoing.raw_sent_copy = dated_anew(bytes(outgoing.raw_sent_copy), when)
    outgoing.save(update_fields=["raw", "raw_sent_copy"])


@verb
def retry_send(user_id: int, outgoing_id: int) -> Outgoing:
    """Try again now: a deferred message early, a failed one anew, an uncertain one though it may arrive twice.

    The same bytes go out, only to recipients that have not accepted them.
    """
    outgoing = own_outgoing(user_id, outgoing_id)
    allowed = {Outgoing.State.DEFERRED, Outgoing.State.FAILED, Outgoing.State.UNCERTAIN, Outgoing.State.QUEUED}
    if outgoing.state not in allowed:
        raise CannotDo("This message does not wait for another try.")
    if outgoing.state == Outgoing.State.FAILED:
        outgoing.recipients.filter(state="failed").update(state="pending", settled_at=None)
    outgoing.state, outgoing.due_at, outgoing.finished_at = Outgoing.State.QUEUED, timezone.now(), None
    outgoing.error = ""
    outgoing.save(update_fields=["state", "due_at", "finished_at", "error"])
    outbox.note(outgoing.pk, "queued", "Sent again at your word.")
    wake.deliver_soon(outgoing.pk)
    _told(outgoing)
    return outgoing


@verb
def write_to_missed(user_id: int, outgoing_id: int) -> Draft:
    """The same words and files as a new draft, to those whom a message that was sent did not reach: each in the line
    where they stood, to be mended or sent as it is."""
    outgoing = own_outgoing(user_id, outgoing_id)
    saved, identity = outgoing.draft_snapshot, outgoing.identity or drafts.default_identity(user_id)
    rows = outgoing.recipients.filter(state__in=OutgoingRecipient.MISSED)
    missed = {comparable(address) for address in rows.values_list("address", flat=True)}
    if outgoing.state not in (Outgoing.State.ACCEPTED, Outgoing.State.DONE) or not missed:
        raise CannotDo("This message has reached the mail server for everybody.")
    draft = None
    if saved is not None and identity is not None:
        people = {line: _only(saved[line], missed) for line in ("to", "cc", "bcc")}
        draft = drafts.begin_like(user_id, saved, identity, **people)
    if draft is None:
        raise CannotDo("Its words or files are not kept here any more. Open the message in Sent and write it again.")
    wake.tell(user_id, "draft", draft=draft.pk)
    return draft


def _only(line: str, wanted: Collection[str]) -> str:
    people = parse_address_list(line).addresses
    return ", ".join(format_address(one) for one in people if comparable(one.address) in wanted)


@verb
def mark_as_sent(user_id: int, outgoing_id: int) -> Outgoing:
    """The user knows that an uncertain message arrived: it is filed under Sent and not sent again."""
    outgoing = own_outgoing(user_id, outgoing_id)
    if outgoing.state != Outgoing.State.UNCERTAIN:
        raise CannotDo("Only a message that may have been sent can be marked so.")
    outbox.found_after_all(outgoing.pk, "Marked as sent by you.", all_pending=True)
    wake.deliver_soon(outgoing.pk)
    _told(outgoing)
    return outgoing


@verb
def dismiss_outgoing(user_id: int, outgoing_id: int) -> None:
    """Take a failed message off the outbox list; its row and timeline are kept, and so is a copy in Drafts."""
    outgoing = own_outgoing(user_id, outgoing_id)
    if outgoing.state != Outgoing.State.FAILED:
        raise CannotDo("Only a message that failed can be removed from this list.")
    outgoing.state = Outgoing.State.CANCELLED
    outgoing.save(update_fields=["state"])
    _show_stored_copy((outgoing.draft_snapshot or {}).get("placement"), True)
    _told(outgoing)


def _archive_conversation(user_id: int, original_id: int) -> UUID | None:
    """What lies in an inbox of the answered message's conversation. None where nothing does."""
    threads = Message.objects.filter(pk=original_id).values("thread_id")
    inbox = Placement.objects.filter(thread__in=threads, shown=True, folder__role=Role.INBOX, account__user=user_id)
    ids = list(inbox.values_list("id", flat=True))
    return mail.archive(user_id, ids).group if ids else None


def _reopened(outgoing: Outgoing, why: str) -> Draft:
    if outgoing.draft_snapshot is None:
        raise CannotDo("The draft of this message is not kept any more.")
    draft = drafts.restore(outgoing.user_id, outgoing.draft_snapshot)
    if outgoing.send_at is not None:
        draft.send_at = outgoing.send_at
        draft.save(update_fields=["send_at"])
    outgoing.state, outgoing.finished_at, outgoing.due_at = Outgoing.State.CANCELLED, timezone.now(), None
    outgoing.save(update_fields=["state", "finished_at", "due_at"])
    outbox.note(outgoing.pk, "cancelled", why)
    follow_ups.wait_no_more(outgoing.pk)
    _show_stored_copy(draft.placement_id, True)
    if outgoing.archived_group is not None:
        with contextlib.suppress(NotYours):
            mail.undo(outgoing.user_id, outgoing.archived_group)
    _told(outgoing)
    wake.tell(outgoing.user_id, "draft", draft=draft.pk)
    return draft


def _sent_already(user_id: int, draft_id: int) -> Outgoing:
    outgoing = (
        Outgoing.objects.filter(user_id=user_id, draft_snapshot__id=draft_id)
        .exclude(state=Outgoing.State.CANCELLED)
        .order_by("-id")
        .first()
    )
    if outgoing is None:
        raise NotYours("draft")
    return outgoing


def _show_stored_copy(placement_id: int | None, shown: bool) -> None:
    """The copy in the Drafts folder is out of sight while its message waits, and back when it is stopped."""
    placement = Placement.objects.filter(pk=placement_id).first() if placement_id else None
    if placement is None:
        return
    lock_folders([placement.folder_id])
    if shown:
        Placement.objects.filter(pk=placement.pk, gone_phase=0).update(shown=True)
    else:
        change_log.hide([placement])
    wake.show([placement])


def _told(outgoing: Outgoing) -> None:
    wake.tell(outgoing.user_id, "outgoing", outgoing=outgoing.pk)
