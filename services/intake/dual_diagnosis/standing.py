"""What is kept of a dual diagnosis, by record, and what it comes to for a person of several."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from services.intake.dual_diagnosis import rules
from services.intake.dual_diagnosis.policy import DualDiagnosisPolicy
from services.intake.dual_diagnosis.rules import Known, Screen, Status
from shared.contracts.intake import TrackNeed


@dataclass(frozen=True, slots=True)
class Standing:
    """All that is kept of a client's dual diagnosis, for deciding anew."""

    status: Status
    needs: list[TrackNeed]
    screens: dict[str, Any]
    diagnoses: dict[str, Any]
    changed_at: datetime | None
    version: int
    """0 while nothing is kept."""
    since: datetime | None = None
    """When the former stay of the record ended: screens answered up to then count no more."""
    others: tuple["Standing", ...] = ()
    """What is kept of the other records of the same person."""
    since_of_person: datetime | None = None
    """When the former stay of the person ended, whichever record it belongs to."""

    @property
    def known(self) -> Known:
        """What screens and diagnoses say as they are kept; a screen of a former stay says
        nothing."""
        return Known(
            [
                Screen(name, one["positive"], one["band"], at)
                for name, one in self.screens.items()
                if (at := datetime.fromisoformat(one["at"]))
                and (self.since is None or at > self.since)
            ],
            [
                rules.Diagnosis(
                    code, one["status"], one["medicated"], datetime.fromisoformat(one["at"])
                )
                for code, one in self.diagnoses.items()
            ],
        )


NOTHING_KEPT = Standing("none", [], {}, {}, None, 0)


def standing_of(row: Any) -> Standing:
    """What a row says that has the columns of a dual diagnosis, or null in all of them, and in
    `others` those of the other records as JSON."""
    others = tuple(_of_json(one) for one in orjson.loads(row["others"] or b"[]"))
    since, since_of_person = row["since"], row["since_of_person"]
    if row["status"] is None:
        return replace(NOTHING_KEPT, others=others, since=since, since_of_person=since_of_person)
    return Standing(
        row["status"],
        row["needs"],
        orjson.loads(row["screens"]),
        orjson.loads(row["diagnoses"]),
        row["changed_at"],
        row["version"],
        since,
        others,
        since_of_person,
    )


def of_person(policy: DualDiagnosisPolicy, own: Standing) -> Standing:
    """What is known of all records of a person together, as if it were kept of one client.

    Of each screen and each code the latest counts. What a clinician decided last stands before what
    was only suspected; then it is reconsidered by all that is known.
    """
    kept = [one for one in (own, *own.others) if one.version]
    if not kept or (len(kept) == 1 and kept[0].since == own.since_of_person):
        return kept[0] if kept else own
    screens = _latest([one.screens for one in kept])
    diagnoses = _latest([one.diagnoses for one in kept])
    status, since = _status([(one.status, one.changed_at) for one in kept if one.changed_at])
    version = sum(one.version for one in kept)
    ended = own.since_of_person
    together = Standing(status, [], screens, diagnoses, since, version, ended)
    found = rules.reconsider(policy, status, since, together.known)
    if found.status != status:
        since = max(one.at for one in (*found.substance_use, *found.mental_health))
    return replace(together, status=found.status, needs=list(found.needs), changed_at=since)


def _status(kept: Sequence[tuple[Status, datetime]]) -> tuple[Status, datetime]:
    if decided := [one for one in kept if one[0] in ("confirmed", "ruled_out")]:
        return max(decided, key=lambda one: one[1])
    if suspected := [one for one in kept if one[0] == "suspected"]:
        return min(suspected, key=lambda one: one[1])
    return max(kept, key=lambda one: one[1])


def _latest(kept: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of each name what was noted last; instants are kept in one form, comparable as text."""
    together: dict[str, Any] = {}
    for record in kept:
        for name, one in record.items():
            if name not in together or together[name]["at"] <= one["at"]:
                together[name] = one
    return together


def _of_json(one: Mapping[str, Any]) -> Standing:
    return Standing(
        one["status"],
        one["needs"],
        one["screens"],
        one["diagnoses"],
        datetime.fromisoformat(one["changed_at"]),
        one["version"],
        datetime.fromisoformat(one["since"]) if one["since"] else None,
    )
