"""What a cohort has to be for a client: a criterion a rule, and words for what it lacks.

A rule that a cohort does not have, or about which nothing is known of the client, says nothing.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.scheduling.placement.policy import PlacementPolicy, Rule
from services.scheduling.placement.rules.values import EVERYBODY, Cohort, Need, Situation
from services.scheduling.preferences.rules import comes_after, opened, within
from shared.contracts.base import Criterion

Line = tuple[Criterion, str]
"""A criterion, and what people read where it is not met."""
FOR_TRACK = {
    "dual_diagnosis": "for clients with a dual diagnosis",
    "general": "not made for a dual diagnosis",
}


def traits(cohort: Cohort, at: Situation) -> tuple[object, ...]:
    """All of a cohort that `of_kind` and `standing` look at."""
    return (
        cohort.track,
        cohort.gender_group,
        cohort.capacity,
        cohort.taken,
        cohort.frees_at,
        cohort.site_id,
        cohort.time_zone,
        cohort.enrolment,
        cohort.began_at,
        cohort.phase_minutes,
        cohort.eligibility,
        cohort.id in at.apart,
    )


def of_kind(need: Need, cohort: Cohort, policy: PlacementPolicy) -> list[Line]:
    """What is asked of its track and its gender group."""
    track = cohort.track
    tracks = policy.tracks.for_dual_diagnosis if need.dual_diagnosis else policy.tracks.for_others
    groups = ("mixed",) if need.gender_group is None else (need.gender_group, "mixed")
    group = cohort.gender_group or "mixed"
    return [
        _line(
            "track",
            track in tracks,
            track,
            " or ".join(tracks),
            policy.tracks.source,
            FOR_TRACK[track],
        ),
        _line(
            "gender_group",
            group in groups,
            group,
            " or ".join(groups),
            policy.gender_groups.source,
            f"for {group} only",
        ),
    ]


def standing(cohort: Cohort, policy: PlacementPolicy, at: Situation) -> list[Line]:
    """What is asked of just this cohort for a client, but whether its hours suit."""
    found: list[Line] = []
    if cohort.eligibility is not EVERYBODY:
        found += _traits(cohort, policy, at)
    found += _course(cohort, policy, at)
    if at.travel:
        found += _travel(cohort, policy, at)
    if cohort.id in at.apart:
        found.append(
            _line(
                "no_contact",
                False,
                "a client to be kept apart from",
                "none",
                policy.no_contact.source,
                "does not suit this client, ask a clinician why",
            )
        )
    cap = cohort.seats(policy.seats.hard_cap)
    full = cohort.taken >= cap
    found.append(
        _line(
            "free_seat",
            not full,
            f"{cohort.taken} of {cap} seats taken",
            "at least 1 free seat",
            policy.seats.source,
            _full(cohort) if full else "",
        )
    )
    return found


def _full(cohort: Cohort) -> str:
    return "full" if cohort.frees_at is None else f"full until {day(cohort.frees_at, cohort)}"


def _traits(cohort: Cohort, policy: PlacementPolicy, at: Situation) -> Iterator[Line]:
    """Whom the cohort is made for. What only intake can know, a referral by a court and a need for
    trauma care, is taken for absent where it was not told; the rest is not held against anybody."""
    rule, client, source = cohort.eligibility, at.client, policy.eligibility.source
    if rule.age_bands is not None and client.age_band is not None:
        bands = " or ".join(rule.age_bands)
        met = client.age_band in rule.age_bands
        words = f"for the ages of {bands.replace('_', ' ')}"
        yield _line("age_band", met, client.age_band, bands, source, words)
    if rule.language is not None and client.language is not None:
        met = _tongue(client.language) == _tongue(rule.language)
        words = f"held in another language ({rule.language})"
        yield _line("language", met, client.language, rule.language, source, words)
    if rule.court_mandated:
        met = client.court_referred
        words = "for clients whom a court referred"
        yield _line("court_mandated", met, _yes(met), "yes", source, words)
    if rule.trauma_informed:
        met = "trauma_informed" in client.needs
        words = "kept for clients who need trauma care"
        yield _line("trauma_informed", met, _yes(met), "yes", source, words)
    if rule.telehealth and client.telehealth is not None:
        words = "held by telehealth, which the client cannot use"
        yield _line("modality", client.telehealth, _yes(client.telehealth), "yes", source, words)


def times(cohort: Cohort, policy: PlacementPolicy, at: Situation, outside: int) -> Iterator[Line]:
    """Whether a cohort's hours suit. `outside` is how many minutes of its week are not within those
    at which the client can come."""
    client = at.client
    if client.windows and cohort.week:
        share = 1 - outside / cohort.weekly_minutes
        yield _line(
            "availability",
            share >= policy.availability.least_share,
            f"{share:.2f}",
            f">= {policy.availability.least_share:.2f}",
            policy.availability.source,
            f"only {int(share * 100)} % of its time is in the client's week",
        )
    elif client.windows and cohort.eligibility.evening:
        yield _line(
            "evening",
            comes_after(policy.eligibility.evening_minute, client.windows),
            "the client's hours",
            f"some after {policy.eligibility.evening_from}",
            policy.eligibility.source,
            "held in the evening, when the client cannot come",
        )


def _course(cohort: Cohort, policy: PlacementPolicy, at: Situation) -> Iterator[Line]:
    """Its weekly hours, and whether it still takes clients."""
    if cohort.phase_minutes is not None and at.level_minutes:
        yield _line(
            "weekly_hours",
            cohort.phase_minutes >= at.level_minutes,
            f"{cohort.phase_minutes} minutes a week",
            f">= {at.level_minutes}",
            policy.hours.source,
            f"begins with {hours(cohort.phase_minutes)} a week, and the client's level of care "
            f"asks for {hours(at.level_minutes)}",
        )
    if cohort.enrolment == "closed":
        began = cohort.began_at
        yield _line(
            "enrolment",
            began is None,
            "closed" if began is None else f"closed since {day(began, cohort)}",
            "open, or closed and not begun",
            policy.eligibility.source,
            "takes nobody after its first session",
        )


def _travel(cohort: Cohort, policy: PlacementPolicy, at: Situation) -> Iterator[Line]:
    minutes = at.travel.get(cohort.site_id)
    if minutes is not None and not cohort.eligibility.telehealth:
        stuck = bool(at.client.needs_transport)
        yield _line(
            "travel",
            not stuck and minutes <= policy.reach.travel_minutes,
            f"{minutes} minutes away" + (", transport needed" if stuck else ""),
            f"<= {policy.reach.travel_minutes}",
            policy.reach.source,
            f"{minutes} minutes away" + (", and the client needs transport" if stuck else ""),
        )


def outside_hours(at: Situation) -> Callable[[Cohort], int]:
    """Minutes of a cohort's week outside the hours at which the client said to be able to come; 0
    where nothing was said."""
    client = at.client
    if not client.windows or client.zone is None:
        return lambda cohort: 0
    hours_open, zone = opened(client.windows), ZoneInfo(client.zone)

    def outside(cohort: Cohort) -> int:
        return cohort.weekly_minutes - within(cohort.week, hours_open, zone)

    return outside


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


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _line(name: Rule, met: bool, observed: str, required: str, source: str, lacking: str) -> Line:
    return _criterion(name, met, observed, required, source), lacking


@lru_cache(maxsize=10_000)
def _criterion(name: Rule, met: bool, observed: str, required: str, source: str) -> Criterion:
    """Of many cohorts most have the same criteria: one object each, so that each is stored once."""
    return Criterion(name=name, met=met, observed=observed, required=required, source=source)
