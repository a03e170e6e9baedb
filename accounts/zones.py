"""A person's time zone by its stored name, and those that may be chosen. In: the name. Out: the zone. Pure."""

import zoneinfo
from functools import lru_cache


def zone_of(name: str) -> zoneinfo.ZoneInfo:
    """The zone of that name, or UTC where the name is unknown to this machine."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")


@lru_cache(maxsize=1)
def zone_choices() -> tuple[tuple[str, str], ...]:
    """Every zone people live in, by name; the bare abbreviations and links of old are left out."""
    regions = {"Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
    names = sorted(name for name in zoneinfo.available_timezones() if name.split("/")[0] in regions)
    return (("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names))
