"""A person leaves, and everything of theirs with them: a user flows in, nothing is left. Database room.

What other rooms keep of a person is theirs to forget first, table by table: Django's own cascade would load every
message of every mailbox, and the admin would show them by name before it did.
"""

from django.db import transaction
from django.dispatch import Signal

from accounts.models import User
from accounts.sessions import end_sessions

#: Sent with ``user`` before the rows go.
leaving = Signal()


def is_last_administrator(user: User) -> bool:
    """Whether nobody could administer this Heron without them."""
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    return user.is_superuser and not others.exists()


@transaction.atomic
def delete_person(user: User) -> None:
    end_sessions(user)
    leaving.send(sender=User, user=user)
    user.delete()
