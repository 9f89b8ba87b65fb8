"""The ladder by which people are told of what nobody took charge of: data with an end. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.datafiles import Misplaced, Part

Who = Literal["clinician_on_duty", "clinical_lead", "site_manager", "regional_lead"]
Minutes = Annotated[int, Field(gt=0, le=7 * 24 * 60)]


class Step(Part):
    """Who is told, and how many minutes after the step before; the first one at the deadline."""

    who: Who
    after_minutes: Annotated[int, Field(ge=0, le=7 * 24 * 60)]


class Repetition(Part):
    """How the last step is told again: slower than the steps before, and not for ever."""

    every_minutes: Minutes
    at_most: Annotated[int, Field(ge=1, le=100)]


class Ladder(Part):
    """How soon somebody has to take charge, and who is told when nobody did.

    The last step is the regional lead's. It is repeated so many times, and then the ladder has
    ended: what it is about stays open and overdue, and nobody is told of it any more.
    """

    acknowledge_within_minutes: Minutes
    steps: tuple[Step, ...] = Field(min_length=1, max_length=10)
    repeat: Repetition

    @model_validator(mode="after")
    def goes_up_and_ends(self) -> Self:
        first, *others = self.steps
        if first.after_minutes != 0:
            raise Misplaced(("steps", 0), "the first step is at the deadline: after_minutes is 0")
        for n, step in enumerate(others, 1):
            if step.after_minutes == 0:
                raise Misplaced(("steps", n), "a further step comes at least a minute later")
        if self.steps[-1].who != "regional_lead":
            raise Misplaced(("steps", len(others)), "the last step is told to the regional_lead")
        if self.repeat.every_minutes < max(step.after_minutes for step in self.steps):
            raise Misplaced(("repeat",), "repeats at a faster pace than the steps before")
        return self

    @property
    def within(self) -> timedelta:
        """How long somebody has to take charge."""
        return timedelta(minutes=self.acknowledge_within_minutes)

    @property
    def last(self) -> int:
        """The step after which nobody is told any more."""
        return len(self.steps) + self.repeat.at_most

    def who_at(self, step: int) -> Who:
        """Who is told at `step`; 0 is when the risk is raised."""
        return "clinician_on_duty" if step == 0 else self.steps[min(step, len(self.steps)) - 1].who

    def pause_after(self, step: int) -> timedelta:
        """How long after `step` the next one follows; step 0 is the deadline."""
        is_repeated = step >= len(self.steps)
        return timedelta(
            minutes=self.repeat.every_minutes if is_repeated else self.steps[step].after_minutes
        )


@dataclass(frozen=True, slots=True)
class Escalation:
    """The step that is due now, and when the one after it is; None: there is none."""

    step: int
    next_at: datetime | None


def escalation(ladder: Ladder, step: int, due_at: datetime, now: datetime) -> Escalation:
    """What becomes, at `now`, of a risk that has reached `step` and whose next one is due.

    Steps that were missed while nobody looked are passed over: one late worker tells the people of
    the step that is due now, and no others in a burst. Repetitions are not: each counts when it is
    told. Where the ladder had ended, the step is the one that was reached, and nobody is told.
    """
    if step >= ladder.last:
        return Escalation(step, None)
    step += 1
    next_at = due_at + ladder.pause_after(step)
    while next_at <= now and step < len(ladder.steps):
        step += 1
        next_at += ladder.pause_after(step)
    if next_at <= now:
        next_at = now + ladder.pause_after(step)
    return Escalation(step, next_at if step < ladder.last else None)
