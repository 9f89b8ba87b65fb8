"""What the self-check goes by: rules in order, with a version and a source, read and checked once.

The organization's own `guidance.yaml`, below `self-check`, takes the place of ours.
"""

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Discriminator, Field, Tag, model_validator

from shared.datafiles import Part, data_file

Screen = Literal["audit-c", "dast-10", "phq-2", "gad-2"]
SCREENS: tuple[Screen, ...] = get_args(Screen)
ITEMS: dict[Screen, int] = {"audit-c": 3, "dast-10": 10, "phq-2": 2, "gad-2": 2}
Question = Literal[
    "thoughts",
    "plan",
    "severe_withdrawal",
    "sick_without",
    "overdose",
    "pregnant",
    "unsafe_home",
]
"""The safety questions, in the order in which they are asked."""
QUESTIONS: tuple[Question, ...] = get_args(Question)
ByRule = Literal["emergency", "medical_first", "assessment", "lower_level"]
"""From the most urgent to the least."""
Outcome = Literal[ByRule, "no_sign", "not_enough"]
OUTCOMES: tuple[Outcome, ...] = (*get_args(ByRule), "no_sign", "not_enough")


class SaidYes(Part):
    """A safety question was answered with yes."""

    said_yes: Question


class Positive(Part):
    """A screen is positive, be it early: from the answers given, whatever the missing ones are."""

    positive: Screen


class Points(Part):
    """The answers given to a screen come to so many points."""

    screen: Screen
    from_: int = Field(alias="from", ge=1)


class ItemYes(Part):
    """One item of a screen, numbered from 1, was answered with more than zero."""

    screen: Screen
    item: int = Field(ge=1)

    @model_validator(mode="after")
    def is_there(self) -> Self:
        if self.item > ITEMS[self.screen]:
            raise ValueError(f"{self.screen} has {ITEMS[self.screen]} items.")
        return self


def _kind(condition: Any) -> str | None:
    """Which condition is meant, by the key that only it has."""
    for key in ("said_yes", "positive", "item", "from"):
        if isinstance(condition, dict) and key in condition:
            return key
    return None


Condition = Annotated[
    Annotated[SaidYes, Tag("said_yes")]
    | Annotated[Positive, Tag("positive")]
    | Annotated[Points, Tag("from")]
    | Annotated[ItemYes, Tag("item")],
    Discriminator(
        _kind,
        custom_error_type="unknown_condition",
        custom_error_message="A condition has said_yes, positive, or a screen with from or item.",
    ),
]


class Rule(Part):
    """When all conditions hold, the outcome is this one, unless a rule before it decided."""

    outcome: ByRule
    all: tuple[Condition, ...] = Field(min_length=1)


class Comparable(Part):
    """When answers show the minimal risk under which the comparison with residential holds."""

    source: str
    outcomes: tuple[ByRule, ...]
    answered_no: tuple[Question, ...] = Field(min_length=1)
    negative: tuple[Screen, ...] = Field(min_length=1)
    complete: tuple[Screen, ...] = Field(min_length=1)
    items_no: tuple[ItemYes, ...]
    below: tuple[Points, ...]

    @model_validator(mode="after")
    def never_where_help_comes_first(self) -> Self:
        if {"emergency", "medical_first"} & set(self.outcomes):
            raise ValueError("Who needs help or a physician first is not at minimal risk.")
        return self


class Policy(Part):
    """One version of the policy."""

    id: str
    version: str
    status: str
    source: str
    speak_first: tuple[Question, ...]
    must_be_asked: tuple[Question, ...]
    rules: tuple[Rule, ...]
    no_sign_needs_answered: tuple[Question, ...]
    comparable: Comparable

    @model_validator(mode="after")
    def urgent_rules_come_first(self) -> Self:
        order = get_args(ByRule)
        places = [order.index(rule.outcome) for rule in self.rules]
        if places != sorted(places):
            raise ValueError(f"Rules come in the order {', '.join(order)}.")
        return self

    @model_validator(mode="after")
    def safety_is_never_passed_over(self) -> Self:
        spoken = set(self.speak_first)
        for rule in self.rules:
            asked = [one.said_yes for one in rule.all if isinstance(one, SaidYes)]
            if rule.outcome == "emergency" and not spoken & set(asked):
                raise ValueError("An emergency is told by an answer that speaks first.")
        alone = {
            rule.all[0].said_yes
            for rule in self.rules
            if len(rule.all) == 1 and isinstance(rule.all[0], SaidYes)
        }
        if missing := sorted(spoken - alone):
            raise ValueError(f"{missing[0]} speaks first, and no rule goes by it alone.")
        if missing := sorted(spoken.union(self.must_be_asked) - set(self.no_sign_needs_answered)):
            raise ValueError(f"No sign is never told while {missing[0]} is not answered.")
        return self


policy = data_file(Policy, __name__, "guidance")
"""The policy in force."""
