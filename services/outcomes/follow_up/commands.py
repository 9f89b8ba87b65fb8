"""Planning surveys with the end of a stay, telling when they are due, and how each one closes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from services.outcomes.board.commands import tell
from services.outcomes.follow_up.policy import Survey, survey
from services.outcomes.follow_up.queries import RETURNED, show_follow_up, show_own
from services.outcomes.follow_up.schemas import (
    Answers,
    FollowUp,
    FollowUpClosing,
    FollowUpLink,
    OwnFollowUp,
    State,
)
from shared.calendar import day_at, midnight
from shared.contracts.intake import ClientSteppedDown, EpisodeStateChanged
from shared.contracts.outcomes import FollowUpDue
from shared.contracts.scheduling import SiteChanged, SiteOpened
from shared.database import Columns, Transaction, update
from shared.errors import Conflict, Invalid, NotFound, require_version
from shared.ids import new_id
from shared.web.links import LinkNotValid, digest, new_secret

MOST_AT_ONCE = 200
PLANNED = Columns.by_type(
    uuid="id client_id site_id enrolment_id",
    integer="days",
    date="due_on closes_on",
    timestamptz="ended_at due_at closes_at",
    text="state",
)
PLAN = PLANNED.insert("follow_ups", "ON CONFLICT (enrolment_id, days) DO NOTHING")
ZONE = "SELECT time_zone FROM sites WHERE site_id = $1"
MOVE = """
UPDATE follow_ups SET due_at = due_on::timestamp AT TIME ZONE $2,
  closes_at = closes_on::timestamp AT TIME ZONE $2
WHERE site_id = $1 AND state IN ('planned', 'due')
  AND due_at <> due_on::timestamp AT TIME ZONE $2
