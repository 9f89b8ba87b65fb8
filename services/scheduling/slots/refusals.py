"""Why a session of a client cannot be booked, or a search not be made."""

from services.scheduling.slots.policy import Minutes
from shared.errors import Conflict, Invalid


class BadRange(Invalid):
    """The time that is searched is over, upside down, or too long."""


class BadLength(Invalid):
    """A session of the kind is shorter or longer."""

    @classmethod
    def require(cls, minutes: int, allowed: Minutes, pointer: str) -> None:
        if not allowed.least <= minutes <= allowed.most:
            raise cls(f"It lasts from {allowed.least} to {allowed.most} minutes.", pointer=pointer)


class TooManyClients(Invalid):
    """More clients than a session of the kind may have."""


class ClientTwice(Invalid):
    """One person is in the list more than once."""

    title = "A client is listed twice"


class LocalTimeSkipped(Invalid):
    """The wall clock of the site does not show this time on that day: it is put forward then."""

    title = "There is no such time that day"


class LocalTimeTwice(Invalid):
    """The wall clock of the site shows this time twice on that day: it is put back then."""

    title = "This time comes twice that day"


class SessionInPast(Invalid):
    """It would have begun already."""

    title = "The session would be in the past"


class NotPlacedHere(Conflict):
    """A client without a seat at the site has no sessions there."""

    title = "The client has no seat at the site"


class SiteClosed(Invalid):
    """The site is closed on that day."""

    title = "The site is closed that day"


class OutsideOpeningHours(Invalid):
    """The site is not open for all of the session."""

    title = "The site is not open then"


class StaffNotQualified(Invalid):
    """The person has no valid credential for such a session on that day."""

    title = "The person is not qualified for it"


class OutsideWorkingHours(Invalid):
    """The person does not work at the site for all of the session."""

    title = "The person does not work then"


class StaffOnLeave(Invalid):
    """The person is away."""

    title = "The person is on leave then"


class RoomTooSmall(Invalid):
    """Not everybody has a seat in the room, the therapist included."""

    title = "The room is too small"


class StaffBusy(Conflict):
    """The person has another session then, here or at another site."""

    title = "The person has another session then"


class RoomBusy(Conflict):
    """Another session is in the room then."""

    title = "The room is taken then"


class ClientBusy(Conflict):
    """The client has another session then."""

    title = "The client has another session then"
