"""How much mail of an account is kept here, told without reading it. Database room."""

from django.db import models
from django.db.models.functions import Now


class MailSum(models.Model):
    """What a transaction brought of an account's mail, or took away: what is kept is the sum of an account's lines.

    Lines are only ever added, so that no writer waits for another; ``store.mail_sums`` puts old ones together.
    """

    # Its rows are found by the index below, which begins with it.
    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=Now())
    messages = models.BigIntegerField(default=0, help_text="Rows of Message.")
    bodies = models.BigIntegerField(default=0, help_text="Rows of RawMessage.")
    size_bytes = models.BigIntegerField(default=0, help_text="Of these bodies.")

    class Meta:
        indexes = [models.Index(fields=["account", "at"], name="mail_sum_account")]
