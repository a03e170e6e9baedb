"""Forms of the settings pages: text flows in, cleaned values and errors in plain words flow out."""

from typing import Any, ClassVar, cast

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Identity, OutgoingServer, User
from accounts.zones import zone_choices
from mailsync.store.own_certificates import may_sign
from mailsync.store.settings_file import SIGNATURE_SWITCHES
from webmail.forms import WordsForm


def _languages() -> list[tuple[str, object]]:
    """Each language under its own name, so that its readers find it."""
    return [("", _("As the browser asks")), *settings.LANGUAGES]


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name, time zone and language of a person."""

    timezone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices)
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
        fields: ClassVar[list[str]] = ["name", "reply_to", "default_bcc", "outgoing_server", "signs_mail"]
        labels: ClassVar[dict[str, object]] = {
            "name": _("Name"),
            "reply_to": _("Answers go to"),
            "default_bcc": _("Always a blind copy to"),
            "outgoing_server": _("Sent through"),
            "signs_mail": _("Sign with your certificate (S/MIME)"),
        }
        help_texts: ClassVar[dict[str, object]] = {
            "reply_to": _("Leave it empty for the address itself."),
            "signs_mail": _("Programs of those who get it show that it is from you and was not changed."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Any server of this person's may carry it: the account's own, another account's, or a relay."""
        super().__init__(*args, **kwargs)
        if not (self.instance.signs_mail or may_sign(self.instance, timezone.now())):
            del self.fields["signs_mail"]
        servers = OutgoingServer.objects.filter(user=self.instance.user_id).order_by("label", "host", "id")
        if len(servers) < 2 and self.instance.outgoing_server_id is None:
            del self.fields["outgoing_server"]
            return
        choice = cast(forms.ModelChoiceField, self.fields["outgoing_server"])  # type: ignore[type-arg]
        choice.queryset, choice.empty_label = servers, _("The account's own server")


class SignatureForm(WordsForm):
    """The signature of an identity, and which messages begin with it."""

    signature_on_new = forms.BooleanField(label=_("In new messages"), required=False)
    signature_on_answers = forms.BooleanField(label=_("In answers and forwards"), required=False)
    signature_below = forms.TypedChoiceField(
        label=_("In answers it stands"),
        choices=(("", _("Above the quoted message")), ("True", _("Below the quoted message"))),
        coerce=bool,
        required=False,
    )

    def keep(self, identity: Identity) -> None:
        """When and where it goes; call after ``is_valid``."""
        for name in SIGNATURE_SWITCHES:
            setattr(identity, name, bool(self.cleaned_data[name]))
        identity.save(update_fields=SIGNATURE_SWITCHES)

    @property
    def switches(self) -> list[forms.BoundField]:
        return [self[name] for name in SIGNATURE_SWITCHES]
