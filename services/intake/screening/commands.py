"""Taking a screening: check every answer, score, keep the answers, tell the scores."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import orjson

from services.intake.directory.queries import zone_of
from services.intake.dual_diagnosis.commands import reconsider
from services.intake.dual_diagnosis.rules import Screen
from services.intake.referrals.commands import advance
from services.intake.referrals.queries import MERGED, ClientMerged
from services.intake.risk.commands import raise_flags
from services.intake.risk.rules import Finding
from services.intake.screening.checks import answered_at, instrument_of
from services.intake.screening.policy import Instrument, instruments
from services.intake.screening.queries import before, ratings
from services.intake.screening.results import findings_of, result_of, score_of, told_score
from services.intake.screening.rules import SCORING_VERSION, has_risen
from services.intake.screening.schemas import InstrumentResult, NewScreening, Screening
from shared.calendar import days_later
from shared.contracts.intake import ScreeningCompleted
from shared.database import Columns, Transaction, insert, together
from shared.errors import Conflict
from shared.ids import new_id
from shared.messaging.outbox import publish

RESPONSES = Columns.of(
    instrument="text",
    instrument_version="text",
    language="text",
    mode="text",
    answered_at="timestamptz",
    answers="jsonb",
    result="jsonb",
)
INSERT_RESPONSES = f"""
INSERT INTO responses (screening_id, site_id, scoring_version, {RESPONSES.names})
SELECT {RESPONSES.after(0)}, {RESPONSES.after(1)}, {RESPONSES.after(2)}, given.*
FROM {RESPONSES.rows}
"""  # noqa: S608 - constants only


class IntakeIsOver(Conflict, title="Intake is over"):
    """Who is in the program is screened in the course of treatment."""


async def complete_screening(
    tx: Transaction,
    client_id: UUID,
    new: NewScreening,
    *,
    entered_by: str,
    told: Collection[Finding] = (),
    under_way: bool = False,
) -> Screening:
    """Score and keep a screening; publishes ScreeningCompleted with scores, never with answers.

    What a clinician has to see raises risk flags at once, of an incomplete form too, other than
    what was `told` when these answers were saved: a clinician may have dealt with it since. A dual
    diagnosis may be suspected; at intake the client's referral goes on. What is `under_way`, as the
    client was asked before, is taken after an admission or a merge too.

    Raises:
        NotFound: no such client.
        ClientMerged: another client goes on for this one.
        IntakeIsOver, UnknownInstrumentVersion, InstrumentTwice, WrongOccasion, WrongMode,
        ImpossibleAnswer, AnsweredBeforeBirth, AnsweredInFuture: with a pointer.
    """
    at_intake = new.occasion == "intake"
    client = await before(tx, client_id)
    if client.merged and not under_way:
        raise ClientMerged(MERGED)
    if at_intake and not under_way and client.in_program:
        raise IntakeIsOver(
            "This client is in the program: screen as follow_up.", pointer="/occasion"
        )
    answered = [
        answered_at(n, response, client.birth_date, tx.now)
        for n, response in enumerate(new.responses)
    ]
    known = [instrument_of(n, response, new) for n, response in enumerate(new.responses)]
    results = [
        result_of(instrument, response.answers, client.sex_at_birth)
        for instrument, response in zip(known, new.responses, strict=True)
    ]
    results = [
        await _with_rise(tx, client_id, client.site_id, instrument, result, at)
        for instrument, result, at in zip(known, results, answered, strict=True)
    ]
    screening = Screening(
        id=new_id(),
        client_id=client_id,
        site_id=client.site_id,
        occasion=new.occasion,
        completed_at=tx.now,
        results=results,
    )
    row = {**screening.model_dump(exclude={"results"}), "entered_by": entered_by}
    given = [
        {
            **dict(response),
            "instrument_version": response.version,
            "answered_at": at,
            "answers": orjson.dumps(response.answers).decode(),
            "result": result.model_dump_json(),
        }
        for response, at, result in zip(new.responses, answered, results, strict=True)
    ]
    written = (*RESPONSES.arrays(given), screening.id, client.site_id, SCORING_VERSION)
    await tx.execute(*together(insert("screenings", row), (INSERT_RESPONSES, *written)))
    scored = list(zip(known, results, answered, strict=True))
    publish(
        tx,
        ScreeningCompleted(
            client_id=client_id,
            site_id=client.site_id,
            screening_id=screening.id,
            occasion=new.occasion,
            scores=[
                score
                for instrument, result, at in scored
                if (score := told_score(instrument, result, at)) is not None
            ],
            results=[score_of(result, at) for _, result, at in scored],
            completed_at=tx.now,
        ),
    )
    if at_intake and client.advances:
        await advance(tx, client_id, "screened")
    await reconsider(
        tx,
        client_id,
        client.site_id,
        [Screen(result.instrument, result.positive, result.band, at) for _, result, at in scored],
        kept=client.dual_diagnosis,
    )
    found = [finding for result in results for finding in findings_of(result)]
    if findings := [finding for finding in found if finding not in told]:
        await raise_flags(tx, client_id, client.site_id, findings)
    return screening


async def _with_rise(
    tx: Transaction,
    client_id: UUID,
    site_id: UUID,
    instrument: Instrument,
    result: InstrumentResult,
    answered_at: datetime,
) -> InstrumentResult:
    """The result with a note if the definition asks for it and the client's rating has risen."""
    rule, scale = instrument.rise, instrument.scale
    if rule is None or scale is None or result.scaled is None:
        return result
    same = {one.id for one in instruments().values() if one.scale and one.scale.name == scale.name}
    time_zone = await zone_of(tx, site_id)
    since = days_later(answered_at, -rule.over_days, time_zone)
    earlier = await ratings(tx, client_id, sorted(same), since, answered_at)
    if not has_risen(rule, result.scaled, answered_at, earlier, time_zone):
        return result
    return result.model_copy(update={"notes": [*result.notes, rule.note]})
