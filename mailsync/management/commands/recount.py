"""``manage.py recount``: audit and correct the counts of folders and conversations, and the sums of accounts."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailsync.store.audit import recount, recount_sums


class Command(BaseCommand):
    help = "Count folders, conversations and accounts anew and say which counts were wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", type=int, help="Only this mail account (its id).")

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        for correction in recount(options["account"]):
            wrong += 1
            self.stdout.write(
                f"{correction.path}: total, unread, bodies pending were {correction.before}, are {correction.after}"
            )
        if wrong:
            self.stdout.write(f"{wrong} folders corrected.")
        for account, size in recount_sums(options["account"]):
            wrong += 1
            self.stdout.write(
                f"{account}: {size.messages} messages, {size.bodies} bodies, {size.size_bytes} bytes were not counted"
            )
        if not wrong:
            self.stdout.write("All counts were right.")
