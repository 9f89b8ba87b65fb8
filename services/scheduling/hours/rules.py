"""A week at a site, and which level of care its minutes make."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEK = re.compile(r"(2[01]\d\d)-W(\d\d)")


@dataclass(frozen=True, slots=True)
class Week:
    """An ISO week. `monday` is a date of the site's calendar."""

    monday: date

    @classmethod
    def parse(cls, text: str) -> "Week":
        """The week that `text` such as `2026-W10` names.

        Raises:
            ValueError: for anything that names no ISO week of the years 2000 to 2199.
        """
        found = WEEK.fullmatch(text)
        if found is None:
            raise ValueError("Write an ISO week, such as 2026-W10.")
        try:
            return cls(date.fromisocalendar(int(found[1]), int(found[2]), 1))
        except ValueError:
            raise ValueError("There is no such ISO week.") from None

    @classmethod
    def of(cls, instant: datetime, zone: str) -> "Week":
        """The week in which `instant` falls by the calendar of `zone`."""
        day = instant.astimezone(ZoneInfo(zone)).date()
        return cls(day - timedelta(days=day.weekday()))

    def bounds(self, zone: str) -> tuple[datetime, datetime]:
        """Monday 00:00 and the next Monday 00:00 by the wall clock of `zone`, in UTC.

        167 or 169 hours apart when the clock changes in between.
        """
        first, second = (
            datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
            for day in (self.monday, self.monday + timedelta(days=7))
        )
        return first, second

    def __str__(self) -> str:
        year, week, _ = self.monday.isocalendar()
        return f"{year}-W{week:02d}"


def meets_minimum(planned_minutes: int, level: str, minimum_minutes: Mapping[str, int]) -> bool:
    """Whether a week offers what `level` asks for.

    What is planned decides, less the breaks; attended minutes below it call for clinical follow-up
    and do not end the level.
    """
    return planned_minutes >= minimum_minutes[level]


def level_of(planned_minutes: int, minimum_minutes: Mapping[str, int]) -> str | None:
    """The highest level whose minimum a week of `planned_minutes` reaches, or None below all."""
    reached = [level for level, least in minimum_minutes.items() if planned_minutes >= least]
    return max(reached, key=minimum_minutes.__getitem__, default=None)
