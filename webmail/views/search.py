"""Search: words in, a list like any other out."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from mailsync.store.listing import load_tree
from webmail.reader import user_of
from webmail.results import form_target
from webmail.scope import search_scope
from webmail.views.mailbox import respond_with_list


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
