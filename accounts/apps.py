"""The accounts app: people, their mail accounts and the secrets of both."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"
