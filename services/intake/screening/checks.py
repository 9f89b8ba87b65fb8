"""What makes a response one that can be scored, and the refusals of one that cannot."""

from datetime import date, datetime

from services.intake.screening.instruments import Instrument, instruments
from services.intake.screening.rules import check
from services.intake.screening.schemas import InstrumentResponse, NewScreening
from shared.errors import Invalid


class UnknownInstrumentVersion(Invalid):
    """The instrument is not known in that version."""

    title = "Unknown instrument version"


class InstrumentTwice(Invalid):
    """One sitting has an instrument once."""

    title = "Instrument given twice"


class WrongOccasion(Invalid):
    """The instrument looks too far back to be used in the course of treatment."""

    title = "Instrument not for this occasion"


class AnsweredBeforeBirth(Invalid):
    """The client was not born yet on the day of the answers."""

    title = "Answered before birth"


class AnsweredInFuture(Invalid):
    """Nobody has answered yet what is told as answered."""

    title = "Answered in the future"


class ImpossibleAnswer(Invalid):
    """An item cannot be answered so."""

    title = "Impossible answer"


def answered_at(
    place: int, response: InstrumentResponse, birth_date: date, now: datetime
) -> datetime:
    """When the client answered the response at `place`; now if it does not say.

    Raises:
        AnsweredInFuture, AnsweredBeforeBirth: with a pointer.
    """
    at, pointer = response.answered_at or now, f"/responses/{place}/answered_at"
    if at > now:
        raise AnsweredInFuture("This instant lies ahead.", pointer=pointer)
    if at.date() < birth_date:
        raise AnsweredBeforeBirth("The client was not born yet.", pointer=pointer)
    return at


def instrument_of(place: int, response: InstrumentResponse, new: NewScreening) -> Instrument:
    """The instrument of the response at `place`.

    Raises:
        InstrumentTwice, UnknownInstrumentVersion, WrongOccasion, ImpossibleAnswer: with a pointer.
    """
    at = f"/responses/{place}"
    if any(other.instrument == response.instrument for other in new.responses[:place]):
        raise InstrumentTwice("This instrument is given already.", pointer=f"{at}/instrument")
    instrument = instruments().get((response.instrument, response.version))
    if instrument is None:
        versions = sorted(v for name, v in instruments() if name == response.instrument)
        raise UnknownInstrumentVersion(
            f"Known versions: {', '.join(versions)}.", pointer=f"{at}/version"
        )
    if new.occasion not in instrument.occasions:
        raise WrongOccasion(
            f"{instrument.title} looks at the {instrument.period}: it is for intake only.",
            pointer=f"{at}/instrument",
        )
    for impossible in check(instrument, response.answers):
        raise ImpossibleAnswer(impossible.detail, pointer=f"{at}/answers/{impossible.item}")
    return instrument
