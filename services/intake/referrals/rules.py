"""Who can be taken as a client, and the states of a referral, as a table."""

from datetime import date
from typing import Literal

from shared.contracts.intake import ReferralState

OLDEST_YEARS = 120
"""A birth date further back is a slip of the pen."""


def age_on(birth_date: date, day: date) -> int:
    """Whole years of life completed on `day`; negative before birth.

    Somebody born on 29 February completes a year on 1 March of other years.
    """
    before_birthday = (day.month, day.day) < (birth_date.month, birth_date.day)
    return day.year - birth_date.year - before_birthday


def is_possible_birth_date(birth_date: date, day: date) -> bool:
    """Whether somebody alive on `day` can be born on `birth_date`."""
    return 0 <= age_on(birth_date, day) <= OLDEST_YEARS


Happening = Literal["reached", "screened", "assessed", "enrolled", "redirect", "decline", "lose"]

NEXT: dict[ReferralState, dict[Happening, ReferralState]] = {
    "received": {
        "reached": "contacted",
        "screened": "screening",
        "assessed": "assessed",
        "enrolled": "accepted",
        "redirect": "redirected",
        "decline": "declined",
        "lose": "lost",
    },
    "contacted": {
        "screened": "screening",
        "assessed": "assessed",
        "enrolled": "accepted",
        "redirect": "redirected",
        "decline": "declined",
        "lose": "lost",
    },
    "screening": {
        "assessed": "assessed",
        "enrolled": "accepted",
        "redirect": "redirected",
        "decline": "declined",
        "lose": "lost",
    },
    "assessed": {
        "enrolled": "accepted",
        "redirect": "redirected",
        "decline": "declined",
        "lose": "lost",
    },
    "accepted": {},
    "redirected": {},
    "declined": {},
    "lost": {},
}
"""State → what happens → next state. What is not listed cannot happen; what comes to pass without
a step before it, such as a screening of somebody who walked in, leaves that step out."""

BY_STAFF: dict[ReferralState, Happening] = {
    "contacted": "reached",
    "redirected": "redirect",
    "declined": "decline",
    "lost": "lose",
}
"""The states that a person sets; the others follow from what is done for the client."""

OPEN: tuple[ReferralState, ...] = tuple(state for state, after in NEXT.items() if after)
"""The states in which a referral is under way."""


def after(state: ReferralState, happening: Happening) -> ReferralState | None:
    """The state that follows, or None when it cannot happen."""
    return NEXT[state].get(happening)


def moves(happening: Happening) -> dict[ReferralState, ReferralState]:
    """From which state to which `happening` leads."""
    return {state: to[happening] for state, to in NEXT.items() if happening in to}
