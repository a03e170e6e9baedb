"""The provider table: every row holds, and lookups find the right one and no other."""

from pathlib import Path

import pytest

from accounts import providers
from accounts.providers import DEFAULT_CONNECTIONS, all_providers, provider_for_address, provider_for_mx, settings_for


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("a@gmail.com", "gmail"),
        ("A@GoogleMail.COM", "gmail"),
        ("a@hotmail.co.uk", "outlook"),
        ("a@live.nl", "outlook"),
        ("a@yahoo.com.au", "yahoo"),
        ("a@ymail.com", "yahoo"),
        ("a@aim.com", "aol"),
        ("a@mac.com", "icloud"),
        ("a@sbcglobal.net", "att"),
        ("a@bk.ru", "mailru"),
        ("a@gmx.de", "gmx"),
        ("a@gmx.com", "gmx_com"),
        ("a@posteo.net", "posteo"),
        ("a@pm.me", "proton_bridge"),
    ],
)
def test_an_address_finds_its_provider(address: str, key: str) -> None:
    found = provider_for_address(address)
    assert found is not None
    assert found.key == key


@pytest.mark.parametrize(
    "address", ["a@example.org", "a@myyahoo.com", "a@yahoo.evil.example", "a@gmail.com.evil.example", "gmail.com@x", ""]
)
def test_a_stranger_finds_none(address: str) -> None:
    assert provider_for_address(address) is None


def test_mx_tells_whose_servers_a_domain_uses() -> None:
    google = provider_for_mx(["aspmx.l.google.com.", "alt1.aspmx.l.google.com."])
    microsoft = provider_for_mx(["example-org.mail.protection.outlook.com"])
    assert google is not None
    assert microsoft is not None
    assert (google.key, microsoft.key) == ("gmail", "microsoft365")
    assert provider_for_mx(["mx.example.org"]) is None


@pytest.mark.parametrize("provider", all_providers().values(), ids=lambda provider: provider.key)
def test_every_row_holds(provider: providers.Provider) -> None:
    assert provider.source
    assert provider.confidence_hosts in ("high", "medium", "low", "unknown")
    assert set(provider.sign_in) <= {"oauth2", "app_password", "password", "bridge_password"}
    assert all(domain == domain.lower() for domain in provider.domains)
    preset = settings_for(provider, "me@example.org")
    assert {server.protocol for server in preset.outgoing} <= {"smtp"}
    for server in (*preset.incoming, *preset.outgoing):
        assert server.security == ("tls" if server.port in (465, 993, 995) else "starttls")
    if provider.relay:
        assert not preset.incoming
        assert not provider.saves_sent
    if provider.wants_app_password or provider.sign_in == ("oauth2",):
        assert provider.help or provider.help_url, "tell people where to make it"


def test_no_domain_belongs_to_two() -> None:
    domains = [domain for provider in all_providers().values() for domain in provider.domains]
    assert len(domains) == len(set(domains))


def test_limits_are_the_providers_and_our_share_is_less() -> None:
    gmail = all_providers()["gmail"]
    assert gmail.limits.recipients_per_day == 500
    assert gmail.limits.share(gmail.limits.recipients_per_day) == 400
    assert all_providers()["posteo"].limits.connections == DEFAULT_CONNECTIONS
    assert gmail.limits.share(None) is None


def test_an_operators_file_adds_and_overrides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        '[gmail]\nrecipients_per_day = 2000\n[club]\nname = "Club"\ndomains = ["club.example"]\n'
        'imap = ["mail.club.example", 993]\nsign_in = ["password"]\nsource = "operator"\n'
    )
    monkeypatch.setenv("HERON_PROVIDERS_FILE", str(own))
    club = provider_for_address("me@club.example")
    assert club is not None
    assert settings_for(club, "me@club.example").incoming[0].host == "mail.club.example"
    assert all_providers()["gmail"].limits.recipients_per_day == 2000
    assert all_providers()["gmail"].name == "Gmail"


def test_a_broken_row_is_named() -> None:
    with pytest.raises(ValueError, match=r"\[club\].*colour"):
        providers.parse_provider("club", {"name": "Club", "sign_in": ["password"], "colour": 1})
