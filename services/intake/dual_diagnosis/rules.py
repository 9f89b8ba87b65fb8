"""When a dual diagnosis is suspected, what follows, and what it asks of the program."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.intake.dual_diagnosis.policy import Codes, DualDiagnosisPolicy, Findings
from shared.contracts.intake import TrackNeed

Status = Literal["none", "suspected", "confirmed", "ruled_out"]
Happening = Literal["evidence", "newer_evidence", "confirm", "rule_out"]
DiagnosisStatus = Literal["active", "in_remission", "resolved", "refuted"]

NEXT: dict[Status, dict[Happening, Status]] = {
    "none": {"evidence": "suspected", "newer_evidence": "suspected"},
    "suspected": {"confirm": "confirmed", "rule_out": "ruled_out"},
    "confirmed": {"rule_out": "ruled_out"},
    "ruled_out": {"newer_evidence": "suspected"},
}
"""State → what happens → next state. What is not listed changes nothing, or cannot happen."""

PRESENT: frozenset[DiagnosisStatus] = frozenset(("active", "in_remission"))
"""A disorder in remission is still cared for; a resolved or refuted one is not."""
ASKING: frozenset[Status] = frozenset(("suspected", "confirmed"))
"""The states in which the program is asked for something."""


@dataclass(frozen=True, slots=True)
class Screen:
    """The outcome of an instrument: `positive` is None where the answers leave it open."""

    instrument: str
    positive: bool | None
    band: str | None
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """How a code stands by its latest record."""

    code: str
    status: DiagnosisStatus
    psychotropic_medication: bool
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """A screen or a diagnosis that counts, and since when."""

    found_in: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a client: the latest of every screen, and how each diagnosis stands."""

    screens: Sequence[Screen]
    diagnoses: Sequence[Diagnosis]


@dataclass(frozen=True, slots=True)
class Reconsidered:
    """What follows from what is known."""

    status: Status
    needs: tuple[TrackNeed, ...]
    substance_use: tuple[Finding, ...]
    mental_health: tuple[Finding, ...]


def after(status: Status, happening: Happening) -> Status | None:
    """The state that follows, or None when it cannot happen."""
    return NEXT[status].get(happening)


def reconsider(
    policy: DualDiagnosisPolicy, status: Status, changed_at: datetime, known: Known
) -> Reconsidered:
    """The status and the needs by all that is known.

    One finding of each kind lets a dual diagnosis be suspected. One that was ruled out is suspected
    again only by a finding that is newer than `changed_at`, when it was ruled out. What a clinician
    confirmed stays, whatever later screens say.
    """
    substance = findings(policy.substance_use, known)
    mental = findings(policy.mental_health, known)
    if substance and mental:
        newer = any(one.at > changed_at for one in (*substance, *mental))
        happening: Happening = "newer_evidence" if newer else "evidence"
        status = after(status, happening) or status
    return Reconsidered(status, needs(policy, status, known), substance, mental)


def findings(wanted: Findings, known: Known) -> tuple[Finding, ...]:
    """What of the known counts."""
    return (
        *(
            Finding(one.instrument, one.answered_at)
            for one in known.screens
            if one.positive and one.instrument in wanted.screens
        ),
        *(
            Finding(one.code, one.recorded_at)
            for one in known.diagnoses
            if one.status in PRESENT and within(one.code, wanted.diagnoses)
        ),
    )


def needs(policy: DualDiagnosisPolicy, status: Status, known: Known) -> tuple[TrackNeed, ...]:
    """What the client's track has to offer; nothing while there is no dual diagnosis."""
    if status not in ASKING:
        return ()
    bands = {(one.instrument, one.band) for one in known.screens}
    medicated = any(one.psychotropic_medication for one in known.diagnoses if one.status in PRESENT)
    return tuple(
        rule.need
        for rule in policy.needs
        if rule.always
        or findings(rule, known)
        or (rule.psychotropic_medication and medicated)
        or any((name, band) in bands for name, listed in rule.bands.items() for band in listed)
    )


def within(code: str, ranges: Sequence[Codes]) -> bool:
    """Whether an ICD-10-CM code belongs to one of the ranges of categories."""
    return any(one.from_ <= code[:3] <= one.to for one in ranges)
