"""A person leaves, or one of their mailboxes: shut and hidden at once, and a row for whoever deletes. Database room.

Deleting takes as long as there is mail, so no request waits for it: what lets somebody in, and what opens their
mailboxes, goes here; the rest is taken away slice by slice (``mailsync.store.forgetting``).
"""

from uuid import uuid4

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.db.models import Q
from django.dispatch import Signal

from accounts.models import Credential, Departure, Identity, MailAccount, OwnCertificate, User
from accounts.sessions import end_sessions

#: Sent with ``user`` once nobody can be them any more, in the transaction that says so.
leaving = Signal()
#: RFC 2606 §2: no address ends so. Who leaves has such a one, so that theirs is free at once.
_NOWHERE = "being-deleted.invalid"


def is_last_administrator(user: User) -> bool:
    """Whether nobody could administer this Heron without them."""
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    return user.is_superuser and not others.exists()


@transaction.atomic
def begin_leaving(user: User) -> None:
    """From now on they are nobody here: no way in, nothing fetched or sent, their address free for whoever comes."""
    Departure.objects.get_or_create(user=user, defaults={"address": user.email})
    user.email = f"{user.pk}@{_NOWHERE}"
    user.is_active = user.is_staff = user.is_superuser = False
    user.set_unusable_password()
    user.save(update_fields=["email", "is_active", "is_staff", "is_superuser", "password"])
    end_sessions(user)
    for way_in in (EmailAddress, SocialAccount, Authenticator):
        way_in.objects.filter(user=user).delete()
    Credential.objects.filter(Q(account__user=user) | Q(server__user=user)).delete()
    OwnCertificate.objects.filter(user=user).delete()
    leaving.send(sender=User, user=user)


@transaction.atomic
def part_with(account: MailAccount) -> User:
    """The mailbox is no longer its person's: a nobody owns it, without its secrets, until it is gone. Returns them."""
    nobody = User(email=f"{uuid4().hex}@{_NOWHERE}", is_active=False)
    nobody.set_unusable_password()
    nobody.save()
    Departure.objects.create(user=nobody, address=account.address, is_person=False)
    Identity.objects.filter(account=account).update(user=nobody)
    Credential.objects.filter(account=account).delete()
    account.user, account.outgoing_server = nobody, None
    account.save(update_fields=["user", "outgoing_server"])
    return nobody
