"""``manage.py restored``: run once after a backup of the database was put back, before the workers start."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from mailsync.store.outbox import doubt_waiting


class Command(BaseCommand):
    help = (
        "After a restore: what waited to be sent then may have been sent since; it is looked for in Sent first."
        " The tables are counted, so that the first pages are as quick as any."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        count = doubt_waiting()
        with connection.cursor() as cursor:
            # A dump brings no statistics along.
            cursor.execute("ANALYZE")
        self.stdout.write(f"{count} messages are looked for in Sent. Those not found wait for a word of their writers.")
