"""Forms of the settings pages: text flows in, cleaned values and errors in plain words flow out."""

import zoneinfo
from functools import lru_cache
from typing import Any, ClassVar, cast

from django import forms
from django.conf import settings
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _

from accounts.models import Identity, OutgoingServer, User


@lru_cache(maxsize=1)
def _zones() -> tuple[tuple[str, str], ...]:
    """Every zone people live in, by name; the bare abbreviations and links of old are left out."""
    regions = {"Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
    names = sorted(name for name in zoneinfo.available_timezones() if name.split("/")[0] in regions)
    return (("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names))


def _languages() -> list[tuple[str, object]]:
    """Each language under its own name, so that its readers find it."""
    return [("", _("As the browser asks")), *settings.LANGUAGES]


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name, time zone and language of a person."""

    timezone = forms.ChoiceField(label=_("Time zone"), choices=_zones)
    language = forms.ChoiceField(label=_("Language"), choices=_languages, required=False)

    class Meta:
        model = User
        fields: ClassVar[list[str]] = ["name", "timezone", "language"]
        labels: ClassVar[dict[str, object]] = {"name": _("Your name")}
        help_texts: ClassVar[dict[str, object]] = {
            "name": _("Stands beside your address, unless an identity has its own.")
        }


class NewIdentityForm(forms.Form):
    """A further address of an account."""

    address = forms.EmailField(
        label=_("Email address"),
        max_length=320,
        help_text=_("One whose mail reaches you: a link goes to it, and opening the link proves that it is yours."),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    name = forms.CharField(label=_("Name"), max_length=150, required=False)


class IdentityForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who a message is from. The address of an identity never changes, it would need a new proof."""

    class Meta:
        model = Identity
        fields: ClassVar[list[str]] = ["name", "reply_to", "default_bcc", "outgoing_server", "signature_text"]
        labels: ClassVar[dict[str, object]] = {
            "name": _("Name"),
            "reply_to": _("Answers go to"),
            "default_bcc": _("Always a blind copy to"),
            "outgoing_server": _("Sent through"),
            "signature_text": _("Signature"),
        }
        help_texts: ClassVar[dict[str, object]] = {"reply_to": _("Leave it empty for the address itself.")}
        widgets: ClassVar[dict[str, forms.Widget]] = {"signature_text": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Any server of this person's may carry it: the account's own, another account's, or a relay."""
        super().__init__(*args, **kwargs)
        servers = OutgoingServer.objects.filter(user=self.instance.user_id).order_by("label", "host", "id")
        if len(servers) < 2 and self.instance.outgoing_server_id is None:
            del self.fields["outgoing_server"]
            return
        choice = cast(forms.ModelChoiceField, self.fields["outgoing_server"])  # type: ignore[type-arg]
        choice.queryset, choice.empty_label = servers, _("The account's own server")

    def save(self, commit: bool = True) -> Identity:
        """Keep the signature as text and as the same text in HTML, for messages of either kind."""
        lines = str(self.cleaned_data["signature_text"]).splitlines()
        self.instance.signature_html = "<br>".join(escape(line) for line in lines)
        saved: Identity = super().save(commit)
        return saved
