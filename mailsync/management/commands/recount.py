"""``manage.py recount``: audit and correct the counts of folders and conversations."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailsync.store.audit import recount


class Command(BaseCommand):
    help = "Count folders and conversations anew and say which counts were wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", type=int, help="Only this mail account (its id).")

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        for correction in recount(options["account"]):
            wrong += 1
            self.stdout.write(
                f"{correction.path}: total, unread, bodies pending were {correction.before}, are {correction.after}"
            )
        self.stdout.write(f"{wrong} folders corrected." if wrong else "All counts were right.")
