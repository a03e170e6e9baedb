"""The mailsync app: mail, from wire to tables and back."""

from django.apps import AppConfig


class MailsyncConfig(AppConfig):
    name = "mailsync"
    verbose_name = "Mail"

    def ready(self) -> None:
        """Give the only door to the outside its doorkeeper; without one it stays shut."""
        from mailsync.protocol import egress
        from mailsync.store.egress import switches

        egress.guard = switches.check
