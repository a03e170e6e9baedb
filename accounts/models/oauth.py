"""Heron's registrations at providers that let mail programs in by OAuth 2. Database room.

One row a provider, made by the administrator (docs/oauth.md). What is left empty comes from the known
providers of ``accounts/oauth.py``; the client's secret is kept in the vault.
"""

from django.core.validators import URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts import oauth, vault

_URL = URLValidator(schemes=["https", "http"])


class OAuthApp(models.Model):
    """The registration whose ``key`` a row of the provider table names as its ``oauth``."""

    key = models.SlugField(
        _("key"),
        max_length=40,
        unique=True,
        help_text=_("google, microsoft, yahoo, aol, fastmail, yandex or mailru; for another provider a word of yours."),
    )
    name = models.CharField(_("name"), max_length=60, help_text=_("As people know the provider: Google, Microsoft."))
    enabled = models.BooleanField(_("offered to people"), default=True)
    client_id = models.CharField(_("client id"), max_length=255)
    secret_ciphertext = models.BinaryField(default=b"", editable=False)
    issuer = models.CharField(
        _("issuer"),
        max_length=500,
        blank=True,
        validators=[_URL],
        help_text=_("Of an OpenID Connect provider: its endpoints are looked up there when they are left empty below."),
    )
    authorize_url = models.CharField(_("authorisation endpoint"), max_length=500, blank=True, validators=[_URL])
    token_url = models.CharField(_("token endpoint"), max_length=500, blank=True, validators=[_URL])
    revoke_url = models.CharField(_("revocation endpoint"), max_length=500, blank=True, validators=[_URL])
    scopes = models.CharField(_("scopes"), max_length=500, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("OAuth registration")
        verbose_name_plural = _("OAuth registrations")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def endpoints(self) -> oauth.Endpoints:
        """Where to ask, and for what: the row's own words before the known ones."""
        known = oauth.KNOWN.get(self.key, oauth.Endpoints("", "", "", "openid email offline_access"))
        return oauth.Endpoints(
            self.authorize_url or known.authorize_url,
            self.token_url or known.token_url,
            self.revoke_url or known.revoke_url,
            self.scopes or known.scopes,
            known.extra,
        )

    @property
    def context(self) -> bytes:
        return f"oauthapp:{self.key}".encode()

    def set_secret(self, secret: str) -> None:
        self.secret_ciphertext = vault.encrypt(secret.encode(), self.context) if secret else b""

    def reveal(self) -> str:
        """The client's secret; empty for a public client. Raises ``vault.VaultError``."""
        token = bytes(self.secret_ciphertext)
        return vault.decrypt(token, self.context).decode() if token else ""


class ProviderRow(models.Model):
    """A row of the provider table that the administrator adds, or some of whose settings they override."""

    key = models.SlugField(_("key"), max_length=40, unique=True)
    settings = models.TextField(
        _("settings"),
        help_text=_(
            "As in accounts/providers.toml, one setting a line: name, domains, imap, pop3, smtp, sign_in, oauth, help."
            " What is left out stays as it is built in."
        ),
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("mail provider")
        verbose_name_plural = _("mail providers")
        ordering = ("key",)

    def __str__(self) -> str:
        return self.key
