"""Who, or what, is being deleted here: hidden at once, taken away by and by. Database room."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Departure(models.Model):
    """A user who leaves. Where only a mailbox does, its ``user`` is a nobody who was made to own it until it is gone.

    Whatever is shown or worked on here is somebody's and asks whose, so a change of owner hides all of a mailbox in the
    moment in which it is disconnected.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="departure", verbose_name=_("user")
    )
    address = models.EmailField(max_length=320, verbose_name=_("address"), help_text="What it was until then.")
    is_person = models.BooleanField(default=True)
    asked_at = models.DateTimeField(auto_now_add=True, verbose_name=_("since"))
    due_at = models.DateTimeField(db_default=Now(), help_text="When a worker is to go on, if none is at it.")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["due_at"], name="departure_due")]

    def __str__(self) -> str:
        return self.address
