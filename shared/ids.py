"""Identifiers: UUIDv7, so that ids sort by the time they were made."""

from uuid import UUID

import uuid_utils

from shared import clock


def new_id() -> UUID:
    """A new id whose leading part is the present instant of `shared.clock`, in milliseconds."""
    since_epoch = clock.now() - clock.EPOCH
    seconds = since_epoch.days * 86_400 + since_epoch.seconds
    nanoseconds = (seconds * 1_000_000 + since_epoch.microseconds) * 1_000
    return UUID(int=uuid_utils.uuid7(nanoseconds=nanoseconds).int)
