"""The service worker's own file, the page it keeps, and what the browser forgets at sign-out."""

import json
import re

import pytest
from django.test import Client

from accounts.models import User

pytestmark = pytest.mark.django_db


def test_the_worker_names_what_it_keeps_and_all_of_it_is_there(client: Client) -> None:
    answer = client.get("/worker.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "no-cache" in answer.headers["Cache-Control"]
    told = re.match(r"const SHELL = (\{.*\});\n", answer.content.decode())
    assert told
    shell = json.loads(told[1])
    assert client.get(shell["page"]).status_code == 200
    page = client.get(shell["page"]).content.decode()
    asked = {one for one in re.findall(r'(?:href|src)="(/static/[^"#]+)', page) if not one.endswith(".webmanifest")}
    assert asked == set(shell["files"]), "the page is made of what is kept"


def test_the_page_without_a_connection_is_nobodys(browser: Client, client: Client) -> None:
    anonymous = re.sub(r'value="\w+"|&quot;\w{64}&quot;|"\w{64}"', "", client.get("/offline/").content.decode())
    assert (
        re.sub(r'value="\w+"|&quot;\w{64}&quot;|"\w{64}"', "", browser.get("/offline/").content.decode()) == anonymous
    )


def test_signing_out_has_the_browser_forget(browser: Client, anna: User) -> None:
    assert "Clear-Site-Data" not in browser.get("/accounts/logout/").headers
    answer = browser.post("/accounts/logout/")
    assert answer.status_code == 302
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert browser.get("/settings/").status_code == 302
