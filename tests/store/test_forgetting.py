"""A disconnected account leaves nothing behind, and nothing that points to what has gone, whatever points there."""

import pytest
from django.db import connection

from accounts.models import MailAccount
from mailsync import actions
from mailsync.models import EventAnswer, Folder, Outgoing, Unsubscription
from tests.belongings import fill_every_table
from tests.factories import make_account, make_folder, make_message, make_user

pytestmark = pytest.mark.django_db


def test_what_points_to_its_mail_goes_first_or_lets_go() -> None:
    user = make_user()
    fill_every_table(user)
    other = make_message(make_folder(make_account(user)))
    account = MailAccount.objects.filter(user=user).earliest("pk")
    actions.delete_account(user.pk, account.pk)
    # Foreign keys are checked at the end of the transaction, which a test does not reach.
    connection.check_constraints()
    assert [folder.account_id for folder in Folder.objects.all()] == [other.account_id]
    assert not Outgoing.objects.exists()
    # What was answered, and what was unsubscribed from, is still known.
    assert EventAnswer.objects.get().outgoing is None
    assert Unsubscription.objects.get().outgoing is None
