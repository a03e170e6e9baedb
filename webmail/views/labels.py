"""Labels as their owner arranges them: made, coloured, renamed, deleted. In go forms, out come pages."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from mailsync import actions
from mailsync.store.labels import is_atom, load_hues
from mailsync.store.listing import AccountTree, load_tree
from webmail.present.labels import COLOURS, is_label, keyword_of, label_of
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.folders import arranging_page, done_with


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new(request: HttpRequest) -> HttpResponse:
    """A label by itself, which stands in the column before any message has it."""
    user = user_of(request)
    name = request.POST.get("name", "")
    error = ""
    if request.method == "POST":
        keyword = keyword_of(name)
        try:
            actions.make_label(user.pk, _named(keyword), _hue(request) if "hue" in request.POST else None)
        except actions.CannotDo as refused:
            error = said(refused)
        else:
            messages.success(request, _("Label “%(name)s” created") % {"name": label_of(keyword).text})
            return redirect("label", keyword)
    hue = request.POST.get("hue", "")
    context: dict[str, object] = {"error": error, "name": name, "colours": COLOURS, "hue": hue}
    return arranging_page(request, load_tree(user.pk), "mail/label_new.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, keyword: str) -> HttpResponse:
    """Colour a label, rename it, or take it off everything that carries it; the workers do the latter two."""
    user = user_of(request)
    if not is_atom(keyword):
        raise Http404
    tree = load_tree(user.pk)
    error = ""
    if request.method == "POST":
        try:
            return _change(request, user, keyword, tree)
        except actions.NotYours as stranger:
            raise Http404 from stranger
        except actions.CannotDo as refused:
            error = said(refused)
    shown = label_of(keyword, load_hues(user.pk))
    context = {"error": error, "keyword": keyword, "chip": shown, "colours": COLOURS, "hue": str(shown.hue)}
    return arranging_page(request, tree, "mail/label_edit.html", context)


def _change(request: HttpRequest, user: User, keyword: str, tree: list[AccountTree]) -> HttpResponse:
    folders = [line.folder.pk for entry in tree for line in entry.folders if line.folder.selectable]
    match request.POST.get("do"):
        case "colour":
            actions.colour_label(user.pk, keyword, _hue(request))
            messages.success(request, _("Colour changed"))
            return redirect("label_edit", keyword)
        case "rename":
            wanted = _named(keyword_of(request.POST.get("name", "")))
            if wanted == keyword:
                return redirect("label", keyword)
            result = actions.rename_label(user.pk, keyword, wanted, folders)
            return done_with(request, result, redirect("label", wanted))
        case "delete":
            return done_with(request, actions.delete_label(user.pk, keyword, folders), redirect("home"))
        case _:
            raise Http404


def _named(keyword: str) -> str:
    if not keyword:
        raise actions.CannotDo(_("Give the label a name."), field="name")
    if len(keyword) > 64 or not is_label(keyword):
        words = _("This name is too long, or mail programs use it for themselves. Choose another.")
        raise actions.CannotDo(words, field="name")
    return keyword


def _hue(request: HttpRequest) -> int:
    """One of the colours offered; 404 for any other."""
    wanted = request.POST.get("hue", "")
    found = next((hue for hue, _name in COLOURS if str(hue) == wanted), None)
    if found is None:
        raise Http404
    return found
