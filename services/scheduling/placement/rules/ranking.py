"""Which of the cohorts that a client could join comes first, and in which words."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from services.scheduling.placement.policy import PlacementPolicy
from services.scheduling.placement.rules import eligibility, values
from services.scheduling.placement.rules.eligibility import Line, day, hours
from services.scheduling.placement.rules.values import Cohort, Considered, Finding, Situation
from shared.contracts.base import Criterion

TOLD_ONE_BY_ONE = 40
"""Of more cohorts it is told how many lack what, as an event has to stay small."""
UNTOLD = "no_contact"
"""Staff see it where they see the cohorts; events and what is shown of a wait leave it out."""


def compare(need: values.Need, cohorts: Iterable[Cohort], at: Situation) -> list[Considered]:
    """Ask of each cohort what can be said without its sessions; the hours of those that nothing was
    found against are asked by `choose`. Of many cohorts most are alike: those are asked once."""
    known: dict[tuple[object, ...], Finding] = {}
    compared = []
    for cohort in cohorts:
        kind = eligibility.TRAITS(cohort), id(cohort.eligibility), cohort.id in at.apart
        if (found := known.get(kind)) is None:
            lines = eligibility.standing(need, cohort, at)
            found = known[kind] = _finding((), list(lines))
        compared.append(Considered(cohort, found))
    return compared


def choose(compared: Sequence[Considered], at: Situation) -> values.Choice:
    """Choose the cohort that fits best.

    Of the eligible ones that with the fewest points by the policy comes first; of equal ones the
    more specific, such as a gender-specific before a mixed one, then the one with most free seats,
    then the one with the lowest id, which is the oldest.
    """
    outside_of, policy = eligibility.outside_hours(at), at.policy
    known: dict[tuple[object, ...], Finding] = {}

    def timed(one: Considered) -> Considered:
        """With what is found of its hours; asked once of those alike that have the same week."""
        cohort = one.cohort
        kind = id(one.finding), cohort.starts_at, cohort.week, cohort.id in at.client.familiar
        if (found := known.get(kind)) is None:
            outside = outside_of(cohort)
            lines = list(eligibility.times(cohort, at, outside))
            found = _finding(one.criteria, lines)
            if found.eligible:
                points = _points(cohort, at, outside)
                found = replace(found, words=_merits(cohort, at, outside), points=points)
            known[kind] = found
        return Considered(cohort, found)

    def order(one: Considered) -> tuple[float, int, int, UUID]:
        free = one.cohort.free(policy.seats.hard_cap)
        return one.finding.points, -_specific(one.cohort, at), -free, one.cohort.id

    considered = tuple([timed(one) if one.eligible else one for one in compared])
    ranked = tuple(sorted((one for one in considered if one.eligible), key=order))
    if not ranked:
        return values.Choice(None, considered, _lacking(considered, policy))
    best = ranked[0]
    where = "in reach" if at.travel else "at the site"
    observed = f"first of {len(ranked)} cohorts that fit, of {len(compared)} {where}"
    required = "fewest points, then specific before mixed, then most free seats, then oldest"
    preference = Criterion.of("preference", True, observed, required, policy.name)
    return values.Choice(best.cohort, considered, (*best.criteria, preference), ranked)


def _finding(before: tuple[Criterion, ...], lines: Sequence[Line]) -> Finding:
    """What is found by these lines; the seats stay the last of the criteria."""
    lacking = [words for criterion, words in lines if not criterion.met]
    criteria = (*before[:-1], *(criterion for criterion, _ in lines), *before[-1:])
    return Finding(criteria, not lacking, "; ".join(lacking))


def _points(cohort: Cohort, at: Situation, outside: int) -> float:
    score, client = at.policy.score, at.client
    days = score.days_if_unplanned
    if cohort.starts_at is not None and at.now is not None:
        days = max(0, (cohort.starts_at - at.now).days)
    points = score.day_until_start * days + score.hour_outside * outside / 60
    if not cohort.eligibility.telehealth:
        points += score.minute_of_travel * (at.travel.get(cohort.site_id) or 0)
    if cohort.id in client.familiar:
        points -= score.known_therapist
    if client.wished_group is not None and cohort.gender_group == client.wished_group:
        points -= score.wished_group
    return round(points, 3)


def _specific(cohort: Cohort, at: Situation) -> int:
    """How many rules of the cohort just this client meets; one about which nothing is known counts
    against it, as its seats are meant for others."""
    rule, client = cohort.eligibility, at.client
    count = sum((cohort.gender_group is not None, rule.court_mandated, rule.trauma_informed))
    for stated, known in ((rule.age_bands, client.age_band), (rule.language, client.language)):
        if stated is not None:
            count += 1 if known is not None else -1
    return count


def _merits(cohort: Cohort, at: Situation, outside: int) -> str:
    cap = at.policy.seats.hard_cap
    free, cap = cohort.free(cap), cohort.seats(cap)
    starts_at = cohort.starts_at
    words = ["not planned yet" if starts_at is None else f"from {day(starts_at, cohort)}"]
    words.append(f"{free} of {cap} seats free")
    if at.client.windows and cohort.week:
        within = "all of it within the client's hours"
        words.append(f"{hours(outside)} a week outside the client's hours" if outside else within)
    if cohort.id in at.client.familiar:
        words.append("with a therapist whom the client knows")
    if cohort.site_id in at.travel and not cohort.eligibility.telehealth:
        words.append(f"{at.travel[cohort.site_id]} minutes away")
    return ", ".join(words)


def _lacking(considered: Sequence[Considered], policy: PlacementPolicy) -> tuple[Criterion, ...]:
    if not considered:
        observed, required = "0 cohorts at the site", "at least 1 cohort"
        return (Criterion.of("cohort_at_site", False, observed, required, policy.name),)
    lacking = [
        (one.cohort, criterion)
        for one in considered
        for criterion in one.criteria
        if not criterion.met and criterion.name != UNTOLD
    ]
    if len(considered) <= TOLD_ONE_BY_ONE:
        told = [(line, f"cohort {cohort.id}: {line.observed}") for cohort, line in lacking]
    else:
        first = {line.name: line for _, line in reversed(lacking)}
        many = Counter(line.name for _, line in lacking)
        of_all = f"of {len(considered)} cohorts lack it"
        told = [(first[name], f"{count} {of_all}") for name, count in many.items()]
    return tuple(line.model_copy(update={"observed": observed}) for line, observed in told)
