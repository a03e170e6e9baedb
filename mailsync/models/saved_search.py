"""Searches that a person keeps. Database room."""

from django.db import models
from django.db.models.functions import Lower

from mailsync.models.folder import Folder


class SavedSearch(models.Model):
    """A query under a name, as it is typed; ``folder`` where it is kept to one. Asked anew whenever it is opened."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="saved_searches")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500)
    folder = models.ForeignKey(Folder, models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint("user", Lower("name"), name="saved_search_once")]
