"""Typed reading of the process environment. Pure: strings in, Python values or a loud error out.

Each helper takes a name and a default; a missing name without a default, or a value that cannot
be read, raises ``ImproperlyConfigured`` naming the variable. ``NAME_FILE`` is read where ``NAME``
is unset, so that secrets can come from files (Docker and systemd credentials).
"""

import base64
import binascii
import os
from pathlib import Path
from typing import Any, overload
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_MAKE_KEY = "Make one: openssl rand -base64 32"
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def _raw(name: str) -> str | None:
    if name in os.environ:
        return os.environ[name]
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\n")
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE names {path!r}, which cannot be read: {error.strerror}.") from error


@overload
def text(name: str) -> str: ...
@overload
def text(name: str, default: str) -> str: ...
def text(name: str, default: str | None = None) -> str:
    value = _raw(name)
    # Without a default it is needed, and an empty file of secrets is as good as none.
    if value is not None and (value or default is not None):
        return value
    if default is None:
        raise ImproperlyConfigured(f"Set {name} (or {name}_FILE) in the environment.")
    return default


def flag(name: str, default: bool) -> bool:
    value = _raw(name)
    if value is None:
        return default
    lowered = value.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be one of on/off, true/false, yes/no, 1/0; it is {value!r}.")


def integer(name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
    value = _raw(name)
    if value is None:
        return default
    try:
        number = int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number; it is {value!r}.") from error
    if number < least or (most is not None and number > most):
        span = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ImproperlyConfigured(f"{name} must be {span}; it is {number}.")
    return number


def choice(name: str, default: str, offered: tuple[str, ...]) -> str:
    """One of a few words in capital letters, however it is written."""
    value = text(name, default).strip().upper()
    if value not in offered:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(offered)}; it is {value!r}.")
    return value


def address(name: str, default: str, schemes: tuple[str, ...]) -> str:
    """A URL with its scheme and its host. It may hold a password, so it is not told."""
    value = text(name, default)
    try:
        parts = urlsplit(value)
        is_read = parts.scheme in schemes and bool(parts.hostname or parts.scheme == "unix") and parts.port != 0
    except ValueError:  # of a port that is no number, or of a bracket that stays open
        is_read = False
    if not is_read:
        begins = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ImproperlyConfigured(f"{name} must be a URL that begins with {begins} and names a host.")
    return value


def origin(name: str, default: str) -> str:
    """The address of a site that has its host to itself, without a slash at its end."""
    value = address(name, default, ("https", "http")).rstrip("/")
    if urlsplit(value)._replace(scheme="", netloc="").geturl():
        raise ImproperlyConfigured(f"{name} must be the address of a host, without a path; it is {value!r}.")
    return value


def host_of(url: str) -> str:
    """The host of a URL as ``ALLOWED_HOSTS`` wants it: without its port, an IPv6 address in brackets."""
    host = urlsplit(url).hostname or ""
    return f"[{host}]" if ":" in host else host


def keys(name: str, default: str | None = None) -> list[str]:
    """Keys of 32 bytes in base64. None of them is told: one that is merely cut short is a secret all the same."""
    found = (text(name) if default is None else text(name, default)).replace(",", " ").split()
    if not found:
        raise ImproperlyConfigured(f"{name} holds no key. {_MAKE_KEY}")
    for number, key in enumerate(found, 1):
        try:
            size = len(base64.b64decode(key, altchars=b"-_", validate=True))
        except (binascii.Error, ValueError) as error:
            raise ImproperlyConfigured(f"{name}: key {number} is not base64. {_MAKE_KEY}") from error
        if size != 32:
            raise ImproperlyConfigured(f"{name}: key {number} has {size} bytes; it needs 32. {_MAKE_KEY}")
    return found


def words(name: str, default: str = "") -> list[str]:
    """A list separated by commas or white space."""
    return text(name, default).replace(",", " ").split()


def database(name: str, default: str | None = None) -> dict[str, Any]:
    """A ``postgres://user:password@host:port/name?option=value`` URL as a Django ``DATABASES`` entry.

    The host may be a percent-encoded socket folder or stand in ``?host=``, as libpq allows.
    """
    url = text(name, default) if default is not None else text(name)
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must be a postgres:// URL; its scheme is {parts.scheme!r}.")
    try:
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: its port is no number from 0 to 65535.") from error
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "postgres",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": str(port or options.pop("port", "")),
        "OPTIONS": dict(options),
    }