"""
DUE = f"""
UPDATE follow_ups AS f SET state = 'due', version = version + 1
WHERE id IN (SELECT id FROM follow_ups WHERE state = 'planned' AND due_at <= $1
  ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING id AS follow_up_id, client_id, site_id, enrolment_id, days, due_on,
  {RETURNED} AS returned
"""  # noqa: S608 - constants only
LOSE = """
UPDATE follow_ups SET state = 'lost', closed_at = $1, link_hash = NULL, version = version + 1
WHERE id IN (SELECT id FROM follow_ups WHERE state = 'due' AND closes_at <= $1
  ORDER BY closes_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
"""


class FollowUpOver(Conflict):
    """It was answered, or closed otherwise, before."""


class NotDueYet(Conflict):
    """The day of the survey has not come."""


class UnknownAnswer(Invalid):
    """A question that the survey does not ask, or an answer that it does not have."""


async def plan_follow_ups(
    tx: Transaction, told: Sequence[ClientSteppedDown] | Sequence[EpisodeStateChanged]
) -> None:
    """Plan the surveys of the days that the site's policy names, where a stay ended; told twice,
    the first counts."""
    rows = []
    for end in told:
        policy = survey(end.site_id)
        at = end.stepped_down_at if isinstance(end, ClientSteppedDown) else end.changed_at
        if isinstance(end, ClientSteppedDown) or (end.ended and end.to_state not in policy.without):
            zone = await tx.fetchval(ZONE, end.site_id) or "UTC"
            rows += [_planned(end, at, days, policy, zone) for days in policy.days]
    await tx.execute(PLAN, *PLANNED.arrays(rows))
    tx.wake()


async def move_to_zones(tx: Transaction, sites: Sequence[SiteOpened | SiteChanged]) -> None:
    """Let days begin by another clock; the days themselves stay."""
    for site in sites:
        await tx.execute(MOVE, site.site_id, site.time_zone)
    tx.wake()


async def tell_due(tx: Transaction) -> int:
    """Publish FollowUpDue for surveys whose day has begun at the site, but of whoever entered the
    program again, and give up those that nobody answered in time; how many that were."""
    due = await tx.fetch(DUE, tx.now, MOST_AT_ONCE)
    for row in due:
        if not row["returned"]:
            tell(tx, FollowUpDue.model_validate(dict(row)))
    lost = await tx.execute(LOSE, tx.now, MOST_AT_ONCE)
    return len(due) + int(lost.split()[-1])


async def enter_answers(
    tx: Transaction, follow_up_id: UUID, expected: int | None, given: Answers, answered_by: str
) -> FollowUp:
    """Keep what a client answered to a person of the staff, or on the page.

    Raises:
        NotFound: no such follow-up that the caller may see.
        StaleVersion: it changed since the caller read it.
        FollowUpOver, NotDueYet: it cannot be answered any more, or yet.
        UnknownAnswer: with a pointer.
    """
    known = await _open(tx, follow_up_id, expected)
    policy = survey(known.site_id)
    for name, answer in given.answers.items():
        question = policy.by_id.get(name)
        if question is None or answer not in question.answers:
            allowed = policy.by_id if question is None else question.answers
            raise UnknownAnswer(f"Use one of: {', '.join(allowed)}.", pointer=f"/answers/{name}")
    answers = {"answers": orjson.dumps(given.answers).decode(), "survey_version": policy.version}
    return await _over(tx, follow_up_id, "answered", answered_by, **answers)


async def close(
    tx: Transaction, follow_up_id: UUID, expected: int, given: FollowUpClosing, closed_by: str
) -> FollowUp:
    """Note that a client will not answer, and why; nothing is assumed of how the client is.

    Raises:
        NotFound, StaleVersion, FollowUpOver: as for `enter_answers`.
    """
    await _open(tx, follow_up_id, expected, planned=True)
    return await _over(tx, follow_up_id, given.outcome, closed_by)


async def issue_link(tx: Transaction, follow_up_id: UUID, expected: int) -> FollowUpLink:
    """A link by which the client can answer once; the one before it ends.

    Raises:
        NotFound, StaleVersion, FollowUpOver, NotDueYet: as for `enter_answers`.
    """
    known = await _open(tx, follow_up_id, expected)
    secret = new_secret()
    changes = {"link_hash": digest(secret)}
    await tx.execute(*update("follow_ups", changes, where={"id": follow_up_id}))
    return FollowUpLink(
        follow_up_id=follow_up_id,
        client_id=known.client_id,
        site_id=known.site_id,
        address=f"{survey(known.site_id).page_address}#{secret}",
        closes_on=known.closes_on,
        version=known.version + 1,
    )


async def answer_own(tx: Transaction, follow_up_id: UUID, given: Answers) -> OwnFollowUp:
    """What the client answers by link.

    Raises:
        LinkNotValid: it is over.
        UnknownAnswer: with a pointer.
    """
    try:
        await enter_answers(tx, follow_up_id, None, given, f"link:{follow_up_id}")
    except (FollowUpOver, NotDueYet, NotFound):
        raise LinkNotValid from None
    return await show_own(tx, follow_up_id)


async def _open(
    tx: Transaction, follow_up_id: UUID, expected: int | None, *, planned: bool = False
) -> FollowUp:
    """The follow-up, locked, while it can be answered, or with `planned` closed before its day."""
    known = await show_follow_up(tx, follow_up_id, lock=True)
    if expected is not None:
        require_version(known.version, expected)
    if known.state == "planned" and not planned:
        raise NotDueYet(f"This survey is due on {known.due_on}.")
    if known.state not in ("planned", "due"):
        raise FollowUpOver(f"This follow-up is {known.state}.")
    return known


async def _over(
    tx: Transaction, follow_up_id: UUID, state: State, by: str, **answers: str
) -> FollowUp:
    changes = {"state": state, "closed_at": tx.now, "answered_by": by, "link_hash": None, **answers}
    await tx.execute(*update("follow_ups", changes, where={"id": follow_up_id}))
    return await show_follow_up(tx, follow_up_id)


def _planned(
    end: ClientSteppedDown | EpisodeStateChanged, at: datetime, days: int, policy: Survey, zone: str
) -> dict[str, object]:
    due_on = day_at(at, zone) + timedelta(days=days)
    closes_on = due_on + timedelta(days=policy.open_days)
    return {
        **end.model_dump(include={"client_id", "site_id", "enrolment_id"}),
        "id": new_id(),
        "days": days,
        "ended_at": at,
        "due_on": due_on,
        "due_at": midnight(due_on, zone),
        "closes_on": closes_on,
        "closes_at": midnight(closes_on, zone),
        "state": "planned",
    }
