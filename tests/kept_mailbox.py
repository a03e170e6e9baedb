"""The sample mailbox, filled once and then copied inside the database: the same rows, of new ids and as new as before.

Reading and indexing its messages takes over a second, a copy some milliseconds; a browser's tests want it afresh each.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction

from accounts.models import MailAccount, User
from mailsync.models import AccountSync, Folder, Lease
from tests.sample_mailbox import fill

_SCHEMA = "kept_mailbox"
#: Afterwards it is filled anew: dates in the text of messages drift from those of their rows.
_LONGEST = timedelta(hours=1)


class KeptMailbox:
    """Of one test database. ``fill`` is given an account without mail whose address is always the same."""

    def __init__(self, newest: int) -> None:
        self._newest = newest
        self._filled_at: datetime | None = None
        self._models: list[type[models.Model]] = []

    def fill(self, account: MailAccount) -> dict[str, Folder]:
        now = datetime.now(UTC)
        if self._filled_at is None or now - self._filled_at > _LONGEST:
            folders = fill(account, now=now, newest=self._newest)
            self._keep()
            self._filled_at = now
            return folders
        self._copy(account, now - self._filled_at)
        return {folder.path: folder for folder in Folder.objects.filter(account=account).select_related("account")}

    def _keep(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {_SCHEMA} CASCADE")
            cursor.execute(f"CREATE SCHEMA {_SCHEMA}")
            self._models = [model for model in _tables_of_mail() if model._default_manager.exists()]
            for model in self._models:
                table = model._meta.db_table
                cursor.execute(f"CREATE UNLOGGED TABLE {_SCHEMA}.{table} AS TABLE {table}")

    @transaction.atomic
    def _copy(self, account: MailAccount, older: timedelta) -> None:
        with connection.cursor() as cursor:
            # The rows come in the order of no dependency, and what they point to comes with them.
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("SELECT max(last_value) FROM pg_sequences WHERE schemaname = current_schema()")
            values = {"beyond": cursor.fetchone()[0] or 0, "account": account.pk, "user": account.user_id}
            for model in self._models:
                table = model._meta.db_table
                names = ", ".join(connection.ops.quote_name(one.column) for one in model._meta.concrete_fields)
                copied = ", ".join(_copied(one) for one in model._meta.concrete_fields)
                cursor.execute(
                    f"INSERT INTO {table} ({names}) SELECT {copied} FROM {_SCHEMA}.{table}", {**values, "older": older}
                )
                if isinstance(model._meta.pk, models.AutoField):
                    cursor.execute(
                        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest(max(id), %(beyond)s, 1))"
                        f" FROM {table}",
                        values,
                    )


def _tables_of_mail() -> Iterator[type[models.Model]]:
    """Without an account's schedule, which comes with the account, and without who works on it: nobody does."""
    for model in apps.get_app_config("mailsync").get_models():
        if model not in (AccountSync, Lease):
            yield model


def _copied(field: models.Field[object, object]) -> str:
    """What a column of the copy holds: ids beyond all that were given out, the new account, and times moved on."""
    column = connection.ops.quote_name(field.column)
    target = field.related_model
    if target is MailAccount:
        return "%(account)s"
    if target is User:
        return "%(user)s"
    if target is not None or isinstance(field, models.AutoField):
        assert target is None or target._meta.app_label == "mailsync", field
        return f"{column} + %(beyond)s"
    if isinstance(field, ArrayField) and isinstance(field.base_field, models.BigIntegerField):
        return f"ARRAY(SELECT one + %(beyond)s FROM unnest({column}) AS one)"
    if isinstance(field, models.DateTimeField):
        return f"{column} + %(older)s"
    return column
