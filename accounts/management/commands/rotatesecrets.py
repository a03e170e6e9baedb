"""``manage.py rotatesecrets``: close every stored secret with the newest key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.rotation import rotate_secrets


class Command(BaseCommand):
    help = "Encrypt all stored secrets anew with the first key of HERON_VAULT_KEYS. Safe to repeat and to interrupt."

    def handle(self, *args: Any, **options: Any) -> None:
        result = rotate_secrets()
        self.stdout.write(f"{result.rotated} secrets are now closed with the newest key.")
        if result.unreadable:
            raise CommandError(
                "These cannot be opened with any key in HERON_VAULT_KEYS: "
                + "; ".join(result.unreadable)
                + ". Put the key that closed them back, or let their owners type the password again."
            )
