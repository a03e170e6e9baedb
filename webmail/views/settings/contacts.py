"""The address book: in go forms and files, out come its pages and its export.

One list with a search, a form for one person, verbs on those that are chosen, and files both ways: vCard, which keeps
everything, and a table for spreadsheets and other address books.
"""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from mailsync import actions
from mailsync.message.addresses import is_address
from mailsync.message.contact_csv import parse_csv, write_csv
from mailsync.message.vcard import Labelled, VCard, clean_groups, parse_cards, write_cards
from mailsync.store.contact_groups import load_groups
from mailsync.store.contacts import card_of, contacts_of, load_cards
from webmail import access
from webmail.numbers import read_number
from webmail.present.left_out import present_left_out
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.settings.asking import ask_to_remove

_PAGE = 100
#: 20,000 people with long notes; more is no address book.
_LARGEST_FILE_BYTES = 20 * 1024 * 1024


class ContactForm(forms.Form):
    """One person. Addresses and numbers stand one a line, with what they are for after a comma."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=300, required=False)
    addresses = forms.CharField(
        label=gettext_lazy("Email addresses"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "none"}),
        help_text=gettext_lazy("One a line; what it is for after a comma: ann@example.org, work"),
    )
    phones = forms.CharField(
        label=gettext_lazy("Phone numbers"), required=False, max_length=5_000, widget=forms.Textarea(attrs={"rows": 2})
    )
    organisation = forms.CharField(label=gettext_lazy("Organisation"), max_length=300, required=False)
    job_title = forms.CharField(label=gettext_lazy("Role"), max_length=300, required=False)
    birthday = forms.CharField(label=gettext_lazy("Birthday"), max_length=40, required=False)
    groups = forms.CharField(
        label=gettext_lazy("Groups"),
        max_length=2_000,
        required=False,
        help_text=gettext_lazy("Whom one writes to together: choir, board. Divide them by commas."),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean_addresses(self) -> tuple[Labelled, ...]:
        found = _lines(self.cleaned_data["addresses"])
        for one in found:
            if not is_address(one.value):
                raise forms.ValidationError(
                    _("“%(text)s” is not an email address. Write it as name@example.org.") % {"text": one.value}
                )
        return found

    def clean_phones(self) -> tuple[Labelled, ...]:
        return _lines(self.cleaned_data["phones"])

    @classmethod
    def of(cls, card: VCard) -> "ContactForm":
        return cls(
            initial={
                "name": card.name,
                "addresses": _text(card.addresses),
                "phones": _text(card.phones),
                "organisation": card.organisation,
                "job_title": card.job_title,
                "birthday": card.birthday,
                "groups": ", ".join(card.groups),
                "note": card.note,
            }
        )

    def card(self, kept: VCard) -> VCard:
        """What the form says; places and links, which it does not show, stay."""
        told = self.cleaned_data
        return VCard(
            name=told["name"].strip() or told["organisation"].strip() or next(iter(told["addresses"]), _NOBODY).value,
            organisation=told["organisation"].strip(),
            job_title=told["job_title"].strip(),
            addresses=told["addresses"],
            phones=told["phones"],
            birthday=told["birthday"].strip(),
            groups=clean_groups(told["groups"].split(",")),
            note=told["note"].strip(),
            postal=kept.postal,
            urls=kept.urls,
        )


_NOBODY = Labelled("")


def _lines(text: str) -> tuple[Labelled, ...]:
    found = []
    for line in text.splitlines():
        value, _comma, label = line.partition(",")
        if value.strip():
            found.append(Labelled(value.strip()[:320], label.strip()[:40]))
    return tuple(found)


def _text(several: tuple[Labelled, ...]) -> str:
    return "\n".join(f"{one.value}, {one.label}" if one.label else one.value for one in several)


@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """The people by name, a hundred a page; ``q`` narrows them, and so does ``group``."""
    return _people(request)


def _people(request: HttpRequest, **context: object) -> HttpResponse:
    user_id = user_of(request).pk
    typed = request.GET.get("q", "").strip()[:200]
    groups = load_groups(user_id)
    # One that is gone by now, or never was, narrows nothing.
    group = next((one.name for one in groups if one.name == request.GET.get("group")), "")
    rows = contacts_of(user_id, typed=typed, group=group)
    page = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
    told = {"page": page, "typed": typed, "groups": groups, "group": group}
    return render(request, "settings/contacts.html", {**told, **context})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def edit(request: HttpRequest, contact_id: int | None = None) -> HttpResponse:
    """One person, new without an id. ``address`` and ``name`` fill in a new one."""
    user = user_of(request)
    contact = access.contact_for(user, contact_id) if contact_id is not None else None
    kept = card_of(contact) if contact else _asked(request)
    if request.method != "POST":
        return render(request, "settings/contact_edit.html", {"form": ContactForm.of(kept), "contact": contact})
    form = ContactForm(request.POST)
    if form.is_valid():
        try:
            saved = actions.write_contact(user.pk, contact_id, form.card(kept))
        except actions.CannotDo as error:
            form.add_error("name", said(error))
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": saved.name})
            return redirect("settings_contacts")
    return render(request, "settings/contact_edit.html", {"form": form, "contact": contact}, status=422)


def _asked(request: HttpRequest) -> VCard:
    address = request.GET.get("address", "")[:320]
    return VCard(name=request.GET.get("name", "")[:300], addresses=(Labelled(address),) if is_address(address) else ())


@require_POST
@login_required
def chosen(request: HttpRequest) -> HttpResponse:
    """Merges or removes the people that were ticked, or puts them into a group or takes them out of one."""
    user = user_of(request)
    ids = [pk for text in request.POST.getlist("contact") if (pk := read_number(text)) is not None]
    verb = request.POST.get("do")
    try:
        if verb == "merge":
            merged = actions.merge_contacts(user.pk, ids)
            messages.success(request, _("They are one now: %(name)s.") % {"name": merged.name})
            return redirect("contact_edit", merged.pk)
        if verb == "group":
            name = actions.group_contacts(user.pk, ids, request.POST.get("name", ""))
            messages.success(request, _("They are in the group “%(name)s”.") % {"name": name})
            return _to_group(name)
        if verb == "ungroup":
            name = request.POST.get("group", "")
            count = actions.ungroup_contacts(user.pk, ids, name)
            messages.success(
                request,
                ngettext("%(n)d person taken out of the group.", "%(n)d people taken out of the group.", count)
                % {"n": count},
            )
            return _to_group(name)
        if verb != "remove":
            raise Http404
        if question := _ask(request, user, ids):
            return question
        count = actions.forget_contacts(user.pk, ids)
    except actions.NotYours as error:
        raise Http404 from error
    except actions.CannotDo as error:
        messages.error(request, said(error))
        return redirect("settings_contacts")
    messages.success(request, ngettext("%(n)d person removed.", "%(n)d people removed.", count) % {"n": count})
    return redirect("settings_contacts")


def _ask(request: HttpRequest, user: User, ids: list[int]) -> HttpResponse | None:
    """Before people are removed: of one the name, of several how many. What is not the reader's is not asked about."""
    people = list(contacts_of(user.pk).filter(pk__in=ids).values_list("name", flat=True))
    if not people or len(people) < len(set(ids)):
        return None
    if len(people) == 1:
        title = _("Remove %(name)s?") % {"name": people[0]}
    else:
        title = ngettext("Remove %(n)d person?", "Remove %(n)d people?", len(people)) % {"n": len(people)}
    return ask_to_remove(request, title, _("Mail with them stays."), reverse("settings_contacts"), _("Contacts"))


