"""The mailsync app: mail, from wire to tables and back."""

from django.apps import AppConfig


class MailsyncConfig(AppConfig):
    name = "mailsync"
    verbose_name = "Mail"
