"""The accounts app: people, their mail accounts and the secrets of both."""

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People and mailboxes")

    def ready(self) -> None:
        """Begin to hear what the log of security events and letters tell people, and of new passwords; and read what
        the operator wrote, as it would otherwise be found out by the first person who needs it."""
        from accounts import notices, providers, push_key, security_log, sessions

        security_log.listen()
        sessions.listen()
        notices.listen()
        try:
            providers.all_providers()
        except (OSError, ValueError, TypeError) as error:  # what is no TOML is a ValueError, too
            raise ImproperlyConfigured(f"HERON_PROVIDERS_FILE cannot be read: {error}") from error
        push_key.check()
