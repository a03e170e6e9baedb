"""A small HTTPS server of many names: autoconfig files and autodiscover answers for the names that a test gives."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.servers.certificates import Certificates

CONFIG = """<?xml version="1.0"?>
<clientConfig version="1.1"><emailProvider id="{domain}">
  <incomingServer type="imap"><hostname>{host}</hostname><port>993</port>
    <socketType>SSL</socketType><username>%EMAILADDRESS%</username></incomingServer>
  <outgoingServer type="smtp"><hostname>{host}</hostname><port>465</port>
    <socketType>SSL</socketType><username>%EMAILADDRESS%</username></outgoingServer>
</emailProvider></clientConfig>"""
AUTODISCOVER = """<?xml version="1.0"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"><Account>
  <AccountType>email</AccountType><Action>settings</Action>
  <Protocol><Type>IMAP</Type><Server>{host}</Server><Port>993</Port><SSL>on</SSL></Protocol>
  <Protocol><Type>SMTP</Type><Server>{host}</Server><Port>465</Port><SSL>on</SSL></Protocol>
</Account></Response></Autodiscover>"""


class Pages:
    """``pages[("autoconfig.club.test", "/mail/config-v1.1.xml")] = "…"``; ``asked`` has every request with its body."""

    def __init__(self, certificates: Certificates) -> None:
        self.pages: dict[tuple[str, str], str] = {}
        self.asked: list[tuple[str, str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = certificates.server_context()
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
                host = self.headers.get("Host", "").partition(":")[0]
                outer.asked.append((host, self.path, body))
                page = outer.pages.get((host, self.path))
                self.send_response(200 if page else 404)
                self.end_headers()
                self.wfile.write((page or "").encode())

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Nothing is written: the tests read ``asked``."""

        return Handler
