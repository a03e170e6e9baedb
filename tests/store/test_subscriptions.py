"""However large a mailbox: its mailing lists are found by what they write, and by nothing else."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from mailsync.models import Message
from mailsync.store.subscriptions import count_since, load_subscriptions
from tests.factories import make_account
from tests.store.big_folder import fill
from tests.store.test_listing_size import measure

LARGE = 20_000
#: Of so many senders, so many letters each.
SENDERS, EACH = 30, 20


@pytest.mark.django_db
@pytest.mark.parametrize("counted", [True, False], ids=["counted", "just filled"])
def test_only_mail_of_lists_is_read(counted: bool) -> None:
    account = make_account()
    folder = fill(account, "INBOX", LARGE, analyze=counted)
    written = Message.objects.filter(account=account).order_by("-received_at").values_list("pk", flat=True)
    for number, pk in enumerate(written[: SENDERS * EACH]):
        Message.objects.filter(pk=pk).update(
            from_address=f"News{number % SENDERS}@shop.test", facts={"list_unsubscribe": ["https://shop.test/leave"]}
        )
    if counted:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE mailsync_message")
    found, read = measure(lambda: load_subscriptions(account.user_id, limit=1000))
    assert len(found) == SENDERS
    assert max(read) <= SENDERS * EACH * 3
    assert {one.message.from_address.lower() for one in found} == {f"news{n}@shop.test" for n in range(SENDERS)}
    newest = found[0].message
    since, (read,) = measure(lambda: count_since(newest, datetime(2000, 1, 1, tzinfo=UTC)))
    assert (since, read) == (EACH, EACH)
    assert folder.total == LARGE
