"""What a program costs a client: exact in cents, each line with how it was found."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from services.intake.costs.policy import Program
from services.intake.sliding_scale.rules import Share, percent_of, to_pay

LineKind = Literal[
    "charge",
    "deductible",
    "copay",
    "coinsurance",
    "out_of_pocket_limit",
    "plan_pays",
    "not_covered",
    "sliding_scale",
]


class NoPrice(LookupError):
    """A service has no price on a day."""

    def __init__(self, service: str, on: date) -> None:
        super().__init__(f"{service} has no price on {on}")
        self.service = service
        self.on = on


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """What a plan asks of the client. Money in cents."""

    deductible_left: int = 0
    copay_a_day: int = 0
    coinsurance_percent: int = 0
    out_of_pocket_left: int | None = None
    """None: no limit."""
    authorized_days: int | None = None
    """None: as many as needed."""


@dataclass(frozen=True, slots=True)
class Charge:
    """A service on one day."""

    service: str
    quantity: int
    cents_each: int

    @property
    def cents(self) -> int:
        return self.quantity * self.cents_each


@dataclass(frozen=True, slots=True)
class Line:
    """One line. What lowers what the client pays is negative; parts of a sum are told in it."""

    kind: LineKind
    cents: int
    explanation: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """All lines: charges, what the plan pays, what the sliding scale takes off, what is left."""

    lines: tuple[Line, ...]
    charged: int
    plan_pays: int
    reduced: int
    client_pays: int


def days_of(
    program: Program, weeks: int, starts_on: date, price: Callable[[str, date], int | None]
) -> list[tuple[Charge, ...]]:
    """The charges of each day; the prices of a week are those of its first day.

    Raises:
        NoPrice: a service has none then.
    """
    days = []
    for week in range(weeks):
        on = starts_on + timedelta(weeks=week)
        for day in range(program.days_a_week):
            charges = []
            for one in program.services:
                if one.per == "week" and day > 0:
                    continue
                cents = price(one.service, on)
                if cents is None:
                    raise NoPrice(one.service, on)
                charges.append(Charge(one.service, one.quantity, cents))
            days.append(tuple(charges))
    return days


def estimate(
    days: Sequence[tuple[Charge, ...]], plan: PlanTerms | None, share: Share | None
) -> Estimate:
    """What is charged, and who pays it.

    Day by day: the deductible first, then the copay, then coinsurance of the rest, up to the limit
    of what the client pays out of pocket. Days beyond the authorized ones are the client's. The
    sliding scale lowers these only: a plan's own share of the client is not waived (see the
    criteria for waivers in 42 CFR 1001.952(k) and 42 U.S.C. 1320a-7a(i)(6)).
    """
    sums = [sum(charge.cents for charge in day) for day in days]
    covered = 0 if plan is None else min(len(days), _authorized(plan, len(days)))
    lines = _charges(days)
    charged = sum(sums)
    owed = 0
    if plan is not None and covered:
        owed, parts = _under_plan(plan, sums[:covered])
        lines += parts
    plan_pays = sum(sums[:covered]) - owed
    beyond = sum(sums[covered:])
    if plan is not None and len(days) > covered:
        lines.append(
            Line("not_covered", beyond, f"{len(days) - covered} days beyond the authorized ones")
        )
    reduced = 0
    if share is not None and len(days) > covered:
        reduced = beyond - to_pay(share, beyond, len(days) - covered)
        lines.append(Line("sliding_scale", -reduced, _scale(share, beyond, len(days) - covered)))
    return Estimate(tuple(lines), charged, plan_pays, reduced, charged - plan_pays - reduced)


def dollars(cents: int) -> str:
    """An amount as it is read."""
    return f"${cents // 100:,}.{cents % 100:02}"


def _authorized(plan: PlanTerms, days: int) -> int:
    return days if plan.authorized_days is None else plan.authorized_days


def _charges(days: Sequence[tuple[Charge, ...]]) -> list[Line]:
    counted: Counter[tuple[str, int]] = Counter()
    for day in days:
        for charge in day:
            counted[charge.service, charge.cents_each] += charge.quantity
    return [
        Line("charge", number * each, f"{number} of {service} at {dollars(each)}")
        for (service, each), number in counted.items()
    ]


def _under_plan(plan: PlanTerms, sums: Sequence[int]) -> tuple[int, list[Line]]:
    """What the client owes of covered days, with its lines."""
    left, room = plan.deductible_left, plan.out_of_pocket_left
    deductible = copay = coinsurance = above = 0
    for charge in sums:
        first = min(left, charge)
        fixed = min(plan.copay_a_day, charge - first)
        part = percent_of(charge - first - fixed, plan.coinsurance_percent)
        owed = first + fixed + part
        over = 0 if room is None else max(owed - room, 0)
        left -= first
        room = None if room is None else room - (owed - over)
        deductible += first
        copay += fixed
        coinsurance += part
        above += over
    owed = deductible + copay + coinsurance - above
    number = len(sums)
    found = [
        Line("deductible", deductible, f"{dollars(plan.deductible_left)} of it were left"),
        Line("copay", copay, f"{number} days, up to {dollars(plan.copay_a_day)} each"),
        Line("coinsurance", coinsurance, f"{plan.coinsurance_percent} % of the rest, each day"),
        Line(
            "out_of_pocket_limit",
            -above,
            "no limit given"
            if plan.out_of_pocket_left is None
            else f"not more than {dollars(plan.out_of_pocket_left)} in all",
        ),
        Line("plan_pays", -(sum(sums) - owed), f"of {dollars(sum(sums))} for {number} days"),
    ]
    return owed, [line for line in found if line.cents or line.kind == "plan_pays"]


def _scale(share: Share, charge: int, days: int) -> str:
    by = f"{share.percent_of_guideline} % of {share.guideline}"
    if share.nominal_fee_cents is not None:
        return f"{by}: {dollars(share.nominal_fee_cents)} a day for {days} days"
    return f"{by}: {share.share_percent} % of {dollars(charge)}"
