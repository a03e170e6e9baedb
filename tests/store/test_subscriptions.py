"""However large a mailbox: its mailing lists are found by what they write, and by nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from mailsync.models import Message
from mailsync.store.subscriptions import MOST_COUNTED, count_since, load_subscriptions
from tests.factories import make_account
from tests.store.big_folder import fill, forget_statistics
from tests.store.test_listing_size import measure

LARGE = 20_000
#: Of so many senders, so many letters each.
SENDERS, EACH = 30, 20
#: And of one so many, more than are counted or read.
LOUD = 5_000


@pytest.mark.django_db
@pytest.mark.parametrize("counted", ["full", "empty"])
def test_only_mail_of_lists_is_read(counted: str) -> None:
    """Also where PostgreSQL has counted the tables while nothing was there: then one pass may be read, no more."""
    account = make_account()
    if counted == "empty":
        forget_statistics()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    folder = fill(account, "INBOX", LARGE, analyze=counted == "full")
    written = Message.objects.filter(account=account).order_by("-received_at").values_list("pk", flat=True)
    offered, now = {"list_unsubscribe": ["https://shop.test/leave"]}, timezone.now()
    for number, pk in enumerate(written[: SENDERS * EACH]):
        Message.objects.filter(pk=pk).update(
            from_address=f"News{number % SENDERS}@shop.test", facts=offered, received_at=now - timedelta(hours=number)
        )
    loud = written[SENDERS * EACH : SENDERS * EACH + LOUD]
    Message.objects.filter(pk__in=list(loud)).update(from_address="bot@shop.test", facts=offered, received_at=now)
    if counted == "full":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE mailsync_message")
    found, read = measure(lambda: load_subscriptions(account.user_id, limit=1000))
    assert max(read) <= (SENDERS * EACH * 3 if counted == "full" else LARGE)
    assert (found[0].message.from_address, found[0].count) == ("bot@shop.test", MOST_COUNTED)
    assert {one.message.from_address.lower() for one in found[1:]} == {f"news{n}@shop.test" for n in range(SENDERS)}
    assert {one.count for one in found[1:]} == {EACH}
    since, (read,) = measure(lambda: count_since(found[1], datetime(2000, 1, 1, tzinfo=UTC)))
    assert since == EACH
    # Each letter, and where it lies.
    assert read <= (2 * EACH if counted == "full" else LARGE)
    assert folder.total == LARGE
