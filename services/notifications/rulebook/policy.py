"""The rules in force: an event or the time before or after what it is about → who is told → what,
by which way, and when. A file a rule, by organization and by site.

A rule that could never send, never end or contradicts itself is refused when it is read, and so is
one that names an event, a field, a template or a use of a consent that there is not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal, Self, get_args
from uuid import UUID

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator

from services.notifications.consents.rules import Purpose
from services.notifications.rulebook.kinds import STAFF_ALERT, Kind
from services.notifications.rulebook.sources import LINKS, SOURCES
from services.notifications.texts.policy import templates
from shared.contracts.base import Event
from shared.contracts.intake import Token
from shared.datafiles import Part, data_folder

About = Annotated[tuple[str, ...], BeforeValidator(lambda v: (v,) if isinstance(v, str) else v)]
"""The field of an event with the id of what it is about, or several that tell it apart together."""
Where = dict[str, list[bool | int | str]]
"""Field of an event → the values it may have."""


class Moment(Part):
    """An instant, counted from what the rule is about: days of the calendar at the site, to the
    same time of day, and hours. Negative is before."""

    days: int = Field(default=0, ge=-366, le=366)
    hours: float = Field(default=0, ge=-24 * 31, le=24 * 31)

    @property
    def ahead(self) -> timedelta:
        """The distance, for comparing moments: a day counts 24 hours."""
        return timedelta(days=self.days, hours=self.hours)


class End(Part):
    """An event that takes back what is planned about what it names in its own fields `about`.

    With `earlier` it takes back what is planned about whatever of the client began before.
    """

    on: str
    about: About = ()
    where: Where = Field(default_factory=dict)
    earlier: bool = False
    kinds: tuple[Kind, ...] = ()
    """With `earlier`: only these; all of the rule without."""

    def takes_back(self, step: "Step") -> bool:
        """Whether a step of the rule is taken back."""
        return not self.kinds or step.kind in self.kinds


class Step(Part):
    """One message of a rule. `when` is when it is wanted, at once without one; `clock` the time of
    day in the recipient's zone that it is moved to.

    A message to a client that quiet hours put off is brought forward where it would otherwise come
    less than `margin_minutes` before the rule's end; without a margin it is only put off. One that
    would follow an earlier message of its rule within `apart_hours` is left out.
    """

    kind: Kind
    to: Literal["client", "staff"] = "client"
    template: Token | None = None
    """Of messages to clients; the kind's own name without one."""
    when: Moment | None = None
    clock: time | None = None
    margin_minutes: int | None = Field(default=None, ge=0)
    apart_hours: float = Field(default=0, ge=0, le=72)
    once: bool = False
    """One that went out is not repeated even when what it is about moves."""
    limited: bool = True
    """It waits for the next day once as many went out as are sent on one."""
    next_person_minutes: int = Field(default=30, ge=5, le=24 * 60)
    """To staff: how long it waits for somebody to take charge before the next are told."""
    rounds: int = Field(default=4, ge=1, le=20)
    """To staff: how many times people are told before it is given up."""


