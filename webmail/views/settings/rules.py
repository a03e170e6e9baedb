"""Rules and blocked senders in the settings: in go forms, out come the list, a rule with its backtest, and a run.

A rule is tried before it is saved: what its search finds among the newest messages, by the search itself.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from mailsync import actions
from mailsync.models import Message, Webhook
from mailsync.plan.rules import Fields, build_query
from mailsync.store import rules as store
from mailsync.store.forwards import Standing, load_addresses
from mailsync.store.listing import AccountTree, load_tree
from mailsync.store.search import prepare_search
from mailsync.store.search_among import Backtest, backtest
from mailsync.store.webhooks import load_webhooks
from webmail import access
from webmail.numbers import read_number
from webmail.present.rules import Names, present_rules
from webmail.present.said import said
from webmail.reader import user_of
from webmail.scope import folder_title
from webmail.views.settings.asking import ask_to_remove
from webmail.views.settings.rule_form import RuleForm

#: A rule is tried on so many of the newest messages, and so many of what it finds are shown.
_TRIED, _SHOWN = 5000, 10
#: Of blocked senders; some have thousands.
_PAGE = 100


def names_of(tree: list[AccountTree], hooks: Iterable[Webhook], addresses: Iterable[Standing]) -> Names:
    """By id, as a rule keeps it."""
    return Names(
        {str(line.folder.pk): folder_title(line.folder) for entry in tree for line in entry.folders},
        {str(hook.pk): hook.name for hook in hooks},
        {str(one.row.pk): one.row.address for one in addresses},
    )


@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """The rules in their order, and the blocked senders, a hundred a page; ``q`` narrows these."""
    user = user_of(request)
    typed = request.GET.get("q", "").strip()[:320]
    tree = load_tree(user.pk)
    accounts = {entry.account.pk: str(entry.account) for entry in tree}
    loaded = store.load_rules(user.pk)
    hooks, addresses = load_webhooks(user.pk), load_addresses(user.pk)
    names = names_of(tree, hooks, addresses)
    failing = {one.row.pk for one in addresses if one.failed}
    context = {
        "rules": present_rules(loaded, store.count_hits(user.pk), names, accounts, failing),
        "webhooks": hooks,
        "addresses": addresses,
        "page": Paginator(store.blocked_of(user.pk, typed=typed), _PAGE).get_page(request.GET.get("page")),
        "typed": typed,
        "has_accounts": bool(accounts),
    }
    return render(request, "settings/rules.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, rule_id: int | None = None) -> HttpResponse:
    """A rule, or a new one: empty, about ``message``, or of what ``q`` finds. ``do=try`` only tries it."""
    user = user_of(request)
    rule = _loaded(user, rule_id) if rule_id is not None else None
    tree = load_tree(user.pk)
    hooks = load_webhooks(user.pk)
    addresses = [one.row for one in load_addresses(user.pk) if one.row.verified_at]
    initial = RuleForm.standing(rule) if rule else _about(request, user)
    form = RuleForm(tree, hooks, addresses, request.POST or None, initial=initial)
    is_try = request.POST.get("do") == "try"
    if request.method == "POST" and form.is_valid() and not is_try:
        try:
            actions.write_rule(user.pk, rule_id, form.text())
        except actions.NotYours as error:
            raise Http404 from error
        except actions.CannotDo as error:
            form.add_error(error.field if error.field in form.fields else None, said(error))
        else:
            messages.success(request, _("Saved."))
            return redirect("settings_rules")
    context = {
        "form": form,
        "rule": rule,
        "several_accounts": len(tree) > 1,
        "webhooks": hooks,
        "addresses": addresses,
        **_tried(user, form, rule),
    }
    context["paused"] = said(_(rule.problem)) if rule and rule.problem else ""
    if is_try and request.htmx:  # type: ignore[attr-defined]
        return render(request, "settings/rule_tried.html", context)
    return render(request, "settings/rule_edit.html", context, status=422 if form.errors and not is_try else 200)


@require_POST
@login_required
def change(request: HttpRequest, rule_id: int) -> HttpResponse:
    """``do``: up, down, on, off, remove, or run over the inboxes (``run``) or all mail (``run_all``)."""
    user = user_of(request)
    rule = access.rule_for(user, rule_id)
    match request.POST.get("do", ""):
        case "up" | "down" as way:
            actions.reorder_rule(user.pk, rule.pk, by=-1 if way == "up" else 1)
        case "on" | "off" as way:
            actions.switch_rule(user.pk, rule.pk, on=way == "on")
        case "remove":
            title, kept = _("Remove the rule “%(name)s”?") % {"name": rule.name}, _("What it did stays done.")
            if question := ask_to_remove(request, title, kept, reverse("rule_edit", args=[rule.pk]), rule.name):
                return question
            actions.remove_rule(user.pk, rule.pk)
            messages.success(request, _("“%(name)s” is removed.") % {"name": rule.name})
        case "run" | "run_all" as way:
            try:
                done = actions.run_rule(user.pk, rule.pk, inbox_only=way == "run")
            except actions.CannotDo as error:
                messages.error(request, said(error))
            else:
                messages.success(request, done.label, extra_tags=f"undo:{done.group}")
                return redirect("activity")
        case _:
            raise Http404
    return redirect("settings_rules")


@require_POST
@login_required
def block(request: HttpRequest) -> HttpResponse:
    """An address or a domain, by hand."""
    user = user_of(request)
    try:
        done = actions.block_sender(
            user.pk, request.POST.get("pattern", "")[:320], to_bin=bool(request.POST.get("bin"))
        )
    except actions.CannotDo as error:
        messages.error(request, said(error))
    else:
        messages.success(request, done.label)
    return redirect(reverse("settings_rules") + "#blocked")


@require_POST
@login_required
def unblock(request: HttpRequest, blocked_id: int) -> HttpResponse:
    user = user_of(request)
    found = access.blocked_for(user, blocked_id)
    actions.unblock_sender(user.pk, found.pk)
    messages.success(request, _("%(sender)s is no longer blocked") % {"sender": found.pattern})
    asked = {name: value for name in ("q", "page") if (value := request.POST.get(name, "")[:320])}
    return redirect(f"{reverse('settings_rules')}{'?' + urlencode(asked) if asked else ''}#blocked")


def _loaded(user: User, rule_id: int) -> store.LoadedRule:
    access.rule_for(user, rule_id)
    return store.load_rules(user.pk, only=rule_id)[0]


def _about(request: HttpRequest, user: User) -> dict[str, Any]:
    """What a new rule begins with."""
    if (asked := read_number(request.GET.get("message", ""))) is not None:
        return _about_message(access.message_for(user, asked))
    return {"search": request.GET.get("q", "").strip()[:500]}


def _about_message(message: Message) -> dict[str, Any]:
    """Its list if it came by one, else its sender; the subject is for the reader to add."""
    name = (message.from_name or message.from_address)[:80]
    if list_id := str(message.facts.get("list_id", "")):
        return {"list_id": list_id[:200], "name": name}
    return {"sender": message.from_address[:300], "name": name}


def _tried(user: User, form: RuleForm, rule: store.LoadedRule | None) -> dict[str, Any]:
    """What the form, as it stands, would have matched."""
    if form.is_bound:
        form.is_valid()
        query = build_query(form.asked())
        accounts = tuple(form.cleaned_data.get("accounts", ()))
    else:
        query = rule.query if rule else build_query(Fields.from_json({k: v for k, v in form.initial.items() if v}))
        accounts = rule.accounts if rule else ()
    if not query:
        return {"tried": None, "query": ""}
    search = prepare_search(user.pk, query, store.folders_to_try(user.pk, accounts))
    found: Backtest = backtest(search, size=_TRIED, limit=_SHOWN)
    return {
        "tried": found,
        "query": query,
        "mistakes": [said(problem.text) for problem in search.problems],
        "search_url": reverse("search") + "?" + urlencode({"q": query}),
    }
