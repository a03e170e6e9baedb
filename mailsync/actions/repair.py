"""What a user does about an account that is not in step: verify it, try again what was given up for the time being.

In: the acting user's ids. Nothing is done here but marked as wanted; the workers are nudged after the commit.
"""

from django.db.models.functions import Now

from mailsync.actions import wake
from mailsync.actions.accounts import sync_now
from mailsync.actions.owned import own_account, own_folder
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.models import Change, Hole
from mailsync.store import verification


@verb
def verify_now(user_id: int, account_id: int) -> None:
    """Compare every UID and flag with the server at once, and repair what differs. Raises ``CannotDo``."""
    account = own_account(user_id, account_id)
    if account.protocol != "imap":
        raise CannotDo("A POP3 server tells no flags and no folders: there is nothing to compare with.")
    verification.ask(account.pk)
    sync_now(user_id, account_id)


@verb
def retry_folder(user_id: int, folder_id: int) -> None:
    """Visit a folder that was parked, and ask again for the messages that the server would not give."""
    folder = own_folder(user_id, folder_id)
    Hole.objects.filter(folder=folder).update(next_try_at=Now())
    type(folder).objects.filter(pk=folder.pk).update(parked_at=None, failures=0, due_at=Now())
    wake.visit_soon(folder.pk)
    wake.tell(user_id, "account", account=folder.account_id)


@verb
def retry_changes(user_id: int, account_id: int) -> None:
    """Push what waits for its next try, now."""
    account = own_account(user_id, account_id)
    Change.objects.filter(account=account, finished_at__isnull=True, state__in=Change.OPEN).update(due_at=None)
    wake.push_soon([account.pk])
