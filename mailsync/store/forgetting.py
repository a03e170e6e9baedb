"""All that is kept of who leaves, deleted slice by slice while nobody waits for it. Database room.

Each slice is one short transaction, with whatever hangs on its rows, and holds off the next worker for a while. What is
left is found anew each time, so a run may end, be killed or meet another anywhere. First goes what grows with the mail;
what is left then is little, and goes with its person.
"""

import logging
import time
from datetime import timedelta

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Model
from django.db.models.functions import Now

from accounts.models import Departure, MailAccount, SecurityEvent, User
from mailsync.models import (
    Act,
    AutoReplied,
    Blob,
    BodyPiece,
    Change,
    Contact,
    ContactAddress,
    Device,
    Draft,
    Folder,
    FollowUp,
    LabelChange,
    MailSum,
    Message,
    MessageRow,
    Outgoing,
    PopMessage,
    RawMessage,
    RenderedBody,
    SignaturePicture,
    SyncRun,
    TemplateFile,
    Thread,
    ThreadDecision,
    ThreadReference,
    ThreadRow,
    Upload,
    UploadPiece,
    WebhookCall,
    WordForm,
)
from mailsync.store import leases
from mailsync.store.saved_searches import widen_searches
from mailsync.store.statistics import renew_plans

logger = logging.getLogger(__name__)

#: Rows in one transaction, besides what hangs on them.
SLICE_ROWS = 500
#: A run ends by itself, so that one large mailbox holds no worker for long.
RUN_SECONDS = 15.0
#: A run that has not written for so long has died.
RECLAIM_SECONDS = 120

#: By what leads to the user, or to the account. What grows with use, so that no transaction is long.
_OF_PERSON: tuple[tuple[type[Model], str], ...] = (
    (Draft, "user"),
    (UploadPiece, "upload__user"),
    (Upload, "user"),
    (Act, "user"),
    (ContactAddress, "user"),
    (Contact, "user"),
    (SecurityEvent, "user"),
    (SignaturePicture, "identity__user"),
    (TemplateFile, "template__user"),
    (Blob, "user"),
)
_OF_ACCOUNT: tuple[tuple[type[Model], str], ...] = (
    (Outgoing, "account"),  # First, as it must not be sent.
    (Change, "account"),
    (AutoReplied, "account"),
    (SyncRun, "account"),
    (PopMessage, "account"),
    (BodyPiece, "folder__account"),
    (RenderedBody, "account"),
    (WordForm, "account"),
    (MessageRow, "folder__account"),
    (ThreadRow, "folder__account"),
    (Message, "account"),
    (LabelChange, "account"),  # What the placements have left.
    (RawMessage, "account"),
    (MailSum, "account"),
    (ThreadReference, "account"),
    (ThreadDecision, "account"),
    (Thread, "account"),
    (Folder, "account"),
)


def stop(user: User) -> None:
    """Whoever works for them commits nothing more, and no browser of theirs is told of anything."""
    for account_id in user.mail_accounts.values_list("pk", flat=True):
        leases.revoke(account_id)
    Device.objects.filter(user=user).delete()


def let_go(account: MailAccount, nobody: User) -> None:
    """What is its person's and points into a mailbox that leaves lets go of it; what is the mailbox's goes with it.

    Drafts are kept, and what other accounts answered it with.
    """
    own = {"account": account.pk}
    Draft.objects.filter(original__account=account).update(original=None)
    Draft.objects.filter(placement__account=account).update(placement=None)
    Draft.objects.filter(identity__account=account).update(identity=None)
    Outgoing.objects.filter(identity__account=account).exclude(**own).update(identity=None)
    Outgoing.objects.filter(original__account=account).exclude(**own).update(original=None)
    Outgoing.objects.filter(**own).update(user=nobody)
    FollowUp.objects.filter(outgoing__account=account).update(user=nobody)
    SignaturePicture.objects.filter(identity__account=account).delete()
    Upload.objects.filter(import_into__account=account).delete()
    WebhookCall.objects.filter(message__account=account).delete()
    widen_searches(Folder.objects.filter(account=account))
    leases.revoke(account.pk)


def claim_departures(*, limit: int = 50) -> list[int]:
    """Users to be deleted; each is given out once, and again only when its run has died."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE accounts_departure d SET due_at = clock_timestamp() + make_interval(secs => %(reclaim)s) FROM (
                SELECT user_id FROM accounts_departure WHERE due_at <= clock_timestamp()
                 ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
            ) AS due WHERE d.user_id = due.user_id RETURNING d.user_id
            """,
            {"limit": limit, "reclaim": RECLAIM_SECONDS},
        )
        return [row[0] for row in cursor.fetchall()]


def forget(user_id: int, *, run_seconds: float = RUN_SECONDS) -> bool:
    """Go on deleting a user who leaves. True when there is more to do; False when all is gone, or another is at it."""
    until = time.monotonic() + run_seconds
    renew_plans(SLICE_ROWS)
    accounts = list(MailAccount.objects.filter(user=user_id).values_list("pk", flat=True))
    tables = [(model, path, user_id) for model, path in _OF_PERSON]
    tables += [(model, path, account_id) for account_id in accounts for model, path in _OF_ACCOUNT]
    try:
        for model, path, owner_id in tables:
            while (deleted := _slice(user_id, model, path, owner_id)) is not None:
                if deleted and time.monotonic() >= until:
                    return True
                if deleted < SLICE_ROWS:
                    break
            else:
                return False
        _finish(user_id)
    except IntegrityError as error:
        # Who had begun before wrote one more row; it is found when the clock comes round.
        logger.warning("Deleting user %s met another writer: %s", user_id, error)
    except OperationalError as error:
        if not leases.is_passing(error):
            raise
        logger.info("Deleting user %s gave way to another writer: %s", user_id, error)
        return True
    return False


@transaction.atomic
def _slice(user_id: int, model: type[Model], path: str, owner_id: int) -> int | None:
    """Some rows of one table, and what hangs on them. Returns how many; None where this user is not ours to delete."""
    if not _hold(user_id):
        return None
    rows = model._default_manager.filter(**{path: owner_id})
    found = list(rows.order_by().values_list("pk", flat=True)[:SLICE_ROWS])
    if model is Thread:
        Thread.objects.filter(whole__in=found).update(whole=None)
    # Without their columns: among these are the bytes of messages.
    model._default_manager.filter(pk__in=found).only("pk").delete()
    return len(found)


@transaction.atomic
def _finish(user_id: int) -> None:
    if _hold(user_id):
        User.objects.filter(pk=user_id).delete()


def _hold(user_id: int) -> bool:
    """Whether this user is leaving and no other worker deletes a slice just now; keeps the clock away for a while."""
    if Departure.objects.select_for_update(skip_locked=True).filter(pk=user_id).first() is None:
        return False
    Departure.objects.filter(pk=user_id).update(due_at=Now() + timedelta(seconds=RECLAIM_SECONDS))
    return True
