"""Signed-in sessions of Heron and of Roundcube, for `bench/beside.py`: each operation is what its screen asks for.

Who asks shares the machine with the servers, so the asking is kept cheap: one connection, held open where the server
lets it, and pages read no further than to see that they are right.
"""

import http.client
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from zstandard import ZstdDecompressor

from tests.servers.dovecot import Mailbox

_FORM = "application/x-www-form-urlencoded"
#: What a browser says of itself over HTTPS, without Brotli, which neither program speaks.
_ENCODINGS = "gzip, deflate, zstd"


class Client(Protocol):
    """A signed-in session of one program; each operation is what its screen asks the server for."""

    def list(self, number: int) -> None: ...
    def open(self, number: int) -> None: ...
    def mark(self, number: int) -> None: ...
    def search(self, word: str) -> None: ...


class Heron:
    def __init__(self, url: str, session: str, folder_id: int, threads: Sequence[int]) -> None:
        from django.conf import settings

        self._url, self._folder, self._threads = url, f"/f/{folder_id}/", threads
        self._folder_id = folder_id
        self._web = _Connection(url, {settings.SESSION_COOKIE_NAME: session})
        self._token = _found(r'name="csrfmiddlewaretoken" value="([^"]+)"', self._web.get(self._folder))

    def _get(self, path: str, target: str = "", **more: str) -> str:
        headers = {"HX-Request": "true", "HX-Target": target, **more} if target else {}
        return self._web.get(path, headers)

    def nothing(self, number: int) -> None:
        """A request of somebody signed in that asks for nothing: what Django and our middlewares take of each."""
        self._get("/healthz")

    def list(self, number: int) -> None:
        assert 'class="row' in self._get(self._folder, "list")

    def open(self, number: int) -> None:
        path = f"{self._folder}t/{self._threads[number % len(self._threads)]}/"
        page = self._get(path, "main", **{"Heron-Body": "1"})
        frame = page[page.rindex("<iframe") :]
        if "<template data-body" not in frame:  # then the body is asked for beside it
            self._get(_found(r' src="([^"]+)"', frame).replace("&amp;", "&"))

    def mark(self, number: int) -> None:
        name = f"t{self._folder_id}-{self._threads[number // 2 % len(self._threads)]}"
        fields = {"do": "read" if number % 2 else "unread", "on": name, "csrfmiddlewaretoken": self._token}
        self._web.post("/act/", fields, {"HX-Request": "true", "Referer": self._url})

    def search(self, word: str) -> None:
        self._get(f"/search/?q=body:{word}", "list")


class Roundcube:
    def __init__(self, url: str, mailbox: Mailbox) -> None:
        self._web = _Connection(url)
        token = _found(r'name="_token" value="([^"]+)"', self._web.get("/?_task=login"))
        fields = {"_user": mailbox.address, "_pass": mailbox.password, "_token": token}
        self._web.post("/?_task=login", {**fields, "_task": "login", "_action": "login"})
        page = self._web.get("/?_task=mail")
        self._token = _found(r'"request_token":"([^"]+)"', page)
        self._uids = sorted(map(int, re.findall(r"add_message_row\((\d+)", self._ask("list"))), reverse=True)
        assert self._uids, "Roundcube lists nothing."

    def _ask(self, action: str, **fields: str) -> str:
        wanted = {"_task": "mail", "_action": action, "_mbox": "INBOX", **fields}
        if action not in ("preview",):
            wanted |= {"_remote": "1", "_unlock": "0"}
        return self._web.get(f"/?{urlencode(wanted)}", {"X-Roundcube-Request": self._token})

    def list(self, number: int) -> None:
        assert "add_message_row" in self._ask("list", _page="1")

    def open(self, number: int) -> None:
        assert "messagebody" in self._ask("preview", _uid=str(self._uids[number % len(self._uids)]), _framed="1")

    def mark(self, number: int) -> None:
        fields = {"_uid": str(self._uids[number // 2 % len(self._uids)]), "_flag": "read" if number % 2 else "unread"}
        fields |= {"_mbox": "INBOX", "_remote": "1", "_unlock": "0"}
        self._web.post("/?_task=mail&_action=mark", fields, {"X-Roundcube-Request": self._token})

    def search(self, word: str) -> None:
        self._ask("search", _q=word, _headers="body", _scope="base", _interval="")


class _Connection:
    """One connection to a site on loopback, with its cookies. It follows no redirect."""

    def __init__(self, url: str, cookies: Mapping[str, str] | None = None) -> None:
        self._cookies = dict(cookies or {})
        self._http = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
        self._zstd = ZstdDecompressor()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> str:
        return self._ask("GET", path, None, headers or {})

    def post(self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> str:
        return self._ask("POST", path, urlencode(fields), {"Content-Type": _FORM, **(headers or {})})

    def _ask(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> str:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        every = {"Accept-Encoding": _ENCODINGS, **({"Cookie": cookies} if cookies else {}), **headers}
        try:
            self._http.request(method, path, body, every)
            answer = self._http.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError):  # closed by the server while nothing was asked
            self._http.close()
            self._http.request(method, path, body, every)
            answer = self._http.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")
        for line in answer.headers.get_all("Set-Cookie", ()):
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value
        match answer.headers.get("Content-Encoding"):
            case "gzip":
                content = zlib.decompress(content, 16 + zlib.MAX_WBITS)
            case "zstd":
                content = self._zstd.decompress(content)
        return content.decode()


def _found(pattern: str, page: str) -> str:
    found = re.search(pattern, page)
    assert found, f"{pattern} is not in the page: {page[:300]}"
    return found[1]
