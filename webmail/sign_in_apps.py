"""Signing in to Heron by Google, Microsoft or another OpenID Connect provider: the environment flows in, what allauth
wants flows out. Pure. Without a client id there is no such sign-in."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from webmail import env

_GOOGLE = "https://accounts.google.com"
_MICROSOFT = "https://login.microsoftonline.com/{tenant}/v2.0"


def build_providers() -> dict[str, Any]:
    """``SOCIALACCOUNT_PROVIDERS``: one entry a provider that the operator has registered Heron with."""
    apps = [app for app in (_google(), _microsoft(), _other()) if app is not None]
    return {"openid_connect": {"APPS": apps, "OAUTH_PKCE_ENABLED": True}} if apps else {}


def _google() -> dict[str, Any] | None:
    client_id = env.text("HERON_SIGN_IN_GOOGLE_ID", "")
    return _app("google", "Google", _GOOGLE, client_id, env.text("HERON_SIGN_IN_GOOGLE_SECRET", ""))


def _microsoft() -> dict[str, Any] | None:
    client_id = env.text("HERON_SIGN_IN_MICROSOFT_ID", "")
    # One tenant: the answers of "common" come from any of them, and whoever runs a tenant writes what they say.
    tenant = env.text("HERON_SIGN_IN_MICROSOFT_TENANT", "")
    if client_id and not tenant:
        raise ImproperlyConfigured("Set HERON_SIGN_IN_MICROSOFT_TENANT: the directory whose people may sign in.")
    secret = env.text("HERON_SIGN_IN_MICROSOFT_SECRET", "")
    # Its email claim is what a tenant's administrator typed, so it makes nobody known: people link their account first.
    return _app("microsoft", "Microsoft", _MICROSOFT.format(tenant=tenant), client_id, secret, by_email=False)


def _other() -> dict[str, Any] | None:
    client_id, url = env.text("HERON_SIGN_IN_OIDC_ID", ""), env.text("HERON_SIGN_IN_OIDC_URL", "")
    if client_id and not url:
        raise ImproperlyConfigured("Set HERON_SIGN_IN_OIDC_URL: the provider's issuer, https://id.example.org.")
    name = env.text("HERON_SIGN_IN_OIDC_NAME", "OpenID Connect")
    return _app("oidc", name, url.rstrip("/"), client_id, env.text("HERON_SIGN_IN_OIDC_SECRET", ""))


def _app(key: str, name: str, url: str, client_id: str, secret: str, *, by_email: bool = True) -> dict[str, Any] | None:
    if not client_id:
        return None
    return {
        "provider_id": key,
        "name": name,
        "client_id": client_id,
        "secret": secret,
        "settings": {"server_url": url, "email_authentication": by_email, "oauth_pkce_enabled": True},
    }
