"""Why a session of a client cannot be booked, or a search not be made."""

from shared.errors import Conflict, Invalid


class BadRange(Invalid):
    """The time that is searched is over, upside down, or too long."""


class BadLength(Invalid):
    """A session of the kind is shorter or longer."""


class TooManyClients(Invalid):
    """More clients than a session of the kind may have."""


class ClientTwice(Invalid, title="A client is listed twice"):
    """One person is in the list more than once."""


class NotPlacedHere(Conflict, title="The client has no seat at the site"):
    """A client without a seat at the site has no sessions there."""


class ClientBusy(Conflict, title="The client has another session then"):
    """The client, by whichever record, has another session then."""
