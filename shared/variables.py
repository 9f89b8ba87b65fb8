"""The names of Stepwell's variables, and those that look like one and are none."""

from collections.abc import Iterable
from difflib import get_close_matches

PREFIX = "STEPWELL_"
"""Every variable that begins so is ours; one that nobody knows is a mistake."""

SHARED_PREFIXES = ("DATABASE_", "KAFKA_", "OIDC_", "SMTP_", "TRACES_")
"""Others have variables that begin so too: one that is much like one of ours is a mistake."""
MUCH_ALIKE = 0.87

ELSEWHERE = {
    "KAFKA_PASSWORD_PLATFORM",
    "KAFKA_REPLICATION",
    "KAFKA_USERNAME_PLATFORM",
    "STEPWELL_CACHE",
    "STEPWELL_CLOCK_FILE",
    "STEPWELL_DATA",
    "STEPWELL_PORT_BASE",
    "STEPWELL_STATE",
    "STEPWELL_STORY",
    "STEPWELL_TOKEN",
    "STEPWELL_TRACE_PORT",
}
"""What is read in other places than the settings of a service process."""

OF_SERVICES = ("DATABASE_OWNER_URL", "OIDC_CLIENT_SECRET")
"""The same, each for one service whose name stands behind it."""


def misspelt(given: Iterable[str], known: set[str]) -> list[str]:
    """A line for each name in `given` that must be meant for another one, with the nearest one.

    A known name with `_FILE` behind it names the file that the value is in.
    """
    lines = []
    for name in sorted(given):
        if name in known or name.removesuffix("_FILE") in known:
            continue
        if name.startswith(PREFIX):
            own = {other.removeprefix(PREFIX) for other in known if other.startswith(PREFIX)}
            near = [PREFIX + n for n in get_close_matches(name.removeprefix(PREFIX), own, 1)]
            advice = f"{near[0]} is the nearest known name." if near else "unset it."
            lines.append(f"{name} is unknown: {advice}")
        elif name.startswith(SHARED_PREFIXES):
            near = get_close_matches(name, known, 1, MUCH_ALIKE)
            lines += [f"{name} is unknown: {other} is the nearest known name." for other in near]
    return lines
