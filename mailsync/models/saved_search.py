"""Searches that a person keeps. Database room."""

from django.db import models
from django.db.models.functions import Lower

from mailsync.models.folder import Folder


class SavedSearch(models.Model):
    """A query under a name, as it is typed; ``folder`` where it is kept to one. Asked anew whenever it is opened.

    ``lost_folder`` is the name of the folder that it was kept to, if that is gone: it looks everywhere since.
    """

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="saved_searches")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500)
    folder = models.ForeignKey(Folder, models.SET_NULL, null=True, related_name="+")
    lost_folder = models.TextField(blank=True, default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint("user", Lower("name"), name="saved_search_once")]
