"""``manage.py syncaccount``: bring one account into step here and now, and with ``--verify`` distrust all cursors."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import MailAccount
from mailsync.engine.pull import Outcome, pull_account, pull_bodies
from mailsync.management.accounts import account_named
from mailsync.models import AccountSync, Folder
from mailsync.store.folders import distrust


class Command(BaseCommand):
    help = "Fetch one account's mail now; --verify compares every UID and flag with the server and repairs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account", type=account_named, help="The mail account: its id or its address.")
        parser.add_argument("--verify", action="store_true", help="Compare UIDs and flags of every folder.")

    def handle(self, *args: Any, **options: Any) -> None:
        account = MailAccount.objects.get(pk=options["account"])
        if options["verify"]:
            distrust(account.pk)
        self._finish(account, pull_account(account.pk), "folders")
        self._finish(account, pull_bodies(account.pk), "bodies")
        for folder in Folder.objects.filter(account=account, missing_since__isnull=True).order_by("path"):
            state = f"parked: {folder.last_error}" if folder.parked_at else "in step"
            if folder.is_local:
                self.stdout.write(f"{folder.path}: {folder.total} shown, {folder.unread} unread; kept here alone")
                continue
            self.stdout.write(
                f"{folder.path}: {folder.total} shown, {folder.unread} unread, server has {folder.exists_seen}, "
                f"{folder.holes.count()} holes, {folder.bodies_pending} bodies to come; {state}"
            )

    def _finish(self, account: MailAccount, outcome: Outcome, what: str) -> None:
        while outcome is Outcome.MORE:
            self.stdout.write(f"{account}: {what}, next slice …")
            outcome = pull_account(account.pk) if what == "folders" else pull_bodies(account.pk)
        if outcome is Outcome.BUSY:
            raise CommandError(f"A worker is busy with {account} just now. Try again in a moment.")
        if outcome is Outcome.FAILED:
            sync = AccountSync.objects.get(account=account)
            raise CommandError(f"{account}: {sync.last_error}")
        if outcome is Outcome.IDLE and what == "folders":
            raise CommandError(
                f"{account} is paused, its user is inactive, or its server wants more time between logins."
            )
