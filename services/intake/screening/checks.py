"""What makes a response one that can be scored, and the refusals of one that cannot."""

from datetime import date, datetime

from services.intake.screening.policy import Instrument, instruments
from services.intake.screening.rules import check
from services.intake.screening.schemas import InstrumentResponse, NewScreening
from shared.errors import Invalid


class UnknownInstrumentVersion(Invalid):
    """The instrument is not known in that version."""


class InstrumentTwice(Invalid, title="Instrument given twice"):
    """One sitting has an instrument once."""


class WrongMode(Invalid, title="Instrument not for this mode"):
    """The instrument cannot be given so, such as a line on paper by telephone."""


class WrongOccasion(Invalid, title="Instrument not for this occasion"):
    """The instrument looks too far back to be used in the course of treatment."""


class AnsweredBeforeBirth(Invalid):
    """The client was not born yet on the day of the answers."""


class AnsweredInFuture(Invalid, title="Answered in the future"):
    """Nobody has answered yet what is told as answered."""


class ImpossibleAnswer(Invalid):
    """An item cannot be answered so."""


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
        InstrumentTwice, UnknownInstrumentVersion, WrongOccasion, WrongMode, ImpossibleAnswer: with
            a pointer.
    """
    at = f"/responses/{place}"
    if any(other.instrument == response.instrument for other in new.responses[:place]):
        raise InstrumentTwice("This instrument is given already.", pointer=f"{at}/instrument")
    instrument = known_instrument(response.instrument, response.version, at)
    if new.occasion not in instrument.occasions:
        raise WrongOccasion(
            f"{instrument.title} looks at the {instrument.period}: it is for intake only.",
            pointer=f"{at}/instrument",
        )
    if response.mode not in instrument.modes:
        raise WrongMode(
            f"{instrument.title} is given by {' or '.join(instrument.modes)}.",
            pointer=f"{at}/mode",
        )
    for impossible in check(instrument, response.answers):
        raise ImpossibleAnswer(impossible.detail, pointer=f"{at}/answers/{impossible.item}")
    return instrument


def known_instrument(name: str, version: str, at: str = "") -> Instrument:
    """The instrument of that name in that version. `at` points to where both were given.

    Raises:
        UnknownInstrumentVersion: with a pointer, naming those that are known.
    """
    if (found := instruments().get((name, version))) is not None:
        return found
    versions = sorted(v for known, v in instruments() if known == name)
    if versions:
        raise UnknownInstrumentVersion(
            f"Known versions: {', '.join(versions)}.", pointer=f"{at}/version"
        )
    names = sorted({known for known, _ in instruments()})
    raise UnknownInstrumentVersion(
        f"Known instruments: {', '.join(names)}.", pointer=f"{at}/instrument"
    )
