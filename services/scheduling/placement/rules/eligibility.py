"""What a cohort has to be for a client: a criterion a rule, and words for what it lacks.

A rule that a cohort does not have, or about which nothing is known of the client, says nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from zoneinfo import ZoneInfo

from services.scheduling.placement.policy import Rule, Sourced
from services.scheduling.placement.rules.values import EVERYBODY, Cohort, Need, Situation
from services.scheduling.preferences.rules import comes_after, opened, within
from shared.contracts.base import Criterion
from shared.weekly import minute_of

Line = tuple[Criterion, str]
"""A criterion, and what people read where it is not met."""
FOR_TRACK = {
    "dual_diagnosis": "for clients with a dual diagnosis",
    "general": "not made for a dual diagnosis",
}
TRAITS = attrgetter(
    *("track", "gender_group", "capacity", "taken", "frees_at", "site_id", "time_zone"),
    *("enrolment", "began_at", "phase_minutes"),
)
"""All of a cohort that `standing` looks at, but its rules and who is in it who must not be met."""


def standing(need: Need, cohort: Cohort, at: Situation) -> Iterator[Line]:
    """What is asked of a cohort for a client, but whether its hours suit."""
    policy, track, group = at.policy, cohort.track, cohort.gender_group or "mixed"
    tracks = policy.tracks.for_dual_diagnosis if need.dual_diagnosis else policy.tracks.for_others
    groups = ("mixed",) if need.gender_group is None else (need.gender_group, "mixed")
    yield _one_of("track", track, tracks, policy.tracks, FOR_TRACK[track])
    yield _one_of("gender_group", group, groups, policy.gender_groups, f"for {group} only")
    if cohort.eligibility is not EVERYBODY:
        yield from _made_for(cohort, at)
    yield from _course(cohort, at)
    minutes = at.travel.get(cohort.site_id)
    if minutes is not None and not cohort.eligibility.telehealth:
        most, stuck = policy.reach.travel_minutes, bool(at.client.needs_transport)
        met, away = not stuck and minutes <= most, f"{minutes} minutes away"
        observed = f"{away}, transport needed" if stuck else away
        words = f"{away}, and the client needs transport" if stuck else away
        yield _line("travel", met, observed, f"<= {most}", policy.reach, words)
    if cohort.id in at.apart:
        observed, rule = "a client to be kept apart from", policy.no_contact
        words = "does not suit this client, ask a clinician why"
        yield _line("no_contact", False, observed, "none", rule, words)
    cap, rule = cohort.seats(policy.seats.hard_cap), policy.seats
    full, observed = cohort.taken >= cap, f"{cohort.taken} of {cap} seats taken"
    words = "full" if cohort.frees_at is None else f"full until {day(cohort.frees_at, cohort)}"
    yield _line("free_seat", not full, observed, "at least 1 free seat", rule, words)


def _made_for(cohort: Cohort, at: Situation) -> Iterator[Line]:
    """Whom the cohort is made for. What only intake can know, a referral by a court and a need for
    trauma care, is taken for absent where it was not told; the rest is not held against anybody."""
    made_for, client, rule = cohort.eligibility, at.client, at.policy.eligibility
    if made_for.age_bands is not None and client.age_band is not None:
        words = f"for the ages of {' or '.join(made_for.age_bands).replace('_', ' ')}"
        yield _one_of("age_band", client.age_band, made_for.age_bands, rule, words)
    if made_for.language is not None and client.language is not None:
        met = _tongue(client.language) == _tongue(made_for.language)
        words = f"held in another language ({made_for.language})"
        yield _line("language", met, client.language, made_for.language, rule, words)
    if made_for.court_mandated:
        words = "for clients whom a court referred"
        yield _needed("court_mandated", client.court_referred, rule, words)
    if made_for.trauma_informed:
        met, words = "trauma_informed" in client.needs, "kept for clients who need trauma care"
        yield _needed("trauma_informed", met, rule, words)
    if made_for.telehealth and client.telehealth is not None:
        words = "held by telehealth, which the client cannot use"
        yield _needed("modality", client.telehealth, rule, words)


def _course(cohort: Cohort, at: Situation) -> Iterator[Line]:
    """Its weekly hours, and whether it still takes clients."""
    minutes, asked = cohort.phase_minutes, at.level_minutes
    if minutes is not None and asked:
        observed, required = f"{minutes} minutes a week", f">= {asked}"
        needed = f"the client's level of care asks for {hours(asked)}"
        words = f"begins with {hours(minutes)} a week, and {needed}"
        yield _line("weekly_hours", minutes >= asked, observed, required, at.policy.hours, words)
    if cohort.enrolment == "closed":
        began, rule = cohort.began_at, at.policy.eligibility
        observed = "closed" if began is None else f"closed since {day(began, cohort)}"
        required, words = "open, or closed and not begun", "takes nobody after its first session"
        yield _line("enrolment", began is None, observed, required, rule, words)


def times(cohort: Cohort, at: Situation, outside: int) -> Iterator[Line]:
    """Whether a cohort's hours suit. `outside` is how many minutes of its week are not within those
    at which the client can come."""
    windows, policy = at.client.windows, at.policy
    if windows and cohort.week:
        share, least = 1 - outside / cohort.weekly_minutes, policy.availability.least_share
        met, observed, required = share >= least, f"{share:.2f}", f">= {least:.2f}"
        words = f"only {int(share * 100)} % of its time is in the client's week"
        yield _line("availability", met, observed, required, policy.availability, words)
    elif windows and cohort.eligibility.evening:
        rule, words = policy.eligibility, "held in the evening, when the client cannot come"
        met = comes_after(minute_of(rule.evening_from), windows)
        required = f"some after {rule.evening_from}"
        yield _line("evening", met, "the client's hours", required, rule, words)


def outside_hours(at: Situation) -> Callable[[Cohort], int]:
    """Minutes of a cohort's week outside the hours at which the client said to be able to come; 0
    where nothing was said."""
    client = at.client
    if not client.windows or client.zone is None:
        return lambda cohort: 0
    hours_open, zone = opened(client.windows), ZoneInfo(client.zone)
    return lambda cohort: cohort.weekly_minutes - within(cohort.week, hours_open, zone)


def day(instant: datetime, cohort: Cohort) -> str:
    """The date at the cohort's site, such as `4 Dec`."""
    return _date(instant, cohort.time_zone)


@lru_cache(maxsize=10_000)
def _date(instant: datetime, time_zone: str) -> str:
    local = instant.astimezone(ZoneInfo(time_zone))
    return f"{local.day} {local:%b}"


def hours(minutes: int) -> str:
    """`9 h` of 540 minutes, `8.25 h` of 495."""
    return f"{minutes / 60:g} h"


def _tongue(tag: str) -> str:
    """The language of a BCP 47 tag, without its region."""
    return tag.split("-")[0].lower()


def _one_of(name: Rule, value: str, asked: Sequence[str], rule: Sourced, lacking: str) -> Line:
    return _line(name, value in asked, value, " or ".join(asked), rule, lacking)


def _needed(name: Rule, met: bool, rule: Sourced, lacking: str) -> Line:
    return _line(name, met, "yes" if met else "no", "yes", rule, lacking)


def _line(name: Rule, met: bool, observed: str, required: str, rule: Sourced, lacking: str) -> Line:
    return _criterion(name, met, observed, required, rule.source), lacking


_criterion = lru_cache(maxsize=10_000)(Criterion.of)
"""Of many cohorts most have the same criteria: one object each, so that each is stored once."""
