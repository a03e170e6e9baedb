"""``manage.py reparse``: derive messages again from their stored bytes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailsync.management.accounts import account_named
from mailsync.store.reparse import reparse


class Command(BaseCommand):
    help = "Derive the facts and the text index of stored messages again, with today's parser."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", type=account_named, help="Only this mail account (its id or its address).")
        parser.add_argument("--all", action="store_true", help="Also messages that are up to date.")

    def handle(self, *args: Any, **options: Any) -> None:
        done = 0
        for count in reparse(account_id=options["account"], everything=options["all"]):
            done += count
            if done % 1000 < count:
                self.stdout.write(f"{done} messages …")
        self.stdout.write(f"{done} messages reparsed.")
