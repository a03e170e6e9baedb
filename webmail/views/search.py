"""Search: words in, a list like any other out."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from mailsync.store.listing import load_tree
from webmail.reader import user_of
from webmail.scope import search_scope
from webmail.views.mailbox import respond_with_list


@require_safe
@login_required
def search(request: HttpRequest) -> HttpResponse:
    """``q`` holds the words: "a phrase", -without, from:name, subject:word."""
    tree = load_tree(user_of(request).pk)
    return respond_with_list(request, search_scope(tree, request.GET), tree)
