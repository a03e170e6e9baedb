"""People whom a user keeps: their cards, and the addresses they are known by. Database room."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower


class Contact(models.Model):
    """A card as ``mailsync.message.vcard.VCard`` has it. ``phones`` and ``postal`` are ``[[value, label], …]``."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="contacts")
    uid = models.CharField(max_length=255, help_text="Of the card it came from, or ours: unique to this user.")
    name = models.TextField(blank=True)
    organisation = models.TextField(blank=True)
    job_title = models.TextField(blank=True)
    phones = models.JSONField(default=list)
    postal = models.JSONField(default=list)
    urls = ArrayField(models.TextField(), default=list)
    birthday = models.CharField(max_length=40, blank=True)
    note = models.TextField(blank=True)
    groups = ArrayField(models.TextField(), default=list, db_default=[], help_text="Names of groups.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "uid"], name="contact_once")]
        indexes = [models.Index("user", Lower("name"), "id", name="contact_list")]


class ContactAddress(models.Model):
    """A mail address of a contact. ``comparable`` is how it is looked for; two people may share one address."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="addresses")
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    address = models.CharField(max_length=320)
    comparable = models.CharField(max_length=320)
    label = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contact", "comparable"], name="contact_address_once")]
        indexes = [models.Index(fields=["user", "comparable"], name="contact_address")]
