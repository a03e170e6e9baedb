"""What the compose screen sends: fields in, the fields of a draft out.

A browser with scripts sends ``body`` (the editor's HTML); one without sends ``text``, what the draft reads as in
plain text. Text that was not changed leaves the formatted body as it is, so nothing is lost by looking.
"""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Identity, User
from mailsync.message import outgoing_html
from mailsync.models import Draft
from mailsync.store.quoting import plain_body

#: Longer than any letter a person types; a pasted book is a file.
BODY_LIMIT = 5_000_000


class ComposeForm(forms.Form):
    """One composition. Addresses stay as typed: a half-typed one is kept, and refused only by Send."""

    version = forms.IntegerField(min_value=0)
    identity = forms.ModelChoiceField(Identity.objects.none(), required=False, label=_("From"))
    to = forms.CharField(required=False, max_length=200_000, label=_("To"))
    cc = forms.CharField(required=False, max_length=200_000, label=_("Cc"))
    bcc = forms.CharField(required=False, max_length=200_000, label=_("Bcc"))
    subject = forms.CharField(required=False, max_length=2000, label=_("Subject"))
    body = forms.CharField(required=False, max_length=BODY_LIMIT, strip=False)
    text = forms.CharField(required=False, max_length=BODY_LIMIT, strip=False)
    request_receipt = forms.BooleanField(required=False)

    def __init__(self, user: User, draft: Draft, data: Any = None) -> None:
        super().__init__(data)
        self.draft = draft
        choices = cast(forms.ModelChoiceField, self.fields["identity"])  # type: ignore[type-arg]
        choices.queryset = identities_of(user)

    def draft_fields(self) -> dict[str, Any]:
        """The fields for ``actions.save_draft``; call after ``is_valid``."""
        data = self.cleaned_data
        fields: dict[str, Any] = {name: _one_line(data[name]) for name in ("to", "cc", "bcc", "subject")}
        identity = data["identity"]
        if identity is not None:
            fields["identity_id"] = identity.pk
        if "receipt_asked" in self.data:
            fields["request_receipt"] = data["request_receipt"]
        return {**fields, **self._body_fields()}

    def _body_fields(self) -> dict[str, Any]:
        if "body" in self.data:
            return {"is_html": True, "body": outgoing_html.clean_draft(self.cleaned_data["body"])}
        if "text" not in self.data:
            return {}
        written = _lines(self.cleaned_data["text"])
        if self.draft.is_html and written == _lines(plain_body(self.draft)):
            return {}
        return {"is_html": False, "body": written}


def identities_of(user: User) -> Any:
    """Those the user may send as: verified, of accounts in their order."""
    mine = Identity.objects.select_related("account").filter(user=user, verified_at__isnull=False)
    return mine.order_by("account__position", "account_id", "-is_default", "id")


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())
