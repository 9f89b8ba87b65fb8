"""What calendars show: one file, with its version."""

from collections.abc import Mapping

from pydantic import Field

from shared.contracts.scheduling import SessionKind
from shared.datafiles import DataFile, Part, data_file


class Titles(Part):
    """Words of one language: the calendar's name, what a client reads, and what staff reads."""

    calendar: str = Field(max_length=60)
    client: str = Field(max_length=60)
    kinds: Mapping[SessionKind, str]


class FeedPolicy(DataFile):
    """Where calendars are read, for which weeks around today, how often, and in which words."""

    address: str = Field(pattern=r"^(https://[A-Za-z0-9.-]+(:[0-9]+)?)?/[A-Za-z0-9/_-]*/$")
    weeks_back: int = Field(ge=1, le=52)
    weeks_ahead: int = Field(ge=1, le=52)
    refresh_minutes: int = Field(ge=15, le=1440)
    titles: Mapping[str, Titles] = Field(min_length=1)


feed_policy = data_file(FeedPolicy, __name__, "feeds", by_site=True)
"""The policy in force, everywhere or at a site."""
