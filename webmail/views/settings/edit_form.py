"""Forms that change a connected account: its looks, and how it is reached."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import MailAccount
from webmail.templatetags.heron import HUES
from webmail.views.settings.connect_form import ServersForm


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """What the account is called and its colour."""

    hue = forms.TypedChoiceField(
        label=_("Colour"), coerce=int, choices=[(str(hue), str(hue)) for hue in HUES], required=False
    )

    class Meta:
        model = MailAccount
        fields: ClassVar[list[str]] = ["label", "hue"]
        labels: ClassVar[dict[str, Any]] = {"label": _("Name of the account")}
        help_texts: ClassVar[dict[str, Any]] = {"label": _("Leave it empty to see the address.")}

    def clean_hue(self) -> int:
        return int(self.cleaned_data["hue"] or self.instance.hue)


class EditServersForm(ServersForm):
    """The servers of an account that is connected already. The password is typed again.

    A stored password is never sent to a server it was not proved for: otherwise whoever has an open
    session for a minute could point the account at a server of their own and read it there.
    """

    is_new = False

    def __init__(self, account: MailAccount, data: Any = None) -> None:
        server = account.outgoing_server
        own = server is not None and server.username != account.username
        others = server is not None and account.own_server is None
        initial = {
            "address": account.address,
            "protocol": account.protocol,
            "host": account.host,
            "port": account.port,
            "security": account.security,
            "username": account.username,
            "leave_on_server": account.leave_on_server,
            "leave_days": account.leave_days,
            "sending": "none" if server is None else "own" if own else "same",
            "smtp_host": server.host if server else "",
            "smtp_port": server.port if server else None,
            "smtp_security": server.security if server else "",
            "smtp_username": server.username if server and own else "",
        }
        if server is not None and others:
            initial |= {"sending": f"server:{server.pk}"}
        if data is not None:
            data = data.copy()
            data["address"], data["protocol"] = account.address, account.protocol
        super().__init__(account.user, data, initial=initial)
        self.account = account
        self.fields["address"].widget = forms.HiddenInput()
        self.fields["protocol"].widget = forms.HiddenInput()
        del self.fields["name"]
