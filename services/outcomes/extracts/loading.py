"""Loading the rows of an extract, some stays at a time; all days are days at the site."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson

from services.outcomes.extracts.rules import Traits, moved, pseudonym
from services.outcomes.follow_up.queries import STATE
from services.outcomes.programs.loading import OF_STAY, ZONE
from services.outcomes.scores.queries import scores_of_stays
from shared.database import Transaction, planned_each

TRAITS = f"""
SELECT e.enrolment_id, platform.survivor_of(e.client_id) AS person_id, z.subdivision AS state,
  e.level_of_care, e.dual_diagnosis, e.gender_group, e.age_band
FROM episodes e LEFT JOIN sites z ON z.site_id = e.site_id
WHERE e.site_id = ANY ($1) AND (e.enrolled_at AT TIME ZONE {ZONE})::date >= $2
  AND (e.enrolled_at AT TIME ZONE {ZONE})::date < $3
ORDER BY 2, 1
"""  # noqa: S608 - constants only
STAYS = f"""
SELECT e.enrolment_id, e.ended_as, (e.enrolled_at AT TIME ZONE {ZONE})::date AS enrolled_on,
  (e.ended_at AT TIME ZONE {ZONE})::date AS ended_on, seen.*
FROM episodes e LEFT JOIN sites z ON z.site_id = e.site_id
CROSS JOIN LATERAL (
  SELECT min(a.held_on) FILTER (WHERE a.outcome = 'attended') AS first_service_on,
    count(*) FILTER (WHERE a.outcome = 'attended') AS sessions_attended,
    count(*) FILTER (WHERE a.outcome = 'missed') AS sessions_missed,
    count(*) FILTER (WHERE a.outcome = 'excused') AS sessions_excused,
    coalesce(sum(a.attended_minutes), 0) AS attended_minutes
  FROM program_attendance a WHERE {OF_STAY}
) AS seen
WHERE e.enrolment_id = ANY ($1) ORDER BY e.enrolment_id
"""  # noqa: S608 - constants only
ATTENDANCE = f"""
SELECT e.enrolment_id, a.held_on, a.outcome, a.attended_minutes
FROM episodes e JOIN program_attendance a ON {OF_STAY}
WHERE e.enrolment_id = ANY ($1) AND a.outcome <> 'not_counted' ORDER BY 1, 2, a.session_id
"""  # noqa: S608 - constants only
FOLLOW_UPS = f"""
SELECT f.enrolment_id, f.days, f.due_on, f.answers,
  CASE WHEN {STATE} IN ('planned', 'due') THEN 'open' ELSE {STATE} END AS state
FROM follow_ups f WHERE f.enrolment_id = ANY ($1) ORDER BY 1, 2
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Mask:
    """What stands for a stay, and how its days are moved."""

    key: bytes
    person_of: dict[UUID, UUID]
    traits: dict[UUID, Traits]
    shifts: dict[UUID, timedelta]

    def stands_for(self, stay: UUID) -> str:
        """The stay's id in the extract, and its place: real ids are in the order of time."""
        return pseudonym(self.key, "stay", stay)

    def row(self, row: Any, **more: Any) -> dict[str, Any]:
        """A row without the ids of the stay, all its days moved."""
        values = dict(row)
        stay = values.pop("enrolment_id")
        by = self.shifts[self.person_of[stay]]
        days = {n: moved(v, by) for n, v in values.items() if isinstance(v, date)}
        return {"stay_id": self.stands_for(stay), **values, **days, **more}


async def load_traits(
    tx: Transaction, site_ids: Sequence[UUID], first: date, until: date
) -> tuple[dict[UUID, UUID], dict[UUID, Traits]]:
    """Of the stays that began in the time: whose they are, and their traits."""
    rows = await tx.fetch(TRAITS, site_ids, first, until)
    traits = {row["enrolment_id"]: dict(row) for row in rows}
    people = {found.pop("enrolment_id"): found.pop("person_id") for found in traits.values()}
    return people, traits


async def load_rows(
    tx: Transaction, mask: Mask, stays: Sequence[UUID]
) -> dict[str, list[dict[str, Any]]]:
    """By table the rows of some stays, naming nobody, in the order of the ids that stand for
    them."""
    rows: dict[str, list[dict[str, Any]]] = {"follow_ups": [], "follow_up_answers": []}
    rows["stays"] = []
    for row in await tx.fetch(STAYS, stays):
        stay, ended_on = row["enrolment_id"], row["ended_on"]
        person = pseudonym(mask.key, "person", mask.person_of[stay])
        days = None if ended_on is None else (ended_on - row["enrolled_on"]).days
        rows["stays"].append(mask.row(row, person_id=person, days=days, **mask.traits[stay]))
    async with planned_each(tx):
        attendance = await tx.fetch(ATTENDANCE, stays)
    rows["attendance"] = [mask.row(row) for row in attendance]
    rows["scores"], rows["subscores"] = [], []
    for score in await scores_of_stays(tx, stays):
        names = ("enrolment_id", "instrument", "answered_on")
        told = mask.row({name: getattr(score, name) for name in names})
        rows["scores"].append({**told, "total": score.total, "band": score.band})
        for subscale, total in sorted(score.subscores.items()):
            rows["subscores"].append({**told, "subscale": subscale, "total": total})
    for row in await tx.fetch(FOLLOW_UPS, stays):
        made = mask.row(row)
        answers = orjson.loads(made.pop("answers") or b"{}")
        rows["follow_ups"].append(made)
        for question, answer in answers.items():
            told = {"stay_id": made["stay_id"], "days": made["days"]}
            rows["follow_up_answers"].append({**told, "question": question, "answer": answer})
    return {name: sorted(some, key=itemgetter("stay_id")) for name, some in rows.items()}