@require_POST
@login_required
def group(request: HttpRequest) -> HttpResponse:
    """``do`` renames a group (``old``) to ``name``, or forgets it; its people stay."""
    user, old = user_of(request), request.POST.get("old", "")
    if request.POST.get("do") == "forget":
        actions.forget_group(user.pk, old)
        messages.success(request, _("The group “%(name)s” is gone. Its people are still here.") % {"name": old})
        return redirect("settings_contacts")
    try:
        return _to_group(actions.rename_group(user.pk, old, request.POST.get("name", "")))
    except actions.NotYours as error:
        raise Http404 from error
    except actions.CannotDo as error:
        messages.error(request, said(error))
        return _to_group(old)


def _to_group(name: str) -> HttpResponse:
    return redirect(f"{reverse('settings_contacts')}?{urlencode({'group': name})}")


@require_POST
@login_required
def take(request: HttpRequest) -> HttpResponse:
    """A vCard file or a table; each person once, however often the file is given. What is left out of it is listed."""
    file = request.FILES.get("file")
    if file is None:
        messages.error(request, _("Choose a file first."))
    elif file.size is None or file.size > _LARGEST_FILE_BYTES:
        messages.error(request, _("The file is too large for an address book."))
    else:
        text = _decoded(file.read())
        is_table = "BEGIN:VCARD" not in text.upper()
        read = parse_csv(text) if is_table else parse_cards(text)
        _keep(request, read.cards)
        if read.left_out:
            return _people(request, left_out=present_left_out(read.left_out, is_table=is_table), file_name=file.name)
    return redirect("settings_contacts")


def _decoded(data: bytes) -> str:
    """UTF-8 as address books write it, UTF-16 where a mark says so, else what Excel writes in Western Europe."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("windows-1252", "replace")


def _keep(request: HttpRequest, cards: tuple[VCard, ...]) -> None:
    if not cards:
        messages.error(request, _("There is nobody in this file. It must be a vCard file (.vcf) or a table (.csv)."))
        return
    try:
        people, new = actions.keep_contacts(user_of(request).pk, cards)
    except actions.CannotDo as error:
        messages.error(request, said(error))
        return
    words = ngettext("%(n)d person read", "%(n)d people read", len(people)) % {"n": len(people)}
    messages.success(request, _("%(people)s, %(new)d of them new.") % {"people": words, "new": new})


@require_safe
@login_required
def give(request: HttpRequest, kind: str) -> HttpResponse:
    """Everybody, as ``vcf`` or ``csv``."""
    cards = load_cards(user_of(request).pk)
    if kind == "vcf":
        response = HttpResponse(write_cards(cards), content_type="text/vcard; charset=utf-8")
    elif kind == "csv":
        response = HttpResponse(write_csv(cards), content_type="text/csv; charset=utf-8")
    else:
        raise Http404
    response.headers["Content-Disposition"] = f'attachment; filename="{_("contacts")}.{kind}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
