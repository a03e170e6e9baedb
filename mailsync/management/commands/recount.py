"""``manage.py recount``: audit and correct the counts of folders, conversations, labels and accounts."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailsync.management.accounts import account_named
from mailsync.store.audit import recount, recount_sums
from mailsync.store.label_counts import LabelCorrection


class Command(BaseCommand):
    help = "Count folders, conversations, labels and accounts anew and say which counts were wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", type=account_named, help="Only this mail account (its id or its address).")

    def handle(self, *args: Any, **options: Any) -> None:
        folders = 0
        labels: set[str] = set()
        for correction in recount(options["account"]):
            if isinstance(correction, LabelCorrection):
                labels |= set(correction.keywords)
                self.stdout.write(f"Labels of account {correction.account_id}: {', '.join(correction.keywords)}")
                continue
            folders += 1
            self.stdout.write(
                f"{correction.path}: total, unread, bodies pending were {correction.before}, are {correction.after}"
            )
        if folders:
            self.stdout.write(f"{folders} folders corrected.")
        if labels:
            self.stdout.write(f"{len(labels)} labels corrected.")
        wrong = bool(folders or labels)
        for account, size in recount_sums(options["account"]):
            wrong = True
            self.stdout.write(
                f"{account}: {size.messages} messages, {size.bodies} bodies, {size.size_bytes} bytes were not counted"
            )
        if not wrong:
            self.stdout.write("All counts were right.")
