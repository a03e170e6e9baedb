"""The picture proxy: a signed token in, the picture it names out. Screens room."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from webmail import access
from webmail.pictures import fetch_picture
from webmail.reader import user_of
from webmail.signing import read_picture


@require_safe
@login_required
def picture_proxy(request: HttpRequest) -> HttpResponse:
    """404 for a token that is not this user's, for a message that is gone, and for what is no picture."""
    user = user_of(request)
    signed = read_picture(user.pk, request.GET.get("t", ""))
    if signed is None:
        raise Http404
    access.message_for(user, signed.message_id)
    picture = fetch_picture(signed.url)
    if picture is None:
        raise Http404
    return HttpResponse(
        picture.data,
        headers={
            "Content-Type": picture.content_type,
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "private, max-age=604800, immutable",
        },
    )
