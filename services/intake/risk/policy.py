"""The risk policy: data with a version and a source; it decides how soon, who, and what counts."""

from collections.abc import Mapping
from typing import Annotated, Self, get_args

from pydantic import Field, model_validator

from services.intake.risk.rules.reports import POSITIVE
from shared.contracts.intake import RiskKind, RiskSeverity, Token
from shared.datafiles import Part, data_file
from shared.escalation import Ladder

Words = Annotated[str, Field(min_length=1, max_length=600)]


class Action(Part):
    """Something a clinician can say was done."""

    name: Words
    note_needed: bool = False
    """Whether a word of explanation has to come with it."""


class Kind(Part):
    """What holds for one kind of risk."""

    source: Words
    guidance: Words
    """What to think of first, in our own words."""
    urgency: dict[RiskSeverity, Token]
    actions: tuple[Token, ...] = Field(min_length=1)
    report: dict[str, RiskSeverity] = Field(default_factory=dict)
    """How severe each positive answer in a report of risks is."""


class RiskPolicy(Part):
    """One version of the policy. One that cannot decide about every flag is refused when read."""

    id: Token
    version: Token
    source: Words
    pregnancy_days: int = Field(ge=280, le=400)
    """For how many days a pregnancy that was told is taken to go on."""
    urgencies: dict[Token, Ladder]
    actions: dict[Token, Action]
    kinds: dict[RiskKind, Kind]

    @model_validator(mode="after")
    def decides_about_every_flag(self) -> Self:
        if missing := sorted(set(get_args(RiskKind)) - set(self.kinds)):
            raise ValueError(f"kinds: {', '.join(missing)} is missing")
        for name, kind in self.kinds.items():
            _check(name, kind, self.urgencies, self.actions)
        if unused := sorted(
            set(self.actions).difference(*(k.actions for k in self.kinds.values()))
        ):
            raise ValueError(f"no kind allows the action {unused[0]}")
        return self

    def urgency(self, kind: RiskKind, severity: RiskSeverity) -> Ladder:
        """How soon a flag has to be seen, and by whom."""
        return self.urgencies[self.kinds[kind].urgency[severity]]

    def allowed(self, kind: RiskKind) -> dict[str, Action]:
        """The actions that a flag of `kind` can be acknowledged with."""
        return {name: self.actions[name] for name in self.kinds[kind].actions}


def _check(
    name: RiskKind, kind: Kind, urgencies: Mapping[str, Ladder], actions: Mapping[str, Action]
) -> None:
    for severity in get_args(RiskSeverity):
        if kind.urgency.get(severity) not in urgencies:
            raise ValueError(f"{name}: no urgency of the list for {severity}")
    least, most = urgencies[kind.urgency["moderate"]], urgencies[kind.urgency["high"]]
    if most.acknowledge_within_minutes > least.acknowledge_within_minutes:
        raise ValueError(f"{name}: high may wait longer than moderate")
    if set(kind.report) != POSITIVE.get(name, frozenset()):
        told = ", ".join(sorted(POSITIVE.get(name, frozenset()))) or "nothing"
        raise ValueError(f"{name}: report says how severe {told} is, no more and no less")
    if unknown := sorted(set(kind.actions) - set(actions)):
        raise ValueError(f"{name}: the action {unknown[0]} is not in the list")


risk_policy = data_file(RiskPolicy, __name__, "risk-flags")
"""The policy in force."""
