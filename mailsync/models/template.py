"""Ready-made texts that a person keeps, with their files. Database room."""

from django.db import models
from django.db.models.functions import Lower

from mailsync.models.outgoing import AttachedFile


class MailTemplate(models.Model):
    """Words to begin or go on with. ``body`` is clean HTML with neither signature nor quoted original."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="mail_templates")
    name = models.CharField(max_length=100)
    subject = models.TextField(blank=True)
    body = models.TextField(blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint("user", Lower("name"), name="mail_template_once")]


class TemplateFile(AttachedFile):
    """A file that comes along; ``content_id`` is set for a picture among the words."""

    template = models.ForeignKey(MailTemplate, models.CASCADE, related_name="files")
