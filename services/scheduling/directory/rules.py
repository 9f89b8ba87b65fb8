"""Which names of time zones a site may have."""

from functools import cache
from zoneinfo import available_timezones


@cache
def zones() -> frozenset[str]:
    """The names in the IANA time zone database that are those of a place or an offset.

    `localtime` is whatever the machine has, and `Factory` is no time at all.
    """
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def is_zone(name: str) -> bool:
    """Whether `name` is an IANA zone, such as `America/Denver`."""
    return name in zones()
