"""A person leaves, or a mailbox is disconnected: what works for them stops, and a worker deletes what is here.

In: whom ``accounts.leaving`` has shut out. Out: nothing at work for them, and a task.
"""

from accounts import leaving
from accounts.models import MailAccount, User
from mailsync.actions import wake
from mailsync.store import forgetting


def let_leave(user: User, **_signal: object) -> None:
    """The part of mail in ``leaving.begin_leaving``."""
    forgetting.stop(user)
    wake.forget_soon(user.pk)


def disconnect(account: MailAccount) -> None:
    """The mailbox is nobody's from now on, and its mail goes by and by."""
    nobody = leaving.part_with(account)
    forgetting.let_go(account, nobody)
    wake.forget_soon(nobody.pk)
