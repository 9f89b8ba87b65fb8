"""What a recommendation policy consists of."""

from typing import Literal

from pydantic import Field

from shared.contracts.intake import RiskSeverity, Token
from shared.contracts.outcomes import RecommendationKind
from shared.datafiles import DataFile, Part

LONGEST_DAYS = 3660
"""Of a pause and of a score: ten years, far beyond any stay and within any calendar."""
Figure = Literal[
    "weeks_in_program",
    "weeks_observed",
    "attendance_percent",
    "consecutive_missed",
    "short_weeks",
    "score",
    "score_change",
    "open_risk_flags",
    "use_reports",
    "open_goals",
    "met_goals",
]


class Span(Part):
    """The values that a score can have."""

    lowest: int
    highest: int


class Measure(Part):
    """What rules may look at of an instrument: its total, and what is scored on its own."""

    total: Span | None = None
    """None: its parts are never added up."""
    subscales: dict[Token, Span] = Field(default_factory=dict)
    safety_item: bool = False


class Measures(DataFile):
    """The measures that rules may name."""

    baseline_from_days: int
    baseline_to_days: int
    """Days of the calendar at the site, from the day of admission on."""
    measures: dict[Token, Measure]


class Rule(Part):
    """A bound on a figure. Unknown is never met."""

    name: Token
    figure: Figure
    at_least: int | None = None
    at_most: int | None = None
    keeps: int | None = None
    """The bound while a recommendation by this rule is open; None: the same."""
    instrument: Token | None = None
    subscale: Token | None = None
    """Of the instrument; None: its total."""
    max_age_days: int | None = Field(default=None, ge=0, le=LONGEST_DAYS)
    """In days of the calendar at the site: of the day before is 1."""
    safety_item: Literal["negative"] | None = None
    severity: RiskSeverity | None = None
    """Only risks so severe; None: of any severity."""
    weeks: int | None = Field(default=None, ge=1, le=26)
    """The latest weeks that are over, by the calendar at the site."""
    days: int | None = Field(default=None, ge=1, le=365)
    """Days of the calendar at the site up to today."""
    sessions: int | None = Field(default=None, ge=1, le=60)
    """Of fewer sessions the share is not known; None: of one it is."""
    goals: Literal["phase", "clinician"] | None = None
    """Only these; None: both."""
    source: str

    @property
    def measure(self) -> str:
        """The instrument; empty for figures that have none."""
        return self.instrument or ""

    @property
    def window(self) -> int:
        """The latest weeks or days that count; 0 for figures without."""
        return self.weeks or self.days or 0


class Way(Part):
    """What one kind of recommendation takes."""

    to_level: Token | None = None
    """None: the stay goes on at its level."""
    needed: int | None = Field(default=None, ge=1)
    """How many rules have to be met; None: all."""
    rules: tuple[Rule, ...] = Field(min_length=1)

    @property
    def needed_rules(self) -> int:
        """How many rules have to be met."""
        return len(self.rules) if self.needed is None else self.needed


class Pauses(Part):
    """How many days of the calendar at the site nothing of the same kind is recommended: 7 after a
    Monday is the Monday after."""

    declined: int = Field(ge=0, le=LONGEST_DAYS)
    withdrawn: int = Field(ge=0, le=LONGEST_DAYS)
    accepted: int = Field(ge=0, le=LONGEST_DAYS)
    """Of a step-up or an extension; an accepted step-down is the last word of a stay."""


class Policy(Part):
    """One version of a policy for a level of care."""

    id: Token
    version: str
    status: str
    from_level: Token
    pause_days: Pauses
    step_down: Way | None = None
    step_up: Way | None = None
    extend: Way | None = None

    def ways(self) -> dict[RecommendationKind, Way]:
        """The kinds that the policy knows, the one that goes before the others first: whoever needs
        more is not told to need less or the same."""
        known: dict[RecommendationKind, Way | None] = {
            "step_up": self.step_up,
            "step_down": self.step_down,
            "extend": self.extend,
        }
        return {kind: way for kind, way in known.items() if way is not None}
