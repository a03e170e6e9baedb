"""``manage.py makevaultkey``: a new key for HERON_VAULT_KEYS on standard output."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts import vault


class Command(BaseCommand):
    help = "Make a key for the vault that keeps mail passwords. Put it in front of the others in HERON_VAULT_KEYS."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(vault.make_key())
        self.stderr.write(
            "Put this key in front of those in HERON_VAULT_KEYS, restart Heron, run `manage.py rotatesecrets`, and "
            "only then remove the old key. Keep a copy apart from the database: without it stored passwords are lost."
        )
