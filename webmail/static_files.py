"""Static files as plain answers: what WhiteNoise has found flows in, a response of bytes flows out. Screens room.

WhiteNoise answers with an open file, which Django under ASGI gathers into a list in a thread, and warns of it in the
log of whoever runs the site. The largest file is some hundred kilobytes, so it is read at once.
"""

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # WhiteNoise carries no types
    """WhiteNoise, but for what it answers with."""

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        """The file, a part of it (RFC 9110 §14), or that it has not changed."""
        found = static_file.get_response(request.method, request.META)
        content = b""
        if found.file is not None:
            with found.file as file:
                content = file.read()
        answer = HttpResponse(content, status=int(found.status))
        del answer["content-type"]  # Django's own; the file's is among these
        for name, value in found.headers:
            answer[name] = value
        return answer
