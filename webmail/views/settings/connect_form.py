"""The form that connects a mail account, or changes how one is reached: text flows in, ``ServerSettings`` out.

Only the address and the password must be typed. A server field left empty means "as is known of this
address", which its placeholder shows; whatever is typed by hand wins. One form serves IMAP and POP3, the
account's own outgoing server, a relay the user has already, and reading only.
"""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import MailAccount, OutgoingServer, Protocol, Security, User
from mailsync.actions.accounts import server_settings
from mailsync.types import ServerSettings
from webmail.views.settings.oauth_apps import app_of
from webmail.views.settings.servers import Servers, known_servers, security_of_port, usual_port
from webmail.views.settings.servers import lacking as known_to_lack


class _Password(forms.PasswordInput):
    """Keeps what was typed when the form comes back with an error; the page is never stored (no-store)."""

    def __init__(self, **attrs: str) -> None:
        super().__init__(attrs={"autocomplete": "off", "spellcheck": "false", **attrs}, render_value=True)


class ServersForm(forms.Form):
    """How to read from and send through one account."""

    #: Whether the account is yet to be made.
    is_new = True

    address = forms.EmailField(
        label=_("Email address"),
        max_length=320,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autocapitalize": "none", "autofocus": True}),
    )
    password = forms.CharField(label=_("Password"), strip=False, max_length=1000, widget=_Password())
    name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        required=False,
        help_text=_("As the people you write to shall see it."),
    )

    protocol = forms.ChoiceField(label=_("How mail is read"), choices=Protocol, initial="imap", required=False)
    host = forms.CharField(label=_("Server"), max_length=255, required=False)
    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535, required=False)
    security = forms.ChoiceField(label=_("Security"), required=False)
    username = forms.CharField(
        label=_("Sign-in name"),
        max_length=320,
        required=False,
        help_text=_("Most often the whole email address."),
    )
    leave_on_server = forms.ChoiceField(
        label=_("What stays on the server"), choices=MailAccount.LeaveOnServer, initial="keep", required=False
    )
    leave_days = forms.IntegerField(label=_("Days"), min_value=1, max_value=3650, initial=14, required=False)

    sending = forms.ChoiceField(label=_("How mail is sent"), required=False)
    smtp_host = forms.CharField(label=_("Server"), max_length=255, required=False)
    smtp_port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535, required=False)
    smtp_security = forms.ChoiceField(label=_("Security"), required=False)
    smtp_username = forms.CharField(label=_("Sign-in name"), max_length=320, required=False)
    smtp_password = forms.CharField(
        label=_("Password"), strip=False, max_length=1000, required=False, widget=_Password()
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.known: Servers | None = None
        protections = [(value, label) for value, label in Security.choices if _is_allowed(value)]
        for name in ("security", "smtp_security"):
            self._choices(name, [("", _("Automatic")), *protections])
        relays = [(f"server:{row.pk}", str(row)) for row in OutgoingServer.objects.filter(user=user).order_by("id")]
        self._choices(
            "sending",
            [
                ("same", _("With the same sign-in")),
                ("own", _("With another sign-in")),
                *relays,
                ("none", _("Not at all: only read")),
            ],
        )

    def _choices(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_address(self) -> str:
        return str(self.cleaned_data["address"]).strip()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        address = data.get("address", "")
        data["protocol"] = data.get("protocol") or "imap"
        data["sending"] = data.get("sending") or "same"
        if address:
            self.show_known(known_servers(address, data["protocol"]))
        self._fill(data)
        self._require(data)
        return data

    def show_known(self, known: Servers | None) -> None:
        """Let the empty fields show what they stand for."""
        self.known = known
        if known is None:
            return
        shown = {
            "host": known.host,
            "port": known.port,
            "username": known.username,
            "smtp_host": known.smtp_host,
            "smtp_port": known.smtp_port,
        }
        for name, value in shown.items():
            self.fields[name].widget.attrs["placeholder"] = str(value)

    def _fill(self, data: dict[str, Any]) -> None:
        """Put what is known in the place of what is empty, and what is usual where nothing is known."""
        known = self.known
        if known is not None and not data.get("host"):
            data["host"] = known.host
            data["port"] = data.get("port") or known.port
            data["security"] = data.get("security") or (known.security if data["port"] == known.port else "")
        if known is not None and not data.get("smtp_host"):
            data["smtp_host"] = known.smtp_host
            data["smtp_port"] = data.get("smtp_port") or known.smtp_port
            same_port = data["smtp_port"] == known.smtp_port
            data["smtp_security"] = data.get("smtp_security") or (known.smtp_security if same_port else "")
        data["username"] = data.get("username") or (known.username if known else data.get("address", ""))
        data["port"] = data.get("port") or usual_port(data["protocol"], data.get("security") or "tls")
        data["security"] = data.get("security") or security_of_port(data["port"])
        data["smtp_port"] = data.get("smtp_port") or usual_port("smtp", data.get("smtp_security") or "tls")
        data["smtp_security"] = data.get("smtp_security") or security_of_port(data["smtp_port"])

    def _require(self, data: dict[str, Any]) -> None:
        if self.known is not None and not self.known.takes_passwords and data.get("host") == self.known.host:
            self.add_error("address", self._no_password(self.known))
        if self.is_new and not data.get("host") and self._is_connected(data):
            self.add_error("address", _("This address is connected already: it is among your mail accounts."))
            return
        if "address" in self.errors:
            return  # servers are found by it: that none are named is no second fault
        lacking = "" if data.get("host") else known_to_lack(data.get("address", ""), data["protocol"])
        if lacking:
            words = _("%(provider)s has no %(protocol)s. Choose the other way above, or enter a server.")
            self.add_error("host", words % {"provider": lacking, "protocol": data["protocol"].upper()})
        elif "host" not in self.errors and not data.get("host"):
            self.add_error(
                "host", _("We found no servers for this address. Ask your provider for their names and enter them.")
            )
        if data["sending"] in {"same", "own"} and "smtp_host" not in self.errors and not data.get("smtp_host"):
            self.add_error("smtp_host", _("Enter the server that sends, or choose to only read."))
        if data["sending"] == "own":
            for name in ("smtp_username", "smtp_password"):
                if not data.get(name):
                    self.add_error(name, _("The sending server needs this for its own sign-in."))

    def _is_connected(self, data: dict[str, Any]) -> bool:
        same = self.user.mail_accounts.filter(protocol=data["protocol"], address__iexact=data.get("address", ""))
        return same.exists()

    def _no_password(self, known: Servers) -> Any:
        """What to do where a password opens nothing: the button below, or a word with the operator."""
        words = known.hint or _("This provider takes no passwords from mail programs.")
        if app_of(known) is not None:
            return words
        return format_lazy("{} {}", words, _("The operator of this Heron has not set that up yet: docs/oauth.md."))

    @property
    def lacks_servers(self) -> bool:
        """Whether all is typed but the servers, and nothing is known of this address without asking the network."""
        data = self.cleaned_data
        typed = "address" in data and "password" in data and not data.get("host")
        return typed and self.known is None and not known_to_lack(data["address"], data["protocol"])

    def with_servers(self, found: Servers) -> "ServersForm":
        """The same form with these servers filled in, for its user to look at; what was typed stays."""
        filled = {
            "host": found.host,
            "port": found.port,
            "security": found.security,
            "username": found.username,
            "smtp_host": found.smtp_host,
            "smtp_port": found.smtp_port,
            "smtp_security": found.smtp_security,
        }
        typed = {name: value for name in self.fields if (value := self.data.get(self.add_prefix(name)))}
        return ServersForm(self.user, initial={**filled, **typed})

    @property
    def hand_errors(self) -> bool:
        """Whether an error stands in the part that is folded away."""
        return any(name not in {"address", "password", "name", "__all__"} for name in self.errors)

    def incoming(self) -> ServerSettings:
        """The reading server; only after ``is_valid``."""
        data = self.cleaned_data
        return server_settings(
            protocol=data["protocol"],
            host=data["host"],
            port=data["port"],
            security=data["security"],
            username=data["username"],
            password=data["password"],
        )

    def outgoing(self) -> ServerSettings | None:
        """The account's own sending server, or None when it uses another one or none."""
        data = self.cleaned_data
        if data["sending"] not in {"same", "own"}:
            return None
        own = data["sending"] == "own"
        return server_settings(
            protocol="smtp",
            host=data["smtp_host"],
            port=data["smtp_port"],
            security=data["smtp_security"],
            username=data["smtp_username"] if own else data["username"],
            password=data["smtp_password"] if own else data["password"],
        )

    def relay(self) -> OutgoingServer | None:
        """The user's other server that was chosen for sending, or None."""
        chosen = str(self.cleaned_data["sending"])
        if not chosen.startswith("server:"):
            return None
        return OutgoingServer.objects.get(pk=int(chosen.removeprefix("server:")), user=self.user)

    def options(self) -> dict[str, Any]:
        """Further fields of the account."""
        data = self.cleaned_data
        if data["protocol"] != "pop3":
            return {}
        return {
            "leave_on_server": data.get("leave_on_server") or MailAccount.LeaveOnServer.KEEP,
            "leave_days": data.get("leave_days") or 14,
        }


def _is_allowed(security: str) -> bool:
    return security != Security.NONE or bool(settings.HERON_ALLOW_PLAINTEXT)