class Rule(Part):
    """From an event to messages."""

    version: Token
    source: Annotated[str, Field(min_length=10)]
    on: str
    about: About
    """What tells messages of this rule apart."""
    anchor: str
    """The field with the instant, the day or the week from which times are counted."""
    until: Moment
    """From the anchor; afterwards a message is of no use. A rule without an end is refused."""
    until_field: str | None = None
    """The end is counted from this field instead."""
    where: Where = Field(default_factory=dict)
    ends: tuple[End, ...] = ()
    uses: tuple[Token, ...] = ()
    """Of the consent to be reached: one of them has to be agreed to."""
    without_consent: bool = False
    on_hold: bool = False
    """It goes out while the stay is on hold, too."""
    after_stay: bool = False
    """It goes to clients whose stay is over; never to one who died."""
    silent_when_over: bool = False
    """Nothing is planned after the end; else it is, and seen to have come too late."""
    link: Token | None = None
    """The purpose of a one-time link that its messages carry."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=12)]

    @model_validator(mode="after")
    def can_fire_and_ends(self) -> Self:
        contract = _source(self.on, "on")
        _about(contract, self.about)
        _field(contract, self.anchor, datetime, date, str)
        if self.until_field is not None:
            _field(contract, self.until_field, datetime, date, str)
        _where(contract, self.where)
        for end in self.ends:
            ends = _source(end.on, "ends")
            _about(ends, end.about or self.about)
            _where(ends, end.where)
            if end.earlier:
                _field(ends, self.anchor, datetime)
            elif end.kinds:
                raise ValueError("ends: kinds are named with earlier only")
            if unknown := set(end.kinds) - {step.kind for step in self.steps}:
                raise ValueError(f"ends: the rule sends no {', '.join(sorted(unknown))}")
            if end.on == self.on and not end.where:
                raise ValueError(f"{self.on} both begins and ends it: say which by where")
        if self.link is not None and self.link not in LINKS:
            raise ValueError(
                f"link: nothing makes one for {self.link}; known is {', '.join(LINKS)}"
            )
        self._check_steps()
        return self

    def _check_steps(self) -> None:
        clients = [step for step in self.steps if step.to == "client"]
        if clients and not self.uses:
            raise ValueError("uses is empty, so no client could agree to it")
        for step in self.steps:
            if step.kind == STAFF_ALERT:
                raise ValueError(f"steps: {step.kind} is not for rules")
            if self.until_field is None and step.when and step.when.ahead >= self.until.ahead:
                raise ValueError(f"steps: {step.kind} can never go out, as the rule ends before")
            if step.clock is not None and (step.when is None or step.when.hours):
                raise ValueError(f"steps: {step.kind}: clock needs when in days")
        ahead = [step.when.ahead for step in clients if step.when is not None]
        if ahead != sorted(ahead):
            raise ValueError("steps are not in the order of their times")

    def sendings(self) -> Iterator[tuple[str, "Sending"]]:
        """What holds of each kind of message to clients."""
        for step in self.steps:
            if step.to == "client":
                yield step.kind, Sending(self, step, step.template or step.kind)


@dataclass(frozen=True, slots=True)
class Sending:
    """A kind of message to clients: its rule and step, and the template of its words."""

    rule: Rule = field(repr=False)
    step: Step
    template: str

    def purpose(self, way: str | None) -> Purpose:
        """What it needs of a consent if it takes `way`."""
        return Purpose(way, frozenset(self.rule.uses), self.rule.without_consent)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rules in force at a place, by name, and what they send to clients, by kind."""

    rules: Mapping[str, Rule]
    sendings: Mapping[str, Sending]

    @classmethod
    def of(cls, rules: dict[str, Rule]) -> "Rulebook":
        """The rules together.

        Raises:
            ValueError: two send the same kind, or one a text that there is not.
        """
        sendings: dict[str, Sending] = {}
        seen: set[str] = set()
        for name, rule in rules.items():
            for step in rule.steps:
                if step.kind in seen:
                    raise ValueError(f"{name}: {step.kind} is there twice")
                seen.add(step.kind)
            for kind, sending in rule.sendings():
                if sending.template not in templates():
                    raise ValueError(f"{name}: there is no template {sending.template}")
                sendings[kind] = sending
        return cls(rules, sendings)

    def started_by(self, name: str) -> Iterator[tuple[str, Rule]]:
        """The rules that an event starts."""
        return ((key, rule) for key, rule in self.rules.items() if rule.on == name)

    def ended_by(self, name: str) -> Iterator[tuple[str, Rule, End]]:
        """The rules that an event ends, and how."""
        return (
            (key, rule, end)
            for key, rule in self.rules.items()
            for end in rule.ends
            if end.on == name
        )


def matches(where: Where, event: Event) -> bool:
    """Whether the fields of an event have the values asked for."""
    return all(getattr(event, name) in values for name, values in where.items())


def _source(name: str, place: str) -> type[Event]:
    if name not in SOURCES:
        known = ", ".join(sorted(SOURCES))
        raise ValueError(f"{place}: no rule can react to {name}; those it can are {known}")
    return SOURCES[name]


def _about(contract: type[Event], names: About) -> None:
    if not names:
        raise ValueError("about names no field")
    for name in names:
        _field(contract, name, UUID, *((str, int) if len(names) > 1 else ()))


def _field(contract: type[Event], name: str, *kinds: type) -> None:
    known = contract.model_fields.get(name)
    if known is None or not set(kinds) & {known.annotation, *get_args(known.annotation)}:
        wanted = " or ".join(kind.__name__ for kind in kinds)
        raise ValueError(f"{contract.__name__} has no field {name} that is {wanted}")


def _where(contract: type[Event], where: Where) -> None:
    """Refuse a condition that no event of this kind could meet."""
    for name, values in where.items():
        known = contract.model_fields.get(name)
        if known is None:
            raise ValueError(f"where: {contract.__name__} has no field {name}")
        adapter: TypeAdapter[Any] = TypeAdapter(known.rebuild_annotation())
        for value in values:
            try:
                adapter.validate_python(value, strict=True)
            except ValidationError:
                raise ValueError(f"where: {name} of {contract.__name__} is never {value}") from None
        if not values:
            raise ValueError(f"where: {name} may have no value, so the rule can never fire")


rulebook = data_folder(Rule, __name__, "rules", Rulebook.of, by_site=True)
"""The rules in force, everywhere or at a site."""


def known_kind(kind: str) -> str:
    """Refuse a kind of message that no rule sends anywhere."""
    known = sorted({kind for book in rulebook.each() for kind in book.sendings})
    if kind not in known:
        raise ValueError(f"No rule sends it; those in force send {', '.join(known)}.")
    return kind
