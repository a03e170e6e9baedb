"""OAuth without a network: what is asked of a provider, and how its answers are read."""

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts import oauth, providers

CLUB = oauth.Endpoints("https://id.club.test/authorize?tenant=1", "https://id.club.test/token", "", "openid email mail")


def id_token(**claims: Any) -> str:
    body = base64.urlsafe_b64encode(json.dumps({"aud": "heron", "nonce": "n", **claims}).encode()).decode().rstrip("=")
    return f"e30.{body}.signature"


def answer(**fields: Any) -> bytes:
    return json.dumps({"access_token": "at", "expires_in": 3600, **fields}).encode()


def test_the_person_is_sent_with_a_challenge_and_a_state() -> None:
    url = oauth.build_authorize_url(
        CLUB, client_id="heron", redirect_uri="https://h.test/back", state="s", verifier="v" * 43, nonce="n",
        address="a+b@club.test",
    )  # fmt: skip
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert query["tenant"] == "1"
    assert query["code_challenge"] == oauth.build_challenge("v" * 43)
    assert query["code_challenge_method"] == "S256"
    assert (query["state"], query["nonce"], query["login_hint"]) == ("s", "n", "a+b@club.test")
    assert "v" * 43 not in url


def test_every_verifier_is_new_and_long_enough() -> None:
    verifiers = {oauth.make_verifier() for _ in range(50)}
    assert len(verifiers) == 50
    assert all(43 <= len(verifier) <= 128 for verifier in verifiers)


def test_tokens_show_in_no_repr() -> None:
    grant = oauth.parse_grant(200, answer(access_token="tell-nobody", refresh_token="nor-this"), client_id="heron")
    assert (grant.access_token, grant.refresh_token) == ("tell-nobody", "nor-this")
    assert "tell-nobody" not in repr(grant)
    assert "nor-this" not in repr(grant)


@pytest.mark.parametrize(
    ("token", "address"),
    [
        (id_token(email="anna@club.test"), "anna@club.test"),
        (id_token(preferred_username="anna@club.test"), "anna@club.test"),
        (id_token(email="anna@club.test", aud=["other", "heron"]), "anna@club.test"),
        (id_token(email="anna@club.test", aud="other"), ""),
        (id_token(email="anna@club.test", nonce="another"), ""),
        (id_token(email="anna"), ""),
        (id_token(email=["anna@club.test"]), ""),
        ("a.b", ""),
        ("e30.%%%.x", ""),
        ("", ""),
    ],
)
def test_the_address_is_believed_only_from_a_token_for_this_request(token: str, address: str) -> None:
    assert oauth.parse_grant(200, answer(id_token=token), client_id="heron", nonce="n").address == address


@pytest.mark.parametrize(
    ("status", "body", "final"),
    [
        (400, {"error": "invalid_grant"}, True),
        (400, {"error": "interaction_required"}, True),
        (401, {"error": "invalid_client"}, False),
        (500, {"error": "invalid_grant"}, False),
        (503, {}, False),
        (200, {"token_type": "Bearer"}, False),
    ],
)
def test_only_a_lost_permission_needs_the_person(status: int, body: dict[str, Any], final: bool) -> None:
    with pytest.raises(oauth.OAuthRefused) as caught:
        oauth.parse_grant(status, json.dumps(body).encode(), client_id="heron")
    assert caught.value.final is final


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'"text"', b"\xff"])
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(oauth.OAuthRefused):
        oauth.parse_grant(200, body, client_id="heron")


@pytest.mark.parametrize(
    ("says", "seconds"), [(60, 60), ("60", 60), (None, 3600), ("soon", 3600), (-5, 0), (10**12, 90 * 86400)]
)
def test_a_life_is_a_sane_number(says: Any, seconds: int) -> None:
    assert oauth.parse_grant(200, answer(expires_in=says), client_id="heron").expires_in == seconds


def test_a_description_of_another_issuer_is_not_believed() -> None:
    good = {"issuer": "https://id.test/", "authorization_endpoint": "https://id.test/a", "token_endpoint": "https://t"}
    assert oauth.parse_endpoints(json.dumps(good).encode(), "https://id.test") == ("https://id.test/a", "https://t", "")
    for bad in ({**good, "issuer": "https://evil.test"}, {"issuer": "https://id.test"}):
        with pytest.raises(ValueError, match="document"):
            oauth.parse_endpoints(json.dumps(bad).encode(), "https://id.test")


def test_every_provider_of_the_table_that_takes_oauth_is_known_or_takes_passwords_too() -> None:
    for provider in providers.all_providers().values():
        if provider.oauth:
            assert provider.oauth in oauth.KNOWN, provider.key
        elif "oauth2" in provider.sign_in:
            assert provider.takes_passwords, provider.key
    for endpoints in oauth.KNOWN.values():
        for url in (endpoints.authorize_url, endpoints.token_url, endpoints.revoke_url):
            assert url == "" or url.startswith("https://")
