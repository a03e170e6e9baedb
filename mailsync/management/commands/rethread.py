"""``manage.py rethread``: find conversations anew from their messages."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import MailAccount
from mailsync.announce import announce_folders
from mailsync.management.accounts import account_named
from mailsync.store.rethreading import rethread


class Command(BaseCommand):
    help = (
        "Find conversations anew from their messages, while users work. What users have split or merged stays so."
        " Stopped at any point, it goes on with --account and --after as it last said."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", type=account_named, help="Only this mail account (its id or its address).")
        parser.add_argument("--after", type=int, default=0, help="Only conversations with a higher id; with --account.")
        parser.add_argument("--audit", action="store_true", help="Change nothing, only say what would change.")

    def handle(self, *args: Any, **options: Any) -> None:
        accounts = MailAccount.objects.order_by("pk").values_list("pk", flat=True)
        if options["account"] is not None:
            accounts = accounts.filter(pk=options["account"])
        elif options["after"]:
            raise CommandError("--after goes with --account: ids are counted over all accounts.")
        seen = moved = 0
        for account_id in accounts:
            for step in rethread(account_id, after=options["after"], only_look=options["audit"]):
                announce_folders(step.counts)
                seen += step.conversations
                moved += step.moved
                if step.moved or seen % 10_000 < step.conversations:
                    self.stdout.write(
                        f"account {account_id}, up to conversation {step.last}: {step.moved} messages filed anew"
                    )
        verb = "would be" if options["audit"] else "were"
        found = f"{moved} messages {verb} filed anew." if moved else "All of them were right."
        self.stdout.write(f"{seen} conversations looked at. {found}")
