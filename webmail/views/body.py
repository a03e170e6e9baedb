"""The frame that a message's body is shown in: its own URL, its own policy. In goes a message id, out its document.

``body`` never loads a remote picture; ``body_pictures`` does, through our proxy. They are two URLs, as
browsers keep what they have loaded. Consent that lasts is a POST to ``body_pictures``.
"""

from dataclasses import replace

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import preferences
from accounts.models import TrustedSender
from mailsync.message.addresses import format_address
from mailsync.message.bodies import attachments, decode_part, reader
from mailsync.message.facts import ParsedHeader, Part
from mailsync.message.headers import MAX_HEADER_BYTES
from mailsync.message.parse import parse_header, parse_message
from mailsync.models import Message
from mailsync.store.opening import message_root, part_reader
from mailsync.store.raw import BodyNotFetched
from mailsync.store.replying import header_of
from webmail import access
from webmail.bodies import load_body, picture_urls
from webmail.files import file_name, part_of, preview_kind
from webmail.reader import user_of
from webmail.reading import shows_pictures
from webmail.render import (
    HEADERS,
    THEMES,
    CleanBody,
    PictureUrl,
    content_security_policy,
    empty_document,
    html_document,
    join_bodies,
    no_pictures,
    notice_document,
    render_header,
    text_body,
)


@require_safe
@login_required
def body(request: HttpRequest, message_id: int) -> HttpResponse:
    """The body without remote pictures.

    ``?theme=auto|light|dark`` says whether it is shown in dark colours; ``?as=text`` shows its text.
    """
    message = access.body_of(user_of(request), message_id)
    return _refuse_outside_frame(request) or _framed(request, message, remote=False)


@require_safe
@login_required
def frame(request: HttpRequest, mode: str) -> HttpResponse:
    """A frame with nothing in it yet, for scripts: the cleaned body that comes with a conversation is put into it.

    Its policy is that of every body, but that it shows own pictures of whichever message is opened next: in their
    folder there is nothing else, and none but the reader's.
    """
    refused = _refuse_outside_frame(request)
    if refused is not None:
        return refused
    try:
        response = HttpResponse(empty_document(mode), headers=dict(HEADERS))
    except KeyError as error:
        raise Http404 from error
    response.headers["Content-Security-Policy"] = content_security_policy(
        _folder(request, reverse("cid", args=[1, "1"]), 2)
    )
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def body_pictures(request: HttpRequest, message_id: int) -> HttpResponse:
    """GET: the body with its remote pictures, this time. POST ``scope=sender|domain``: from now on for all of them."""
    if request.method == "POST":
        return _trust(request, access.message_for(user_of(request), message_id))
    message = access.body_of(user_of(request), message_id)
    return _refuse_outside_frame(request) or _framed(request, message, remote=True)


@require_safe
@login_required
def nested(request: HttpRequest, message_id: int, part: str) -> HttpResponse:
    """A message attached to a message: its header and its body, without remote pictures. Also for a tab of its own."""
    message = access.readable_for(user_of(request), message_id)
    found = part_of(message, part)
    if preview_kind(found) != "message":
        raise Http404
    refused = _refuse_outside_frame(request, "document")
    if refused is not None:
        return refused
    try:
        read = part_reader(message)
        pictures: PictureUrl = no_pictures
        if found.children:
            root = found.children[0]
            header = parse_header(read(found.start, min(found.end, found.start + MAX_HEADER_BYTES)))
            pictures = picture_urls(message, user_of(request).pk, remote=False, inside=root)
        else:
            # Its parts have no section numbers, so nothing but its words can be asked for.
            data = decode_part(found, read)
            parsed = parse_message(data)
            root, header, read = parsed.root, parsed.header, reader(data)
        shown = load_body(message, inside=root, subject=header.subject, read=read)
    except BodyNotFetched as error:
        raise Http404 from error
    theme = THEMES.get(request.GET.get("theme", "auto"), "auto")
    text = html_document(_headed(header, root, shown.body), picture_url=pictures, theme=theme)
    return _answer(request, message, text, remote=False)


