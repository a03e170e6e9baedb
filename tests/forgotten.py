"""What the workers do of who leaves, at once and to the end."""

from accounts.models import Departure
from mailsync.store.forgetting import forget


def forget_all() -> None:
    """Until nothing is left of anybody, or any mailbox, that leaves."""
    for departure in Departure.objects.all():
        while forget(departure.pk):
            pass
    assert not Departure.objects.exists()
