"""Taking a screening: check every answer, score, keep the answers, tell the scores."""

from dataclasses import asdict
from uuid import UUID

import orjson

from services.intake.referrals.queries import show_client
from services.intake.screening.instruments import Instrument, instruments
from services.intake.screening.rules import SCORING_VERSION, check, score
from services.intake.screening.schemas import (
    InstrumentResponse,
    InstrumentResult,
    NewScreening,
    Screening,
)
from shared.contracts.intake import Score, ScreeningCompleted
from shared.database import Transaction
from shared.errors import Invalid
from shared.ids import new_id
from shared.messaging.outbox import publish

INSERT = """
WITH screening AS (
  INSERT INTO screenings (id, client_id, site_id, occasion, entered_by, completed_at)
  VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
)
INSERT INTO responses
  (screening_id, instrument, instrument_version, site_id, language, mode, answered_at, answers,
   scoring_version, result)
SELECT screening.id, r.instrument, r.version, $3, r.language, r.mode, r.answered_at,
  r.answers::jsonb, $7, r.result::jsonb
FROM screening, unnest($8::text[], $9::text[], $10::text[], $11::text[], $12::timestamptz[],
  $13::text[], $14::text[]) AS r(instrument, version, language, mode, answered_at, answers, result)
"""


class UnknownInstrumentVersion(Invalid):
    """The instrument is not known in that version."""

    title = "Unknown instrument version"


class InstrumentTwice(Invalid):
    """One sitting has an instrument once."""

    title = "Instrument given twice"


class WrongOccasion(Invalid):
    """The instrument looks too far back to be used in the course of treatment."""

    title = "Instrument not for this occasion"


class AnsweredInFuture(Invalid):
    """Nobody has answered yet what is told as answered."""

    title = "Answered in the future"


class ImpossibleAnswer(Invalid):
    """An item cannot be answered so."""

    title = "Impossible answer"


async def complete_screening(
    tx: Transaction, client_id: UUID, new: NewScreening, *, entered_by: str
) -> Screening:
    """Score and keep a screening; publishes ScreeningCompleted with scores, never with answers.

    Raises:
        NotFound: no such client.
        UnknownInstrumentVersion, InstrumentTwice, WrongOccasion, ImpossibleAnswer,
        AnsweredInFuture: with a pointer.
    """
    for place, response in enumerate(new.responses):
        if response.answered_at is not None and response.answered_at > tx.now:
            raise AnsweredInFuture(
                "This instant lies ahead.", pointer=f"/responses/{place}/answered_at"
            )
    known = [_instrument(n, response, new) for n, response in enumerate(new.responses)]
    client = await show_client(tx, client_id)
    results = [
        _result(instrument, response, client.sex_at_birth)
        for instrument, response in zip(known, new.responses, strict=True)
    ]
    screening = Screening(
        id=new_id(),
        client_id=client_id,
        site_id=client.site_id,
        occasion=new.occasion,
        completed_at=tx.now,
        results=results,
    )
    await tx.execute(
        INSERT,
        screening.id,
        client_id,
        client.site_id,
        new.occasion,
        entered_by,
        tx.now,
        SCORING_VERSION,
        [r.instrument for r in new.responses],
        [r.version for r in new.responses],
        [r.language for r in new.responses],
        [r.mode for r in new.responses],
        [r.answered_at or tx.now for r in new.responses],
        [orjson.dumps(r.answers).decode() for r in new.responses],
        [r.model_dump_json() for r in results],
    )
    publish(
        tx,
        ScreeningCompleted(
            client_id=client_id,
            site_id=client.site_id,
            screening_id=screening.id,
            occasion=new.occasion,
            scores=[Score.model_validate(r.model_dump()) for r in results],
            completed_at=tx.now,
        ),
    )
    return screening


def _instrument(place: int, response: InstrumentResponse, new: NewScreening) -> Instrument:
    """The instrument of a response whose answers are possible."""
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


def _result(instrument: Instrument, response: InstrumentResponse, sex: str) -> InstrumentResult:
    scored = score(instrument, response.answers, sex)  # type: ignore[arg-type]  # one of the three words by the client's schema
    return InstrumentResult(
        instrument=instrument.id,
        instrument_version=instrument.version,
        scoring_version=SCORING_VERSION,
        **{**asdict(scored), "notes": list(scored.notes)},
    )
