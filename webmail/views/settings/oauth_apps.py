"""Which providers' sign-in pages are offered to people: the administrator's registrations. Reads only."""

from accounts.models import OAuthApp
from webmail.views.settings.servers import Servers


def offered_apps() -> list[OAuthApp]:
    """The providers whose sign-in page this Heron can send people to."""
    return [app for app in OAuthApp.objects.filter(enabled=True) if app.client_id and app.endpoints.authorize_url]


def app_of(servers: Servers | None) -> OAuthApp | None:
    """The registration that opens a mailbox on these servers, if there is one."""
    if servers is None or not servers.oauth:
        return None
    return next((app for app in offered_apps() if app.key == servers.oauth), None)
