"""Identities of a mail account: an address flows in, one that may be sent as flows out once it is proved.

Database room, and the site's own outgoing mail. An account's own address is proved by its login; any
other address is proved by a link mailed to it, as nobody may send in the name of somebody else.
"""

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts import security_log
from accounts.models import Identity, MailAccount, SecurityEvent, User

_SALT = "accounts.identities"
LINK_SECONDS = 3 * 86_400
#: Of one person: what is typed here is anybody's address, and nobody is to be pestered with links.
_LINKS_A_DAY = 20


class AddressTaken(ValueError):
    """The account has an identity with this address already."""


class TooManyLinks(Exception):
    """So many were mailed for this person today that no further one is."""


def add_identity(account: MailAccount, address: str, name: str = "") -> Identity:
    """A further identity of an account, not yet proved. Raises ``AddressTaken``."""
    try:
        with transaction.atomic():
            return Identity.objects.create(user=account.user, account=account, address=address, name=name)
    except IntegrityError as error:
        raise AddressTaken(address) from error


def send_proof(identity: Identity, request: HttpRequest | None = None) -> None:
    """Mail the link that proves the address, and write so into its person's log. Raises ``TooManyLinks``, and what the
    mail backend raises when it cannot."""
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=identity.user_id)
        lately = timezone.now() - timedelta(days=1)
        told = SecurityEvent.objects.filter(user=user, kind=SecurityEvent.Kind.IDENTITY, created_at__gt=lately)
        if told.count() >= _LINKS_A_DAY:
            raise TooManyLinks
        security_log.record(SecurityEvent.Kind.IDENTITY, user, request, detail=identity.address)
    token = signing.dumps({"identity": identity.pk, "address": identity.address}, salt=_SALT)
    context = {
        "identity": identity,
        "link": f"{settings.HERON_BASE_URL}{reverse('identity_confirm', args=[token])}",
        "site": settings.HERON_BASE_URL,
        "days": LINK_SECONDS // 86_400,
    }
    subject = render_to_string("account/email/identity_subject.txt", context).strip()
    send_mail(subject, render_to_string("account/email/identity_message.txt", context), None, [identity.address])


def identity_of_proof(user: User, token: str) -> Identity | None:
    """The identity a link is for; None when it is too old, not ours, or for another person."""
    try:
        said = signing.loads(token, salt=_SALT, max_age=LINK_SECONDS)
    except signing.BadSignature:
        return None
    # The address too: the identity's number alone would prove whatever address stands there by then.
    return Identity.objects.filter(user=user, pk=said["identity"], address=said["address"]).first()


def confirm(identity: Identity) -> None:
    """From now on the identity may be sent as."""
    Identity.objects.filter(pk=identity.pk, verified_at=None).update(verified_at=timezone.now())


@transaction.atomic
def make_default(identity: Identity) -> bool:
    """Write from this identity unless another is chosen. False for one that is not proved."""
    if identity.verified_at is None:
        return False
    siblings = Identity.objects.select_for_update().filter(account=identity.account_id)
    siblings.filter(is_default=True).update(is_default=False)
    siblings.filter(pk=identity.pk).update(is_default=True)
    return True


def remove(identity: Identity) -> bool:
    """Forget an identity. False for the default one: an account always has one to write from."""
    deleted, _ = Identity.objects.filter(pk=identity.pk, is_default=False).delete()
    return bool(deleted)


def leading_elsewhere(identity: Identity, *addresses: str) -> list[str]:
    """Those of ``addresses`` to which nothing of this identity led, and which its person has not confirmed as theirs.

    Copies and answers that go there leave their mailboxes in silence, so whoever sets that has to be they.
    """
    own = Identity.objects.filter(user=identity.user_id, verified_at__isnull=False).values_list("address", flat=True)
    standing = Identity.objects.filter(pk=identity.pk).values_list("default_bcc", "reply_to").first() or ()
    known = {address.lower() for address in (*own, *standing)}
    return [address for address in addresses if address and address.lower() not in known]
