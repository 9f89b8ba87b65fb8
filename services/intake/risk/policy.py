"""The risk policy: data with a version and a source; it decides how soon, who, and what counts."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from services.intake.risk.rules.flags import Schedule
from services.intake.risk.rules.reports import POSITIVE
from shared.contracts.intake import RiskKind, RiskSeverity, Token
from shared.datafiles import Part, data_file

Who = Literal["clinician_on_duty", "clinical_lead", "site_manager"]
Words = Annotated[str, Field(min_length=1, max_length=600)]
Minutes = Annotated[int, Field(gt=0, le=7 * 24 * 60)]


class Step(Part):
    """Who is told, and how many minutes after the step before; the first one at the deadline."""

    who: Who
    after_minutes: Annotated[int, Field(ge=0, le=7 * 24 * 60)]


class Urgency(Part):
    """How soon somebody has to take charge, and who is told when nobody did."""

    acknowledge_within_minutes: Minutes
    steps: tuple[Step, ...] = Field(min_length=1, max_length=10)
    repeat_every_minutes: Minutes

    @model_validator(mode="after")
    def goes_on_in_time(self) -> Self:
        if self.steps[0].after_minutes != 0:
            raise ValueError("the first step is at the deadline itself: after_minutes is 0")
        if any(step.after_minutes == 0 for step in self.steps[1:]):
            raise ValueError("a further step comes at least a minute after the one before")
        return self

    @property
    def schedule(self) -> Schedule:
        """The urgency as the rules take it."""
        return Schedule(
            within=timedelta(minutes=self.acknowledge_within_minutes),
            pauses=tuple(timedelta(minutes=step.after_minutes) for step in self.steps),
            repeat=timedelta(minutes=self.repeat_every_minutes),
        )

    def who_at(self, step: int) -> Who:
        """Who is told at `step`; 0 is when the flag is raised."""
        return "clinician_on_duty" if step == 0 else self.steps[min(step, len(self.steps)) - 1].who


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
    urgencies: dict[Token, Urgency]
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

    def urgency(self, kind: RiskKind, severity: RiskSeverity) -> Urgency:
        """How soon a flag has to be seen, and by whom."""
        return self.urgencies[self.kinds[kind].urgency[severity]]

    def allowed(self, kind: RiskKind) -> dict[str, Action]:
        """The actions that a flag of `kind` can be acknowledged with."""
        return {name: self.actions[name] for name in self.kinds[kind].actions}


def _check(
    name: RiskKind, kind: Kind, urgencies: Mapping[str, Urgency], actions: Mapping[str, Action]
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
