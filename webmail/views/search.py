"""Search: words in, a list like any other out. A search may be kept under a name, and stands in the column then."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mailsync import actions
from mailsync.store.listing import load_tree
from webmail import access
from webmail.numbers import read_number
from webmail.present.said import said
from webmail.reader import reader_of, user_of
from webmail.results import facets_context, form_target, server_context, standing_of
from webmail.scope import prepared_search, search_scope
from webmail.views.mailbox import finish, respond_with_list


@require_safe
@login_required
def search(request: HttpRequest) -> HttpResponse:
    """``q`` holds the query (see ``mailsync.plan.search``), ``folder`` the id of the one folder it is kept to.

    The form with fields asks with ``form=1`` and is sent on to the query its fields make.
    """
    if "form" in request.GET:
        return HttpResponseRedirect(form_target(request.GET))
    tree = load_tree(user_of(request).pk)
    return respond_with_list(request, search_scope(tree, request.GET), tree)


@require_safe
@login_required
def facets(request: HttpRequest) -> HttpResponse:
    """What narrows a search, asked for once its results stand; without a script, the results with it."""
    tree = load_tree(user_of(request).pk)
    scope = search_scope(tree, request.GET)
    if not request.htmx or request.htmx.target:  # type: ignore[attr-defined]
        return respond_with_list(request, scope, tree)
    context = facets_context(reader_of(request), scope)
    return finish(request, "mail/search_facets.jinja", {"facets": context})


@require_POST
@login_required
def save(request: HttpRequest) -> HttpResponse:
    """Keep ``q``, and the ``folder`` it is kept to, under ``name``."""
    user = user_of(request)
    query, asked = request.POST.get("q", ""), request.POST.get("folder", "")
    folder = read_number(asked)
    if asked and folder is None:
        raise Http404
    folder_id = None if folder is None else access.folder_for(user, folder).pk
    try:
        saved = actions.save_search(user.pk, request.POST.get("name", ""), query, folder_id)
    except actions.CannotDo as refused:
        messages.error(request, said(refused))
    else:
        messages.success(request, _("Saved as “%(name)s”.") % {"name": saved.name})
    fields = {"q": query[:500], **({"folder": asked} if asked else {})}
    return redirect(f"{reverse('search')}?{urlencode(fields)}")


@require_POST
@login_required
def forget(request: HttpRequest, saved_id: int) -> HttpResponse:
    """Take a saved search out of the column; what it found is untouched, and so is the page it is left on."""
    user = user_of(request)
    saved = access.saved_search_for(user, saved_id)
    asked = {"q": saved.query, **({"folder": saved.folder_id} if saved.folder_id else {})}
    actions.forget_search(user.pk, saved.pk)
    messages.success(request, _("“%(name)s” is no longer saved.") % {"name": saved.name})
    return redirect(f"{reverse('search')}?{urlencode(asked)}")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def ask_servers(request: HttpRequest) -> HttpResponse:
    """POST has the mail servers asked for ``q``, in ``folder`` where it is kept to one; GET tells how that stands."""
    user = user_of(request)
    given = request.POST if request.method == "POST" else request.GET
    scope = search_scope(load_tree(user.pk), given)
    if given.get("folder") and not scope.within:
        raise Http404
    if request.method == "POST":
        try:
            actions.ask_servers(user.pk, scope.query, int(scope.within) if scope.within else None)
        except actions.CannotDo as refused:
            messages.error(request, said(refused))
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(scope.url())
    reader = reader_of(request)
    context = server_context(scope, standing_of(reader, scope, prepared_search(scope, reader))) if scope.query else {}
    return finish(request, "mail/search_server.jinja", {"scope": scope, **context})
