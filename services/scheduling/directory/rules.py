"""Which names of time zones a site may have."""

from functools import cache
from zoneinfo import available_timezones


@cache
def zones() -> frozenset[str]:
    """The names in the IANA time zone database."""
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Whether `name` is an IANA zone, such as `America/Denver`."""
    return name in zones()
