"""Admitting a client to the program, and every way on from there."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog

from services.intake.consents.queries import is_treatment_consented
from services.intake.coverage.queries import is_covered
from services.intake.directory.queries import today_at
from services.intake.dual_diagnosis.queries import track_needs
from services.intake.enrolment.endings import end, tell_change
from services.intake.enrolment.policy import age_bands, discharge_reasons
from services.intake.enrolment.queries import show_enrolment
from services.intake.enrolment.rules import State, can_follow, resumed
from services.intake.enrolment.schemas import Discharge, Enrolment, Hold, NewEnrolment
from services.intake.level_of_care.queries import signed_decision
from services.intake.preferences.rules import GROUP_OF_GENDER
from services.intake.referrals.commands import advance
from services.intake.referrals.queries import lock, lock_client, show_client
from services.intake.referrals.rules import age_on
from services.intake.risk.queries import priority_populations
from shared.contracts.intake import ClientEnrolled, ClientSteppedDown, EpisodeStateChanged
from shared.contracts.outcomes import StepDownDecided
from shared.contracts.scheduling import PartnerSeatReleased
from shared.database import Transaction, insert, unless_taken, update
from shared.errors import Conflict, Invalid, NotFound, require_version
from shared.ids import new_id
from shared.messaging.consumer import Received
from shared.messaging.outbox import publish

log = structlog.get_logger()

PROGRAM = "intensive_outpatient"
"""The kind of level that this program is, whatever an edition's number for it."""

FORMER = """
SELECT
  (SELECT id FROM enrolments
   WHERE client_id = ANY (platform.records_of($1)) AND ended_at IS NOT NULL
   ORDER BY ended_at DESC, id DESC LIMIT 1) AS id,
  EXISTS (SELECT FROM enrolments WHERE ended_at IS NOT NULL
    AND (determination_id = $2 OR client_id = $3 AND ended_at >= $4)) AS is_used
"""
"""A decision that was made while a stay lasted rests on its screens. One of another record of the
person does not, such as that of the site to which the client goes over."""
OPEN_STAY = """
SELECT id FROM enrolments
WHERE client_id = ANY (platform.records_of($1)) AND ended_at IS NULL AND enrolled_at <= $2
ORDER BY enrolled_at DESC LIMIT 1 FOR NO KEY UPDATE
"""
"""A stay that began after the seat was taken is another one: the client came back."""
SERVED = """
WITH served AS (
  SELECT client_id, starts_at AS at FROM unnest($1::uuid[], $2::timestamptz[])
    AS s(client_id, starts_at)
), before AS (
  SELECT e.id, e.state, s.first_at, coalesce(s.last_at >= e.held_at, true) AS goes_on
  FROM enrolments e CROSS JOIN LATERAL (
    SELECT min(at) AS first_at, max(at) AS last_at FROM served
    WHERE served.client_id = e.client_id AND served.at >= e.enrolled_at
  ) AS s
  WHERE e.client_id = ANY($1::uuid[]) AND e.ended_at IS NULL AND e.state <> 'active'
    AND s.first_at IS NOT NULL
    AND (e.first_service_at IS NULL OR e.held_at IS NULL OR s.last_at >= e.held_at)
  ORDER BY e.client_id FOR NO KEY UPDATE OF e
)
UPDATE enrolments e SET version = e.version + 1,
  state = CASE WHEN b.goes_on THEN 'active' ELSE e.state END,
  reason = CASE WHEN b.goes_on THEN NULL ELSE e.reason END,
  held_at = CASE WHEN b.goes_on THEN NULL ELSE e.held_at END,
  first_service_at = coalesce(e.first_service_at, b.first_at)
FROM before b WHERE e.id = b.id
RETURNING e.id, e.client_id, e.site_id, b.state AS former, b.goes_on
"""
"""A session from before a hold, as attendance is told late or corrected, may be the first service
and does not end the hold."""


class AlreadyEnrolled(Conflict, title="Client is enrolled already"):
    """The client is in the program."""


class OutdatedDetermination(Invalid, title="Not the decision in force"):
    """Not the client's level-of-care decision in force."""


class DecisionNotSigned(Conflict, title="Level of care is not signed"):
    """A clinician has to sign the level of care first."""


class DecisionUsed(Conflict, title="Decision was used before"):
    """The decision led to a stay that has ended, or was made during one: the needs have to be rated
    anew."""


class LevelDoesNotFit(Conflict, title="Program is not the signed level"):
    """The signed level is not the program's. Which one it is, is for clinicians only."""


class TreatmentConsentMissing(Conflict, title="Consent to treatment is missing"):
    """Nobody is treated who has not consented to it."""


class CoverageMissing(Conflict, title="Coverage or self-pay agreement is missing"):
    """Neither a payer nor the client has agreed to pay."""


