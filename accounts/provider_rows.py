"""The administrator's own rows of the provider table: written in the admin, read where servers are looked for.

Database room. ``accounts.providers`` stays pure: it is told the rows, here, and only when a while has
passed since they were last read.
"""

import time
import tomllib
from typing import Any

from accounts import providers
from accounts.models import ProviderRow

_BELIEVED_SECONDS = 30.0
_read_at = [float("-inf")]


def refresh(*, now: bool = False) -> None:
    """Read the rows again if what is known is old, or at once."""
    if not now and time.monotonic() - _read_at[0] < _BELIEVED_SECONDS:
        return
    providers.set_own_rows({row.key: parse_row(row.key, row.settings) for row in ProviderRow.objects.all()})
    _read_at[0] = time.monotonic()


def parse_row(key: str, settings: str) -> dict[str, Any]:
    """The settings of one row: TOML as in ``providers.toml``, without its header. Raises ``ValueError``."""
    try:
        row = tomllib.loads(settings)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"This is no TOML: {error}") from error
    providers.parse_provider(key, providers.built_in_row(key) | row)
    return row
