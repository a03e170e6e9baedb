"""What is kept here, and all of it as one file: in goes a user, out come sizes, or a zip archive while it is made."""

from collections.abc import Iterator

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailsync.message.vcard import write_cards
from mailsync.store.contacts import load_cards
from mailsync.store.emptying import load_emptying
from mailsync.store.export import export_files, export_settings_files, load_kept
from mailsync.store.quota import storage_of
from webmail import access
from webmail.numbers import read_number
from webmail.reader import user_of
from webmail.streaming import stream
from webmail.views.settings.emptying import wishes_of
from webmail.views.settings.settings_file import settings_text
from webmail.zips import zip_pieces


@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    kept = load_kept(user.pk)
    context = {
        "kept": kept,
        "total_bytes": sum(one.size_bytes for one in kept),
        "storage": storage_of(user),
        "wishes": wishes_of(load_emptying(user.pk)),
    }
    return render(request, "settings/storage.html", context)


@require_safe
@login_required
def export(request: HttpRequest) -> HttpResponseBase:
    """Every folder as an mbox file, with contacts and settings; of one account where ``account`` names it."""
    user = user_of(request)
    asked = request.GET.get("account", "")
    account_id = None
    if asked:
        number = read_number(asked)
        if number is None:
            raise Http404
        account_id = access.account_for(user, number).pk
    now = timezone.localtime()
    headers = {
        "Content-Type": "application/zip",
        "Content-Disposition": f'attachment; filename="heron-{now:%Y-%m-%d}.zip"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return stream(request, zip_pieces(_files(request, account_id), now), headers)


def _files(request: HttpRequest, account_id: int | None) -> Iterator[tuple[str, Iterator[bytes]]]:
    user_id = user_of(request).pk
    yield from export_files(user_id, account_id)
    if account_id is None:
        cards = list(load_cards(user_id))
        if cards:
            yield "contacts.vcf", iter([write_cards(cards)])
        yield "settings.json", iter([settings_text(request)])
        yield from export_settings_files(user_id)
