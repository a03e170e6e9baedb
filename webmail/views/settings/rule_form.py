"""The form of a rule: which messages it is about, in plain fields, and what is to be done with them."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailsync.actions import RuleText
from mailsync.models import ForwardAddress, Webhook
from mailsync.plan.rules import CALL, FORWARD, Deed, Fields
from mailsync.store.listing import AccountTree
from mailsync.store.rules import LoadedRule
from webmail.present.labels import keyword_of, label_of
from webmail.present.tree import present_move_targets

_FIELDS = ("sender", "to", "subject", "words", "list_id", "has_attachment", "larger_mb", "to_me", "search")
_SWITCHES = ("read", "flag", "pin", "mute", "tell")
_SEVERAL = gettext_lazy("Several with commas between them: any one of them counts.")


class RuleForm(forms.Form):
    """All that is filled in has to be true of a message."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, required=False)
    sender = forms.CharField(label=gettext_lazy("From"), max_length=300, required=False, help_text=_SEVERAL)
    to = forms.CharField(label=gettext_lazy("To"), max_length=300, required=False)
    to_me = forms.BooleanField(label=gettext_lazy("It names one of my addresses in To or Cc"), required=False)
    subject = forms.CharField(label=gettext_lazy("Subject has"), max_length=200, required=False)
    words = forms.CharField(label=gettext_lazy("Has the words"), max_length=200, required=False)
    list_id = forms.CharField(label=gettext_lazy("Mailing list"), max_length=200, required=False)
    larger_mb = forms.IntegerField(
        label=gettext_lazy("Larger than, in MB"), min_value=1, max_value=1000, required=False
    )
    has_attachment = forms.BooleanField(label=gettext_lazy("It has an attachment"), required=False)
    search = forms.CharField(
        label=gettext_lazy("And matches this search"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("Anything that the search field understands: -from:ada, before:2026-01-01, a OR b"),
    )
    accounts = forms.TypedMultipleChoiceField(
        label=gettext_lazy("For mail of"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    filing = forms.ChoiceField(label=gettext_lazy("Put it"), required=False)
    label = forms.CharField(label=gettext_lazy("Label it as"), max_length=40, required=False)
    read = forms.BooleanField(label=gettext_lazy("Mark as read"), required=False)
    flag = forms.BooleanField(label=gettext_lazy("Flag"), required=False)
    pin = forms.BooleanField(label=gettext_lazy("Pin to the top"), required=False)
    mute = forms.BooleanField(label=gettext_lazy("Mute the conversation"), required=False)
    tell = forms.BooleanField(
        label=gettext_lazy("Tell my devices"),
        required=False,
        help_text=gettext_lazy("As chosen under Notifications, and where it is put into a folder, too."),
    )
    call = forms.ChoiceField(label=gettext_lazy("Call a webhook"), required=False)
    forward = forms.ChoiceField(label=gettext_lazy("Forward it to"), required=False)
    stops = forms.BooleanField(
        label=gettext_lazy("Stop here: no later rule sees it"),
        required=False,
        help_text=gettext_lazy("A message that is put elsewhere is shown to no later rule anyway."),
    )

    def __init__(
        self,
        tree: list[AccountTree],
        hooks: Sequence[Webhook],
        addresses: Sequence[ForwardAddress],
        *args: Any,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.fields["forward"].choices = [("", _("nobody")), *((str(one.pk), one.address) for one in addresses)]  # type: ignore[attr-defined]
        self.fields["call"].choices = [("", _("none")), *((str(hook.pk), hook.name) for hook in hooks)]  # type: ignore[attr-defined]
        self.fields["accounts"].choices = [(entry.account.pk, str(entry.account)) for entry in tree]  # type: ignore[attr-defined]
        self.fields["filing"].choices = _filing(tree)  # type: ignore[attr-defined]

    @classmethod
    def standing(cls, rule: LoadedRule) -> dict[str, Any]:
        """What the form shows of a rule that there is."""
        shown: dict[str, Any] = {**rule.fields.as_json(), "name": rule.name, "stops": rule.stops}
        shown["accounts"] = [str(pk) for pk in rule.accounts]
        for deed in rule.deeds:
            if deed.verb in _SWITCHES:
                shown[deed.verb] = True
            elif deed.verb == CALL:
                shown["call"] = deed.argument
            elif deed.verb == FORWARD:
                shown["forward"] = deed.argument
            elif deed.verb == "label":
                shown["label"] = label_of(deed.argument).text
            else:
                shown["filing"] = f"f{deed.argument}" if deed.verb == "move" else deed.verb
        return shown

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if told.get("pin") and told.get("mute"):
            self.add_error("mute", _("A conversation cannot be kept on top and out of sight at once."))
        if told.get("tell") and told.get("read"):
            self.add_error("tell", _("What is marked as read is not told of."))
        if told.get("tell") and told.get("filing") in ("trash", "junk"):
            self.add_error("tell", _("What goes to Junk or into the bin is not told of."))
        if told.get("forward") and told.get("filing") in ("trash", "junk"):
            self.add_error("forward", _("What goes to Junk or into the bin is not forwarded."))
        return told

    def asked(self) -> Fields:
        told = self.cleaned_data
        return Fields(**{name: told[name] for name in _FIELDS if told.get(name)})

    def text(self) -> RuleText:
        told = self.cleaned_data
        deeds = [Deed(name) for name in _SWITCHES if told.get(name)]
        if told.get("label"):
            deeds.append(Deed("label", keyword_of(told["label"])))
        if told.get("call"):
            deeds.append(Deed(CALL, told["call"]))
        if told.get("forward"):
            deeds.append(Deed(FORWARD, told["forward"]))
        if filing := told.get("filing"):
            deeds.append(Deed("move", filing[1:]) if filing.startswith("f") else Deed(filing))
        return RuleText(told["name"], self.asked(), tuple(deeds), tuple(told["accounts"]), told["stops"])


def _filing(tree: list[AccountTree]) -> list[Any]:
    folders = [
        (account.label, [(f"f{target.folder_id}", target.label) for target in account.folders])
        for account in present_move_targets(tree)
    ]
    plain = [
        ("", _("nowhere: it stays in the inbox")),
        ("archive", _("into the archive")),
        ("trash", _("into the bin")),
        ("junk", _("into Junk")),
    ]
    return [*plain, *folders]
