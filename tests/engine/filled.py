"""A server with some mail on it, and the folder here that it is pulled into."""

from mailsync.models import Folder
from tests.factories import raw_message
from tests.fakes import QRESYNC, PullServer


def filled(count: int = 6, capabilities: tuple[str, ...] = QRESYNC) -> PullServer:
    server = PullServer(capabilities=capabilities)
    for n in range(count):
        server.boxes["INBOX"].add(raw_message(f"Inbox {n}", Message_ID=f"<i{n}@x>"))
    return server


def inbox() -> Folder:
    return Folder.objects.get(path="INBOX")
