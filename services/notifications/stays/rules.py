"""How a message stands to the stays of its client. Pure."""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

Standing = Literal["in_program", "on_hold", "over", "gone"]
"""`gone`: nobody is there to write to, as the client died or the record was merged away."""


def standing(stays: Mapping[UUID, Standing], enrolment_id: UUID | None) -> Standing:
    """Where the stay stands that a message belongs to, of all known `stays` of its client.

    A stay that nothing was heard of yet goes on: what tells of it may still be under way. A message
    that names no stay, as before version 1.1 of its event, belongs to any that is not over. Who is
    gone is so for all stays.
    """
    known = set(stays.values())
    if "gone" in known:
        return "gone"
    if enrolment_id is not None:
        return stays.get(enrolment_id, "in_program")
    if not known or "in_program" in known:
        return "in_program"
    return "on_hold" if "on_hold" in known else "over"
