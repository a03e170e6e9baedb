"""The content security policy: on every answer, strict, and matched by what the templates write."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, RequestFactory

from tests.factories import make_user
from webmail.importmap import import_map, import_map_hash
from webmail.middleware import ContentSecurityPolicyMiddleware

pytestmark = pytest.mark.django_db

TEMPLATES = sorted(Path(settings.BASE_DIR, "templates").rglob("*.*"))


def directives(response: HttpResponse) -> dict[str, list[str]]:
    policy = response.headers["Content-Security-Policy"]
    return {words[0]: words[1:] for words in (part.split() for part in policy.split(";"))}


@pytest.fixture
def signed_in(client: Client) -> Client:
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize("path", ["/settings/profile/", "/admin/", "/accounts/password/change/", "/no-such-page/"])
def test_pages_carry_the_strict_policy(signed_in: Client, path: str) -> None:
    policy = directives(signed_in.get(path))
    assert policy["default-src"] == ["'none'"]
    assert policy["base-uri"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["style-src"] == ["'self'"]
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:"} & {
        word for words in policy.values() for word in words
    }


def test_the_only_inline_script_is_the_import_map_named_by_its_hash(signed_in: Client) -> None:
    response = signed_in.get("/settings/profile/")
    inline = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", response.content.decode())
    # The other block holds phrases; a browser runs nothing of that type.
    assert inline == [' type="importmap"', ' id="words" type="application/json"']
    assert f"'{import_map_hash()}'" in directives(response)["script-src"]
    assert '"heron/compose/editor": "/static/js/compose/editor.js"' in import_map()


def test_a_view_keeps_the_policy_it_set() -> None:
    own = HttpResponse(headers={"Content-Security-Policy": "default-src 'none'; sandbox"})
    answer = ContentSecurityPolicyMiddleware(lambda _request: own)(RequestFactory().get("/"))
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_the_event_stream_carries_the_policy_too(client: Client) -> None:
    assert "default-src 'none'" in client.get("/events").headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR / "templates")))
def test_templates_hold_nothing_that_the_policy_forbids(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"""\sstyle\s*=\s*["']""", text), "an inline style"
    assert not re.search(r"""\son[a-z]+\s*=\s*["']""", text), "an inline handler"
    assert "hx-on" not in text
    assert not re.search(r"""hx-vals\s*=\s*["']js:""", text)
    assert not re.search(r"""hx-trigger\s*=\s*["'][^"']*\[""", text), "a trigger filter needs eval"
    assert not re.search(r"<style\b", text)
    data_block = r"""<script(?![^>]*\bsrc=)(?![^>]*type="application/json")"""
    assert not re.search(data_block, text), "an inline script"
