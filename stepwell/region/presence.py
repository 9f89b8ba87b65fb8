"""Who comes to which session: a rate of one's own, and misses that come in runs."""

from random import Random

from stepwell.region.plan import SessionPlan, Status
from stepwell.region.rates import Rates

SESSION_MINUTES = 180


def own_rate(rates: Rates, rng: Random) -> float:
    """A client's long-run share of sessions attended, reminders included.

    Beta-distributed with the mean and spread between clients that the rates give.
    """
    mean, sd = rates.attendance.mean, rates.attendance.sd_between_clients
    size = mean * (1 - mean) / sd**2 - 1
    drawn = rng.betavariate(mean * size, (1 - mean) * size)
    return min(drawn + rates.attendance.reminder_gain, 0.995)


def miss_after_attending(rate: float, odds: float) -> float:
    """Probability of a miss after an attended session, so that `rate` is kept in the long run.

    After a miss the odds are `odds` times as high. With p the answer and q the probability after a
    miss, the share of misses m solves m = (1 - m) p + m q.
    """
    misses = 1 - rate
    low, high = 0.0, misses
    for _ in range(40):
        p = (low + high) / 2
        if (1 - misses) * p + misses * after_miss(p, odds) > misses:
            high = p
        else:
            low = p
    return low


def after_miss(p: float, odds: float) -> float:
    """The probability with `odds` times the odds of `p`."""
    raised = odds * p / (1 - p)
    return raised / (1 + raised)


def presence(
    rates: Rates, rng: Random, *, rate: float, sessions: int, until: int | None = None
) -> tuple[SessionPlan, ...]:
    """What becomes of each session. From the session `until` on the client no longer comes."""
    odds = rates.attendance.odds_of_a_miss_after_a_miss
    after_attending = miss_after_attending(rate, odds)
    missed = False
    found = []
    for number in range(sessions):
        p = after_miss(after_attending, odds) if missed else after_attending
        gone = until is not None and number >= until
        missed = gone or rng.random() < p
        found.append(SessionPlan("no_show") if gone else _one(rates, rng, missed=missed))
    return tuple(found)


def _one(rates: Rates, rng: Random, *, missed: bool) -> SessionPlan:
    if missed:
        kinds: dict[Status, float] = {
            "no_show": rates.misses.no_show,
            "late_cancel": rates.misses.late_cancel,
            "excused_absence": rates.misses.excused_absence,
        }
        return SessionPlan(rng.choices(list(kinds), list(kinds.values()))[0])
    if rng.random() < rates.partial.share_of_attended:
        return SessionPlan(
            "partial", rng.randrange(rates.partial.credited_from_minutes, SESSION_MINUTES - 15, 5)
        )
    return SessionPlan("present")
