"""What a person searched for lately. Database room."""

from typing import ClassVar

from django.db import models


class RecentSearch(models.Model):
    """A query as it was typed; kept once, the newest few of a person."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="recent_searches")
    query = models.CharField(max_length=500)
    used_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "query"], name="recent_search_once")
        ]
