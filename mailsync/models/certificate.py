"""Certificates that no authority vouches for, and that an administrator has looked at. Database room."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class TrustedCertificate(models.Model):
    """One certificate for one server: asked for by a person who met it, trusted from ``approved_at`` on.

    While one is trusted, that server is known by its fingerprint alone, for everybody here."""

    host = models.CharField(_("server"), max_length=255)
    port = models.PositiveIntegerField(_("port"))
    sha256 = models.CharField(_("fingerprint"), max_length=64)
    names = ArrayField(models.CharField(max_length=200), verbose_name=_("names"), default=list)
    issuer = models.CharField(_("issued by"), max_length=200, blank=True)
    not_before = models.DateTimeField(_("valid from"), null=True)
    not_after = models.DateTimeField(_("valid until"), null=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    approved_at = models.DateTimeField(_("trusted since"), null=True)

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        ordering: ClassVar[list[str]] = ["host", "port", "-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint("host", "port", "sha256", name="trusted_certificate_once"),
            models.UniqueConstraint(
                "host", "port", condition=models.Q(approved_at__isnull=False), name="trusted_certificate_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
