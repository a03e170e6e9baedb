"""Of which addresses the lists know that they are a person's. Database room."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class AddressedTo(models.Model):
    """The addresses by which ``ThreadRow.to_me`` was told last, and how far that has come: NULL once it is done."""

    user = models.OneToOneField("accounts.User", models.CASCADE, primary_key=True, related_name="+")
    addresses = ArrayField(models.TextField(), default=list)
    folder = models.BigIntegerField(null=True, default=0, help_text="The folder that is being told anew.")
    thread = models.BigIntegerField(default=0, help_text="The last of its conversations that has been.")
