"""The accounts app: people, their mail accounts and the secrets of both."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        """Begin to hear what the log of security events tells people."""
        from accounts import security_log

        security_log.listen()
