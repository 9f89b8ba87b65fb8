"""Until when a session can still be said not to have been held: one file, with its version."""

from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from shared.datafiles import DataFileInvalid, read_all


class CancellationPolicy(BaseModel):
    """How long after its day a session can be cancelled; `days_afterwards` are of the site."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    version: str
    source: str
    days_afterwards: int = Field(ge=0, le=366)


def only_one(found: dict[str, CancellationPolicy]) -> CancellationPolicy:
    """The policy in force.

    Raises:
        DataFileInvalid: there is none, or it is open which one holds.
    """
    if len(found) != 1:
        raise DataFileInvalid("session-cancellations", 1, "one policy is needed")
    return next(iter(found.values()))


@cache
def cancellation_policy() -> CancellationPolicy:
    """The policy in force."""
    return only_one(read_all(CancellationPolicy, __name__, "session-cancellations"))


cancellation_policy()  # read at once, so that a file that cannot be used stops the start