@require_safe
@login_required
def letter(request: HttpRequest, message_id: int) -> HttpResponse:
    """A message with its header as a document of its own, under the policy of every body: what a browser without
    scripts prints whole, where a frame would be cut. Remote pictures load where this reader always loads them."""
    user = user_of(request)
    message = access.readable_for(user, message_id)
    refused = _refuse_outside_frame(request, "document")
    if refused is not None:
        return refused
    likes = preferences.load(user)
    try:
        shown = load_body(message, as_text=likes.plain_text)
    except BodyNotFetched as error:
        raise Http404 from error
    remote = shows_pictures(user, message, shown.body, likes)
    text = html_document(
        _headed(header_of(message), message_root(message), shown.body),
        picture_url=picture_urls(message, user.pk, remote=remote),
        theme=THEMES[likes.theme] if likes.dark_mail else "light",
    )
    return _answer(request, message, text, remote=remote)


def _headed(header: ParsedHeader, root: Part | None, body: CleanBody) -> CleanBody:
    """A body below the lines of its header, in the rendering mode and on the ground that its sender chose."""
    lines = [
        (_("From"), format_address(header.sender)),
        (_("To"), ", ".join(map(format_address, header.to))),
        (_("Cc"), ", ".join(map(format_address, header.cc))),
        (_("Date"), date_format(localtime(header.sent_at), "DATETIME_FORMAT") if header.sent_at else ""),
        (_("Subject"), header.subject),
        (_("Files"), ", ".join(map(file_name, attachments(root))) if root else ""),
    ]
    both = join_bodies([text_body(render_header(lines)), body])
    return replace(both, body_attributes=body.body_attributes, doctype=body.doctype)


def _refuse_outside_frame(request: HttpRequest, *also: str) -> HttpResponse | None:
    """A body is shown inside our page only. Browsers that say what they fetch for are held to it."""
    wanted_as = request.headers.get("Sec-Fetch-Dest", "iframe")
    wanted_by = request.headers.get("Sec-Fetch-Site", "same-origin")
    if wanted_as in ("iframe", *also) and wanted_by == "same-origin":
        return None
    response = HttpResponse(_("This is shown only inside the message."), status=403, content_type="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response


def _framed(request: HttpRequest, message: Message, *, remote: bool) -> HttpResponse:
    theme = THEMES.get(request.GET.get("theme", "auto"), "auto")
    fetched = True
    try:
        shown = load_body(message, as_text=request.GET.get("as") == "text")
    except BodyNotFetched:
        fetched = False
        text = notice_document(
            _("This message is still being fetched."), _("It appears here as soon as it has arrived."), theme=theme
        )
    else:
        if shown.is_empty:
            text = notice_document(_("This message has no text."), "", theme=theme)
        else:
            pictures = picture_urls(message, user_of(request).pk, remote=remote)
            text = html_document(shown.body, picture_url=pictures, theme=theme)
    return _answer(request, message, text, remote=remote, is_kept=fetched)


def _answer(request: HttpRequest, message: Message, text: str, *, remote: bool, is_kept: bool = True) -> HttpResponse:
    """A document under the policy of its message; of what was encrypted the browser keeps nothing."""
    response = HttpResponse(text, headers=dict(HEADERS))
    response.headers["Content-Security-Policy"] = _policy(request, message, remote=remote)
    if not is_kept or message.inside is not None:
        response.headers["Cache-Control"] = "no-store"
    return response


def _folder(request: HttpRequest, path: str, levels: int) -> str:
    """The absolute URL of the folder so many levels above a path."""
    return request.build_absolute_uri(f"{path.rsplit('/', levels)[0]}/")


def _policy(request: HttpRequest, message: Message, *, remote: bool) -> str:
    own = _folder(request, reverse("cid", args=[message.pk, "1"]), 1)
    proxy = request.build_absolute_uri(reverse("picture_proxy"))
    return content_security_policy(own, *([proxy] if remote else []))


def _trust(request: HttpRequest, message: Message) -> HttpResponse:
    """Remembers the sender, or their whole domain, and answers with the page of the message."""
    address = message.from_address.lower()
    domain = address.rpartition("@")[2]
    trusted = {"sender": address, "domain": f"@{domain}"}.get(request.POST.get("scope", ""))
    if trusted is None or not domain:
        return HttpResponseBadRequest(_("Choose the sender or the domain."), content_type="text/plain")
    user = user_of(request)
    if not TrustedSender.objects.filter(user=user, address__iexact=trusted).exists():
        TrustedSender.objects.bulk_create([TrustedSender(user=user, address=trusted)], ignore_conflicts=True)
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(status=204, headers={"HX-Trigger": "pictures-allowed"})
    return HttpResponseRedirect(reverse("message", args=[message.pk]))