class StateDoesNotAllow(Conflict, title="State does not allow it"):
    """The stay is not in a state from which it could go on so."""


class UnknownReason(Invalid):
    """Not one of the reasons of the data file."""


class UnknownStay(ValueError):
    """A decision about a stay that is not there: it becomes a dead letter, which operators see."""


async def enrol(tx: Transaction, client_id: UUID, new: NewEnrolment) -> Enrolment:
    """Admit a client whose signed level is the program's; publishes ClientEnrolled.

    A dual diagnosis that is only suspected asks for a cohort for it where the level-of-care policy,
    by a clinician's rating, says so too; a confirmed one always does.

    Raises:
        NotFound: no such client.
        OutdatedDetermination, DecisionNotSigned, LevelDoesNotFit, DecisionUsed: the decision does
            not allow it.
        TreatmentConsentMissing, CoverageMissing: something has to be agreed first.
        AlreadyEnrolled: the client has an open stay.
    """
    client = await show_client(tx, client_id, lock=True)
    decision = await signed_decision(tx, client_id)
    if decision is None:
        raise DecisionNotSigned("A clinician signs the level-of-care decision first.")
    if decision.id != new.determination_id:
        raise OutdatedDetermination(
            "Name the client's signed level-of-care decision.", pointer="/determination_id"
        )
    if decision.final_level_kind != PROGRAM:
        raise LevelDoesNotFit(
            "The signed level of care is not this program's: a clinician refers the client to a "
            "program of that level, or determines the level anew."
        )
    if not await is_treatment_consented(tx, client_id):
        raise TreatmentConsentMissing("The client's consent to treatment is entered first.")
    today = await today_at(tx, client.site_id)
    if not await is_covered(tx, client_id, today):
        raise CoverageMissing("Enter a coverage that holds today, or a self-pay agreement.")
    diagnosis = await track_needs(tx, client_id)
    dual = diagnosis.status == "confirmed" or (
        diagnosis.status == "suspected" and decision.dual_diagnosis
    )
    needs = [n for n in diagnosis.needs if dual or n != "dual_diagnosis_cohort"]
    priority = list(await priority_populations(tx, client_id))
    made_for = decision.determination.client_id, decision.determination.determined_at
    former = await tx.fetchrow(FORMER, client_id, decision.id, *made_for)
    assert former is not None
    if former["is_used"]:
        raise DecisionUsed("The decision is of a stay that has ended: determine the level anew.")
    made = Enrolment(
        id=new_id(),
        client_id=client_id,
        site_id=client.site_id,
        determination_id=decision.id,
        level_of_care=decision.final_level,
        state="enrolled",
        reason=None,
        teds_reason=None,
        former_id=former["id"],
        enrolled_at=tx.now,
        first_service_at=None,
        ended_at=None,
        late_step_down_id=None,
        late_step_down_at=None,
        version=1,
    )
    row = {**made.model_dump(), "dual_diagnosis": dual, "needs": needs, "priority": priority}
    with unless_taken(AlreadyEnrolled("The client has an open stay in the program.")):
        await tx.execute(*insert("enrolments", row))
    await advance(tx, client_id, "enrolled")
    publish(
        tx,
        ClientEnrolled(
            client_id=client_id,
            site_id=client.site_id,
            enrolment_id=made.id,
            level_of_care=made.level_of_care,
            dual_diagnosis=dual,
            gender_group=GROUP_OF_GENDER.get(client.gender),
            enrolled_at=tx.now,
            needs=needs,
            priority=priority,
            former_enrolment_id=made.former_id,
            age_band=age_bands(client.site_id).of(age_on(client.birth_date, today)),
        ),
    )
    return made


async def hold(tx: Transaction, enrolment_id: UUID, expected: int, new: Hold) -> Enrolment:
    """Let a stay pause; publishes EpisodeStateChanged.

    Raises:
        NotFound, StaleVersion, StateDoesNotAllow.
        UnknownReason: with a pointer.
    """
    if new.reason not in discharge_reasons().holds:
        raise UnknownReason(
            f"Reasons for a hold: {', '.join(discharge_reasons().holds)}.", pointer="/reason"
        )
    return await _change(tx, enrolment_id, expected, "on_hold", new.reason)


async def resume(tx: Transaction, enrolment_id: UUID, expected: int) -> Enrolment:
    """Let a stay go on as it was before the hold; publishes EpisodeStateChanged.

    Raises:
        NotFound, StaleVersion, StateDoesNotAllow.
    """
    found = await lock(tx, show_enrolment, enrolment_id)
    if found.state != "on_hold":
        raise StateDoesNotAllow(f"A stay that is {found.state} is not on hold.")
    following = resumed(served=found.first_service_at is not None)
    return await _change(tx, enrolment_id, expected, following, None)


