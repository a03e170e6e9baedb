"""Addresses that rules may forward mail to, as their owner arranges them: named, proved by a code, removed.

In: the user and what the form says. Out: the address. Raises ``NotYours`` and ``CannotDo``. A code is returned to be
mailed once this is committed; only its digest is kept.
"""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.address_codes import CODE_SECONDS, digest_of, is_code, make_code
from accounts.models import SecurityEvent, User
from mailsync.actions.owned import NotYours
from mailsync.errors import CannotDo
from mailsync.models import ForwardAddress
from mailsync.plan.forwards import is_own
from mailsync.store.forwards import mine

_MOST = 20
_TRIES = 5
#: Of one person: nobody is to be pestered with codes.
_CODES_A_DAY = 10


@transaction.atomic
def add_forward_address(user_id: int, address: str) -> tuple[ForwardAddress, str]:
    """A new one, not yet proved, and its code; of one that waits for its code, a new code."""
    user = User.objects.select_for_update().get(pk=user_id)
    address = address.strip()
    try:
        validate_email(address)
    except ValidationError as error:
        raise CannotDo(_("This is no email address."), field="address") from error
    if is_own(address, mine(user)):
        raise CannotDo(
            _("This is a mailbox of yours here: let a rule move the mail to one of its folders."), field="address"
        )
    known = ForwardAddress.objects.filter(user=user)
    row = known.filter(address__iexact=address).first() or ForwardAddress(user=user, address=address)
    if row.verified_at is not None:
        raise CannotDo(_("This address is confirmed already."), field="address")
    if row.pk is None and known.count() >= _MOST:
        raise CannotDo(_("There are 20 addresses already. Remove one first."), field="address")
    return row, _renew(row)


@transaction.atomic
def renew_forward_code(user_id: int, address_id: int) -> tuple[ForwardAddress, str]:
    """Another code; the one before proves nothing any more."""
    User.objects.select_for_update().get(pk=user_id)
    row = _own(user_id, address_id)
    if row.verified_at is not None:
        raise CannotDo(_("This address is confirmed already."))
    return row, _renew(row)


def _renew(row: ForwardAddress) -> str:
    # Each is a line of the log that its person reads, whatever became of the address.
    lately = timezone.now() - timedelta(days=1)
    told = SecurityEvent.objects.filter(user=row.user, kind=SecurityEvent.Kind.FORWARDING, created_at__gt=lately)
    if told.count() >= _CODES_A_DAY:
        raise CannotDo(_("Too many codes were sent today. Try again tomorrow."), field="address")
    code = make_code()
    row.code, row.code_sent_at, row.tries = digest_of(code, row.address), timezone.now(), 0
    row.save()
    return code


def confirm_forward_address(user_id: int, address_id: int, typed: str) -> bool:
    """Whether the code is the one that was mailed. Raises ``CannotDo`` where a new one is needed."""
    with transaction.atomic():
        row = _own(user_id, address_id, lock=True)
        if row.verified_at is not None:
            return True
        since = timezone.now() - timedelta(seconds=CODE_SECONDS)
        if not row.code or row.code_sent_at is None or row.code_sent_at < since or row.tries >= _TRIES:
            raise CannotDo(_("This code is used up or too old. Have a new one sent."), field="code")
        row.tries += 1
        if is_code(typed, row.address, row.code):
            row.code, row.verified_at = "", timezone.now()
        row.save()
        return row.verified_at is not None


def remove_forward_address(user_id: int, address_id: int) -> None:
    """What waits for it stays here; rules that name it are shown as paused. Twice is no error."""
    ForwardAddress.objects.filter(user_id=user_id, pk=address_id).delete()


def _own(user_id: int, address_id: int, *, lock: bool = False) -> ForwardAddress:
    rows = ForwardAddress.objects.select_for_update() if lock else ForwardAddress.objects
    row = rows.filter(user_id=user_id, pk=address_id).first()
    if row is None:
        raise NotYours("forward address")
    return row
