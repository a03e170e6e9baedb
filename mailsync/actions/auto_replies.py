"""Automatic replies as their owner arranges them: written, switched on and off.

In: the user and what the form says. Raises ``NotYours`` and ``CannotDo``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import MailAccount
from accounts.zones import zone_of
from mailsync.actions import wake
from mailsync.actions.owned import NotYours
from mailsync.errors import CannotDo
from mailsync.message.outgoing_html import clean_draft
from mailsync.message.signatures import words_as_text
from mailsync.models import AutoReply
from mailsync.store.allowance import server_of
from mailsync.store.drafts import default_identity

#: Of the cleaned HTML, in characters.
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class AutoReplyText:
    """An automatic reply as it is to be; its plain text is made from ``html``."""

    enabled: bool
    html: str = ""
    subject: str = ""
    first_day: date | None = None
    last_day: date | None = None
    contacts_only: bool = False


@transaction.atomic
def write_auto_reply(user_id: int, account_ids: Sequence[int], wanted: AutoReplyText) -> None:
    """The same for each of these mailboxes. What came in before it was switched on is never answered."""
    accounts = _own(user_id, account_ids)
    html = clean_draft(wanted.html)
    if len(html) > _MOST:
        raise CannotDo("This answer is too long: shorten it, or copy less of its formatting.", field="text")
    text = words_as_text(html).strip()
    _check(wanted, text, accounts)
    for account in accounts:
        reply = AutoReply.objects.select_for_update().filter(account=account).first() or AutoReply(account=account)
        was_on = reply.enabled
        reply.enabled, reply.contacts_only = wanted.enabled, wanted.contacts_only
        reply.first_day, reply.last_day = wanted.first_day, wanted.last_day
        reply.subject, reply.text, reply.html = " ".join(wanted.subject.split())[:200], text, html
        if reply.enabled and not was_on:
            reply.switched_on_at = timezone.now()
        reply.save()
        wake.tell(user_id, "account", account=account.pk)


def _check(wanted: AutoReplyText, text: str, accounts: Sequence[MailAccount]) -> None:
    first, last = wanted.first_day, wanted.last_day
    if first is not None and last is not None and last < first:
        raise CannotDo(_("The last day is before the first."), field="last_day")
    if not wanted.enabled:
        return
    if not text:
        raise CannotDo(_("Write what is to be answered."), field="text")
    today = timezone.now().astimezone(zone_of(accounts[0].user.timezone)).date()
    if last is not None and last < today:
        raise CannotDo(_("The last day is over. Choose a later one, or none."), field="last_day")
    for account in accounts:
        identity = default_identity(account.user_id, account.pk)
        if identity is None or server_of(identity) is None:
            raise CannotDo(
                _("Nothing can be sent from %(account)s: add an outgoing server in its settings.")
                % {"account": account}
            )


@transaction.atomic
def switch_off_auto_reply(user_id: int, account_id: int) -> None:
    """The words stay for the next time. Twice is no error."""
    (account,) = _own(user_id, [account_id])
    if AutoReply.objects.filter(account=account, enabled=True).update(enabled=False):
        wake.tell(user_id, "account", account=account.pk)


def _own(user_id: int, account_ids: Sequence[int]) -> list[MailAccount]:
    found = list(MailAccount.objects.filter(user_id=user_id, pk__in=account_ids).select_related("user"))
    if not found or len(found) != len(set(account_ids)):
        raise NotYours("account")
    return found
