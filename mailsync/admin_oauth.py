"""The administrator's page for OAuth registrations: what the provider's console gave flows in, the secret never out."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_rows import ShownAdmin
from accounts.models import OAuthApp
from mailsync.engine import tokens
from mailsync.errors import MailError


class OAuthAppForm(forms.ModelForm):  # type: ignore[type-arg]
    """The client's secret is written and never shown; left empty, the old one stays."""

    client_secret = forms.CharField(
        label=gettext_lazy("client secret"),
        required=False,
        strip=True,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Kept encrypted and never shown again. Leave it empty to keep the old one."),
    )

    class Meta:
        model = OAuthApp
        fields = [
            *("key", "name", "enabled", "client_id", "client_secret", "issuer"),
            *("authorize_url", "token_url", "revoke_url", "scopes"),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            # The secret's ciphertext is bound to the key: under another it would not open.
            self.fields["key"].disabled = True

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        issuer = data.get("issuer")
        try:
            if issuer and not (data.get("authorize_url") and data.get("token_url")):
                data["authorize_url"], data["token_url"], data["revoke_url"] = tokens.find_endpoints(issuer)
            for name in ("authorize_url", "token_url", "revoke_url"):
                if data.get(name):
                    tokens.check_url(data[name])
        except MailError as error:
            self.add_error("issuer", str(error))
            return data
        wanted = {name: data.get(name) or "" for name in ("key", "authorize_url", "token_url")}
        endpoints = OAuthApp(**wanted).endpoints
        if not self.errors and not (endpoints.authorize_url and endpoints.token_url):
            self.add_error("issuer", _("This provider is not known here: enter its issuer, or its endpoints below."))
        return data

    def save(self, commit: bool = True) -> Any:
        app = super().save(commit=False)
        if self.cleaned_data.get("client_secret"):
            app.set_secret(self.cleaned_data["client_secret"])
        if commit:
            app.save()
        return app


@admin.register(OAuthApp)
class OAuthAppAdmin(ShownAdmin):
    """Registrations at Google, Microsoft and others (docs/oauth.md)."""

    form = OAuthAppForm
    list_display = ("name", "key", "enabled", "client_id", "has_secret", "mailboxes")
    readonly_fields = ("redirect_uri",)
    fields = ("redirect_uri", *OAuthAppForm.Meta.fields)

    @admin.display(description=gettext_lazy("redirect URI to register"))
    def redirect_uri(self, app: OAuthApp | None = None) -> str:
        return f"{settings.HERON_BASE_URL}{reverse('oauth_callback')}"

    @admin.display(description=gettext_lazy("has a secret"), boolean=True)
    def has_secret(self, app: OAuthApp) -> bool:
        return bool(app.secret_ciphertext)

    @admin.display(description=gettext_lazy("mailboxes"))
    def mailboxes(self, app: Any) -> int:
        return int(app.mail_accounts.count())

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """One that opens mailboxes is switched off, not deleted: without it they could not be renewed."""
        in_use = obj is not None and obj.mail_accounts.exists()
        return super().has_delete_permission(request, obj) and not in_use
