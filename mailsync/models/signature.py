"""The pictures of a person's signatures. Database room; the words stand with the identity."""

from django.db import models

from mailsync.models.outgoing import AttachedFile


class SignaturePicture(AttachedFile):
    """A picture that a signature shows by its ``content_id``, under which it goes with each message, too."""

    identity = models.ForeignKey("accounts.Identity", models.CASCADE, related_name="signature_pictures")
    created_at = models.DateTimeField(auto_now_add=True)
