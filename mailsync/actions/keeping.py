"""Archive mode of an account: old mail is deleted on its server, and kept here."""

from django.utils.translation import gettext as _

from accounts.models import MailAccount
from mailsync.actions.owned import NotYours
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.store import keeping


@verb
def set_keeping(user_id: int, account_id: int, days: int | None) -> None:
    """After how many days; None: never. Raises ``NotYours`` and ``CannotDo``."""
    account = MailAccount.objects.filter(pk=account_id, user_id=user_id).first()
    if account is None:
        raise NotYours("account")
    if days is not None and days not in keeping.OFFERED_DAYS:
        raise CannotDo(_("Choose one of the numbers of days that are offered."))
    if days is not None and not keeping.may_release(account):
        raise CannotDo(_("This server cannot delete single messages safely, so archive mode is not offered."))
    keeping.save_keeping(account_id, days)
