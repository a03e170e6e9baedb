"""A person's time zone by its stored name. In: the name. Out: the zone. Pure."""

import zoneinfo


def zone_of(name: str) -> zoneinfo.ZoneInfo:
    """The zone of that name, or UTC where the name is unknown to this machine."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")
