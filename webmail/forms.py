"""What the compose screen sends: fields in, the fields of a draft out.

A browser with scripts sends ``body`` (the editor's HTML); one without sends ``text``, what the draft reads as in
plain text. Text that was not changed leaves the formatted body as it is, so nothing is lost by looking.
"""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Identity, User
from mailsync.message import outgoing_html
from mailsync.message.signatures import swap_plain_signature, swap_signature, words_as_text
from mailsync.models import Draft
from mailsync.plan.follow_ups import DAYS
from mailsync.store.quoting import plain_body
from mailsync.store.signatures import load_signature

#: Longer than any letter a person types; a pasted book is a file.
BODY_LIMIT = 5_000_000
#: One line of addresses: some thousands of them.
LINE_LIMIT = 200_000


class ComposeForm(forms.Form):
    """One composition. Addresses stay as typed: a half-typed one is kept, and refused only by Send."""

    version = forms.IntegerField(min_value=0)
    identity = forms.ModelChoiceField(Identity.objects.none(), required=False, label=_("From"))
    to = forms.CharField(required=False, max_length=LINE_LIMIT, label=_("To"))
    cc = forms.CharField(required=False, max_length=LINE_LIMIT, label=_("Cc"))
    bcc = forms.CharField(required=False, max_length=LINE_LIMIT, label=_("Bcc"))
    subject = forms.CharField(required=False, max_length=2000, label=_("Subject"))
    body = forms.CharField(required=False, max_length=BODY_LIMIT, strip=False)
    text = forms.CharField(required=False, max_length=BODY_LIMIT, strip=False)
    request_receipt = forms.BooleanField(required=False)
    is_signed = forms.BooleanField(required=False)
    is_encrypted = forms.BooleanField(required=False)
    remind_days = forms.ChoiceField(required=False, choices=[(str(days), days) for days in (0, *DAYS)])

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
        old = self.draft.identity
        if identity is not None and old is not None and identity != old and "body" not in self.data:
            # Scripts have done the same before they send.
            if fields["bcc"] == old.default_bcc:
                fields["bcc"] = identity.default_bcc
            return {**fields, **self._wishes(), **self._signed_anew(old, identity)}
        return {**fields, **self._wishes(), **self._body_fields()}

    def _signed_anew(self, old: Identity, new: Identity) -> dict[str, Any]:
        """The words with the signature of whom the message is now from, where the other's stands unchanged."""
        fields = self._body_fields()
        is_answer = self.draft.mode != Draft.Mode.NEW
        before, after = (load_signature(one, is_answer=is_answer) for one in (old, new))
        if "body" in fields:
            return {**fields, "body": swap_plain_signature(fields["body"], before, after)}
        body = swap_signature(self.draft.body, before, after) if self.draft.is_html else self.draft.body
        return {**fields, "body": body} if body != self.draft.body else fields

    def _wishes(self) -> dict[str, Any]:
        """What is wished beside the words, as far as the form asks for it."""
        receipt = {"request_receipt": self.cleaned_data["request_receipt"]} if "receipt_asked" in self.data else {}
        # "signing" is what the identity that is shown does by itself: as long as that stands, the next one's counts.
        by_itself = {"always": True, "wished": False}.get(self.data.get("signing", ""))
        checked = self.cleaned_data["is_signed"]
        signed = {} if by_itself is None else {"is_signed": None if checked == by_itself else checked}
        remind = {"remind_days": int(self.cleaned_data["remind_days"] or 0)} if "remind_days" in self.data else {}
        encrypted = {"is_encrypted": self.cleaned_data["is_encrypted"]} if "encrypting" in self.data else {}
        return {**receipt, **signed, **encrypted, **remind}

    def _body_fields(self) -> dict[str, Any]:
        if "body" in self.data:
            return {"is_html": True, "body": outgoing_html.clean_draft(self.cleaned_data["body"])}
        if "text" not in self.data:
            return {}
        written = _lines(self.cleaned_data["text"])
        if self.draft.is_html and written == _lines(plain_body(self.draft)):
            return {}
        return {"is_html": False, "body": written}


class WordsForm(forms.Form):
    """Words with formatting, kept in the settings. Scripts send ``body``, the editor's HTML; without them ``text``
    counts, where it was changed."""

    body = forms.CharField(required=False, max_length=BODY_LIMIT, strip=False)
    text = forms.CharField(required=False, max_length=BODY_LIMIT, strip=False)

    def words(self, standing: str) -> str:
        """The words as HTML; call after ``is_valid``. ``standing``: as they are kept, "" for new ones."""
        if "body" in self.data:
            return str(self.cleaned_data["body"])
        if "text" not in self.data:
            return standing
        text = _lines(self.cleaned_data["text"]).strip()
        return standing if text == plain_words(standing) else outgoing_html.text_as_html(text)


def plain_words(html: str) -> str:
    """Kept words for a plain text area."""
    return words_as_text(html).strip()


def identities_of(user: User) -> Any:
    """Those the user may send as: verified, of accounts in their order."""
    mine = Identity.objects.select_related("account").filter(user=user, verified_at__isnull=False)
    return mine.order_by("account__position", "account_id", "-is_default", "id")


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())