async def discharge(
    tx: Transaction, enrolment_id: UUID, expected: int, new: Discharge
) -> Enrolment:
    """End a stay for a reason; publishes EpisodeStateChanged.

    A step-down is not entered here: outcomes recommends it and a clinician decides there.

    Raises:
        NotFound, StaleVersion, StateDoesNotAllow.
        UnknownReason: with a pointer.
    """
    reasons = discharge_reasons()
    reason = reasons.of(new.reason)
    if reason is None or reason.ends_as == "stepped_down":
        possible = ", ".join(r.reason for r in reasons.reasons if r.ends_as != "stepped_down")
        raise UnknownReason(f"Discharge reasons: {possible}.", pointer="/reason")
    found = await lock(tx, show_enrolment, enrolment_id)
    require_version(found.version, expected)
    if not can_follow(found.state, reason.ends_as):
        raise StateDoesNotAllow(f"A stay that is {found.state} cannot become {reason.ends_as}.")
    return await end(tx, found, reason, note=new.note)


async def step_down(
    tx: Transaction, decided: StepDownDecided, *, cause: Received[Any] | None = None
) -> None:
    """End a stay by an accepted step-down; publishes ClientSteppedDown and EpisodeStateChanged.

    A stay that ended otherwise in the meantime stays as it is, and shows the decision that came too
    late.

    Raises:
        UnknownStay: the decision is about no stay of the client.
    """
    await lock_client(tx, decided.client_id)
    try:
        stay = await show_enrolment(tx, decided.enrolment_id)
    except NotFound:
        stay = None
    if stay is None or stay.client_id != decided.client_id:
        raise UnknownStay("An accepted step-down names no stay of the client.")
    reason = discharge_reasons().of(discharge_reasons().step_down)
    assert reason is not None  # as the file was checked when it was read
    if not can_follow(stay.state, reason.ends_as):
        late = {
            "late_step_down_id": decided.recommendation_id,
            "late_step_down_at": decided.decided_at,
        }
        await tx.execute(*update("enrolments", late, where={"id": stay.id}))
        log.warning("step_down_came_too_late", enrolment_id=str(stay.id), state=stay.state)
        return
    await end(tx, stay, reason, cause=cause)
    publish(
        tx,
        ClientSteppedDown(
            client_id=decided.client_id,
            site_id=stay.site_id,
            enrolment_id=decided.enrolment_id,
            recommendation_id=decided.recommendation_id,
            from_level=stay.level_of_care,
            to_level=decided.to_level,
            stepped_down_at=tx.now,
        ),
        cause=cause,
    )


async def step_up(
    tx: Transaction, taken: PartnerSeatReleased, *, cause: Received[Any] | None = None
) -> None:
    """End the stay of a client who took a partner's seat at a higher level; publishes
    EpisodeStateChanged. Until then the client keeps the seat here; a stay that ended before stays
    as it is."""
    await lock_client(tx, taken.client_id)
    stay_id = await tx.fetchval(OPEN_STAY, taken.client_id, taken.released_at)
    if stay_id is None:
        return
    stay = await show_enrolment(tx, stay_id)
    await end(tx, stay, discharge_reasons().stepped_up, cause=cause)


async def begin_service(tx: Transaction, attended: Sequence[Received[Any]]) -> None:
    """Take attended sessions as the first service of stays that had none, or that paused.

    Publishes EpisodeStateChanged. A session from before the stay says nothing about it, and one
    from before a hold does not end the hold.
    """
    causes = {one.event.client_id: one for one in reversed(attended)}
    rows = await tx.fetch(
        SERVED,
        [one.event.client_id for one in attended],
        [one.event.starts_at for one in attended],
    )
    for row in rows:
        if not row["goes_on"]:
            continue
        event = EpisodeStateChanged(
            client_id=row["client_id"],
            site_id=row["site_id"],
            enrolment_id=row["id"],
            from_state=row["former"],
            to_state="active",
            reason=None,
            ended=False,
            changed_at=tx.now,
        )
        publish(tx, event, cause=causes[row["client_id"]])


async def _change(
    tx: Transaction, enrolment_id: UUID, expected: int, to: State, reason: str | None
) -> Enrolment:
    found = await lock(tx, show_enrolment, enrolment_id)
    require_version(found.version, expected)
    if not can_follow(found.state, to):
        raise StateDoesNotAllow(f"A stay that is {found.state} cannot become {to}.")
    changes = {"state": to, "reason": reason}
    pause = {"held_at": tx.now if to == "on_hold" else None}
    await tx.execute(*update("enrolments", changes | pause, where={"id": enrolment_id}))
    changed = found.changed(**changes)
    tell_change(tx, changed, found.state)
    return changed
