"""Identifiers: UUIDv7, so that ids sort by the time they were made."""

from uuid import UUID

from uuid_utils.compat import uuid7

from shared import clock


def new_id() -> UUID:
    """A new id whose leading part is the present instant of `shared.clock`, in milliseconds."""
    instant = clock.now()
    return uuid7(int(instant.timestamp()), instant.microsecond * 1000)
