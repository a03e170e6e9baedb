"""All mail of an account, deleted table by table: a large mailbox goes in seconds. Database room.

Nothing is loaded and no cascade is followed: each table is one statement, and what points to a row goes before it.
"""

from django.db import transaction
from django.db.models import Model, QuerySet

from accounts.models import User
from mailsync.models import (
    Arrival,
    AutoReplied,
    BodyPiece,
    Change,
    Draft,
    EventAnswer,
    EventNotice,
    FileText,
    Folder,
    FollowUp,
    Forward,
    Hole,
    LabelChange,
    LabelTally,
    Lease,
    ListChoice,
    MailSum,
    Message,
    MessageRow,
    MessageText,
    Outgoing,
    OutgoingEvent,
    OutgoingRecipient,
    Placement,
    PopMessage,
    RawMessage,
    RenderedBody,
    RuleHit,
    Snooze,
    SyncRun,
    Thread,
    ThreadDecision,
    ThreadReference,
    ThreadRow,
    Unsubscription,
    WebhookCall,
    WordForm,
)
from mailsync.store.saved_searches import widen_searches

_OWN: tuple[tuple[type[Model], str], ...] = (
    (AutoReplied, "account"),
    (Forward, "message__account"),
    (FollowUp, "outgoing__account"),
    (OutgoingEvent, "outgoing__account"),
    (OutgoingRecipient, "outgoing__account"),
    (Outgoing, "account"),
    (Change, "account"),
    (SyncRun, "account"),
    (PopMessage, "account"),
    (MessageText, "account"),
    (EventNotice, "account"),
    (Snooze, "message__account"),
    (RuleHit, "account"),
    (WebhookCall, "message__account"),
    (Arrival, "account"),
    (ListChoice, "folder__account"),
    (BodyPiece, "folder__account"),
    (FileText, "account"),
    (WordForm, "account"),
    (RenderedBody, "account"),
    (ThreadRow, "folder__account"),
    (MessageRow, "folder__account"),
    (Hole, "folder__account"),
    (LabelTally, "account"),
    (Placement, "account"),
    (LabelChange, "account"),  # What the placements have left.
    (Message, "account"),
    (RawMessage, "account"),
    (MailSum, "account"),
    (ThreadReference, "account"),
    (ThreadDecision, "account"),
    (Thread, "account"),
    (Folder, "account"),
    (Lease, "account"),
)


@transaction.atomic
def forget_mail(account_id: int) -> None:
    """Delete everything kept here of an account's mail. Drafts, and what other accounts answered it with, are kept."""
    Draft.objects.filter(original__account=account_id).update(original=None)
    Draft.objects.filter(placement__account=account_id).update(placement=None)
    Outgoing.objects.filter(original__account=account_id).exclude(account=account_id).update(original=None)
    EventAnswer.objects.filter(outgoing__account=account_id).update(outgoing=None)
    Unsubscription.objects.filter(outgoing__account=account_id).update(outgoing=None)
    widen_searches(Folder.objects.filter(account=account_id))
    for model, path in _OWN:
        rows: QuerySet[Model] = model._default_manager.filter(**{path: account_id})
        rows._raw_delete(rows.db)


def forget_person(user: User, **_: object) -> None:
    """All mail of a person who leaves (``accounts.leaving``); the few rows beside it go with the person's own."""
    for account_id in user.mail_accounts.values_list("pk", flat=True):
        forget_mail(account_id)
    Draft.objects.filter(user=user).delete()
    Outgoing.objects.filter(user=user).delete()
