"""Automatic replies in the settings: in go a form and a verb, out come how each mailbox stands, and the page of one."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import MailAccount
from mailsync import actions
from mailsync.message.outgoing_html import clean_draft
from mailsync.models import AutoReply
from mailsync.store import auto_replies as store
from webmail import access
from webmail.forms import WordsForm, plain_words
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.act import way_back


def _day(label: Any, help_text: Any = "") -> forms.DateField:
    # A field of type date has its value as ISO 8601 in every language.
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, required=False, widget=widget, help_text=help_text, input_formats=["%Y-%m-%d"])


class AutoReplyForm(WordsForm):
    """The words, when they are sent, and to whom."""

    enabled = forms.BooleanField(label=gettext_lazy("Answer new mail automatically"), required=False)
    first_day = _day(gettext_lazy("First day"), gettext_lazy("Empty: from now on."))
    last_day = _day(gettext_lazy("Last day"), gettext_lazy("Empty: until you turn it off."))
    subject = forms.CharField(
        label=gettext_lazy("Subject"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Empty: “Automatic reply:” and the subject of their message."),
    )
    contacts_only = forms.BooleanField(label=gettext_lazy("Answer only people in my contacts"), required=False)
    also = forms.TypedMultipleChoiceField(
        label=gettext_lazy("The same for"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, others: Sequence[MailAccount], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["also"].choices = [(one.pk, str(one)) for one in others]  # type: ignore[attr-defined]

    def wanted(self, words: str) -> actions.AutoReplyText:
        """With these ``words``, as HTML; call after ``is_valid``."""
        names = ("enabled", "first_day", "last_day", "subject", "contacts_only")
        return actions.AutoReplyText(html=words, **{name: self.cleaned_data[name] for name in names})


@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """How each mailbox stands; where there is only one, its own page."""
    standings = store.standings(user_of(request).pk)
    if len(standings) == 1:
        return _edit(request, standings[0].account)
    context = {"lines": [(one, store.given_by(one.reply) if one.reply else None) for one in standings]}
    return render(request, "settings/auto_replies.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, account_id: int) -> HttpResponse:
    return _edit(request, access.account_for(user_of(request), account_id))


def _edit(request: HttpRequest, account: MailAccount) -> HttpResponse:
    standing = store.standing_of(account)
    reply = standing.reply
    others = list(MailAccount.objects.filter(user=account.user).exclude(pk=account.pk).order_by("position", "id"))
    form = AutoReplyForm(others, request.POST or None, initial=_initial(reply))
    words = reply.html if reply else ""
    is_valid = form.is_valid()
    if form.is_bound and not form.errors.keys() & {"body", "text"}:
        words = clean_draft(form.words(words))
    if is_valid:
        try:
            actions.write_auto_reply(account.user_id, [account.pk, *form.cleaned_data["also"]], form.wanted(words))
        except actions.CannotDo as error:
            form.add_error(error.field if error.field in form.fields else None, said(error))
        else:
            messages.success(request, _("Saved."))
            return redirect("settings_auto_replies")
    context = {
        "form": form,
        "account": account,
        "others": others,
        "standing": standing,
        "given": store.given_by(reply) if reply and reply.switched_on_at else None,
        "text": plain_words(words),
        "html": words,
    }
    return render(request, "settings/auto_reply_edit.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def off(request: HttpRequest, account_id: int) -> HttpResponse:
    """From the strip of the mailbox, and from the settings; back to where that was."""
    account = access.account_for(user_of(request), account_id)
    actions.switch_off_auto_reply(account.user_id, account.pk)
    messages.success(request, _("Automatic replies of %(account)s are off.") % {"account": account})
    return redirect(way_back(request) if "next" in request.POST else "settings_auto_replies")


def _initial(reply: AutoReply | None) -> dict[str, Any]:
    if reply is None:
        return {}
    return {name: getattr(reply, name) for name in ("enabled", "first_day", "last_day", "subject", "contacts_only")}
