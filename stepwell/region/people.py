"""The clients of a region, each drawn from a stream of random numbers of its own.

So the first clients of a large region are those of a small one with the same seed.
"""

import math
from datetime import date, timedelta
from random import Random
from typing import Literal

from stepwell.region.answers import DAST_10, EACH_WEEK, GAD_7, PHQ_9, SAFETY_ITEM, Severity, spread
from stepwell.region.plan import ClientPlan, Measured, Need, Part, RegionSize, SessionPlan
from stepwell.region.presence import own_rate, presence
from stepwell.region.rates import Rates

FAMILY_NAME = "Example"
ONE_NAME_ONLY = 10
"""Every so many clients one has no family name."""
OLDEST = date(1958, 1, 1)
DAYS_OF_BIRTH = 44 * 365
IMPROVING = {"phq-9": (15, 13, 10, 6), "gad-7": (12, 11, 8, 5)}
"""Totals of the client who steps down: at intake, then week by week; the last one stays."""
CLEARLY_POSITIVE = 14
"""A PHQ-9 total that stays a positive screen when an answer is missing."""
POSITIVE_FOR_DRUGS = 3
"""A DAST-10 total that is a positive screen: a dual diagnosis takes one of each kind."""
MISSED_SESSION = 1
"""Index of the one session that this client misses."""


def make_client(
    number: int, part: Part, site: int, size: RegionSize, run: int, slots: int, rates: Rates
) -> ClientPlan:
    """Client `number` of a run. `slots` is the number of sessions a week."""
    rng = Random(f"{size.seed}/{run}/client/{number}")  # noqa: S311 - simulated, not secret
    label = f"Client {run}-{number:02}"
    gender, sex = _gender(part, rng, rates)
    by_email = part is Part.STEPS_DOWN or rng.random() < rates.people.email
    need = _need(part, rng, rates)
    severity = Severity(rates, rng)
    if part is Part.DUAL_DIAGNOSIS:
        severity.raise_to(PHQ_9, CLEARLY_POSITIVE)
        severity.raise_to(DAST_10, POSITIVE_FOR_DRUGS)
    drawn = rng.random()
    dual = part is Part.DUAL_DIAGNOSIS or (
        part is Part.ANYBODY
        and severity.level(PHQ_9) >= CLEARLY_POSITIVE
        and drawn < rates.people.dual_diagnosis_when_depressed
    )
    completes, until = _stay(rng, rates, slots)
    rate = own_rate(rates, rng)
    stays = need is Need.INTENSIVE_OUTPATIENT
    weeks = size.weeks if stays else 0
    drift = rates.change.weekly_drift_of_completers if completes else 0.0
    intake = severity.at_intake()
    follow_ups = tuple(severity.in_week(week + 1, drift=drift) for week in range(weeks))
    sessions = presence(rates, rng, rate=rate, sessions=weeks * slots, until=until)
    if part is Part.STEPS_DOWN:
        intake = (*_improving(0, rng), *intake[len(EACH_WEEK) :])
        follow_ups = tuple(_improving(week + 1, rng) for week in range(weeks))
        sessions = tuple(
            SessionPlan("no_show" if index == MISSED_SESSION else "present")
            for index in range(weeks * slots)
        )
    elif until is not None:
        follow_ups = tuple(
            taken if (week + 1) * slots <= until else () for week, taken in enumerate(follow_ups)
        )
    return ClientPlan(
        number=number,
        label=label,
        site=site,
        part=part,
        source=_pick(
            rng, {k: float(v) for k, v in rates.referral_sources.items() if k != "source"}
        ),
        given_name=label,
        family_name=FAMILY_NAME if number % ONE_NAME_ONLY else None,
        birth_date=OLDEST + timedelta(days=rng.randrange(DAYS_OF_BIRTH)),
        gender=gender,
        sex_at_birth=sex,
        channel="email" if by_email else "log",
        preferred=None if by_email or number % 2 else "sms",
        email=f"client-{run}-{number:02}@example.test" if by_email else None,
        phone=f"+1202555{100 + number % 100:04}",
        need=need,
        dual_diagnosis=dual,
        ratings=_ratings(part, need, dual, rng),
        intake=intake,
        follow_ups=follow_ups,
        sessions=sessions,
    )


def _improving(week: int, rng: Random) -> tuple[Measured, ...]:
    """The answers of the client who gets better, none of them about self-harm."""
    return tuple(
        Measured(
            form.instrument,
            spread(
                form,
                IMPROVING[form.instrument][min(week, len(IMPROVING[form.instrument]) - 1)],
                rng,
                without=(SAFETY_ITEM,) if form is PHQ_9 else (),
            ),
        )
        for form in (PHQ_9, GAD_7)
    )


def _gender(part: Part, rng: Random, rates: Rates) -> tuple[str, str]:
    """Stated gender and sex at birth."""
    drawn = rng.random()
    sex: Literal["female", "male"] = "female" if rng.random() < rates.people.women else "male"
    if part is Part.ANYBODY and drawn < rates.people.no_group_by_gender:
        return "non_binary", sex
    return ("woman" if sex == "female" else "man"), sex


def _need(part: Part, rng: Random, rates: Rates) -> Need:
    drawn = rng.random()
    if part is Part.NEEDS_MORE:
        return Need.MORE_INTENSIVE
    if part is Part.ANYBODY and drawn < rates.needs.more_intensive:
        return Need.MORE_INTENSIVE
    return Need.INTENSIVE_OUTPATIENT


def _ratings(part: Part, need: Need, dual: bool, rng: Random) -> tuple[int, ...]:
    """Ratings from which the need follows: the highest one decides, not their mean.

    2 or 3 in dimensions 4 to 6 asks for intensive outpatient treatment; 4 for more, and so does
    2 in dimension 1.
    """
    ratings = [rng.randint(0, 1), rng.randint(0, 1), 0, 0, 0, 0]
    ratings[2] = rng.randint(1, 2) if dual else 0
    ratings[3:] = [rng.randint(0, 3), rng.randint(2, 3), rng.randint(0, 3)]
    if need is Need.MORE_INTENSIVE:
        more = [(4, 4), (5, 4), (0, 2)]
        dimension, rating = more[0] if part is Part.NEEDS_MORE else rng.choice(more)
        ratings[dimension] = rating
    return tuple(ratings)


def _stay(rng: Random, rates: Rates, slots: int) -> tuple[bool, int | None]:
    """Whether the client will complete, and the index of the first session after dropping out."""
    endings = rates.endings.model_dump(exclude={"source"})
    ending = _pick(rng, endings)
    days = rng.lognormvariate(
        math.log(rates.days_until_dropout.median), rates.days_until_dropout.sigma
    )
    until = int(days * slots / 7) if ending == "dropped_out" else None
    return ending == "completed", until


def _pick(rng: Random, shares: dict[str, float]) -> str:
    return rng.choices(list(shares), list(shares.values()))[0]
