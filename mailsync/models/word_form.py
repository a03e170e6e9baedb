"""Which forms of words an account's mail has. Database room."""

from typing import ClassVar

from django.db import models


class WordForm(models.Model):
    """A word that messages in ``language`` have and that is not its own stem; an empty one for the language itself.

    It may stand here twice, written by two workers at once: unique, each would wait for the other's batch. It stays
    when the last message with it goes, until the account goes.
    """

    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="+", db_index=False)
    language = models.CharField(max_length=2)
    stem = models.CharField(max_length=64, blank=True)
    word = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["account", "language", "stem", "word"], name="word_form_stem")
        ]
