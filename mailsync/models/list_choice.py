"""How a person wants a list shown. Database room."""

from typing import ClassVar

from django.db import models


class ListChoice(models.Model):
    """The filter and the order chosen last for a folder's list; no folder: the list of all inboxes."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    folder = models.ForeignKey("mailsync.Folder", models.CASCADE, null=True, related_name="+")
    show = models.CharField(max_length=16)
    sort = models.CharField(max_length=16)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "folder"], name="list_choice_once"),
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(folder__isnull=True), name="list_choice_of_all_once"
            ),
        ]
