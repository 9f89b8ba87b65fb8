"""The timing policy in force, read once from `timing.json`."""

from datetime import time, timedelta
from functools import cached_property
from typing import Annotated

from pydantic import Field, model_validator

from services.notifications.timing.rules import Window
from shared.datafiles import DataFile, Part, data_file


class WindowPolicy(Part):
    """Local hours in which messages go out."""

    opens: time
    closes: time
    latest_minutes_before_close: int = Field(gt=0)

    @model_validator(mode="after")
    def holds_together(self) -> "WindowPolicy":
        minutes = (self.closes.hour - self.opens.hour) * 60 + self.closes.minute - self.opens.minute
        if minutes <= self.latest_minutes_before_close:
            raise ValueError("the window is shorter than latest_minutes_before_close")
        return self


class RetryPolicy(Part):
    """Pauses between attempts; how long details of an unknown contact are waited for."""

    backoff_minutes: list[Annotated[int, Field(gt=0)]] = Field(min_length=1)
    unknown_contact_minutes: int = Field(ge=0)


class TimingPolicy(DataFile):
    """Everything that decides when a message goes out."""

    window: WindowPolicy
    retry: RetryPolicy
    most_a_day: int = Field(gt=0)
    """Messages to a client on a day of the client's own calendar; rules may be exempt."""

    @cached_property
    def hours(self) -> Window:
        """The window as the rules take it."""
        return Window(
            self.window.opens,
            self.window.closes,
            timedelta(minutes=self.window.latest_minutes_before_close),
        )

    @cached_property
    def backoff(self) -> list[timedelta]:
        """The pause after the first, second, … attempt; the last one repeats."""
        return [timedelta(minutes=m) for m in self.retry.backoff_minutes]

    @property
    def unknown_contact(self) -> timedelta:
        """How long after its due time a message waits for details of a client not heard of yet."""
        return timedelta(minutes=self.retry.unknown_contact_minutes)


timing_policy = data_file(TimingPolicy, __name__, "timing", by_site=True)
"""The policy in force, everywhere or at a site."""
