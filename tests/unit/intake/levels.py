"""Policies and ratings for the tests of the level of care."""

from hypothesis import strategies as st

from services.intake.level_of_care.policy import policies

POLICY, FOURTH = policies()["3"], policies()["4"]


def ratings(text: str) -> dict[str, int]:
    """Dimension by dimension, from 1 on."""
    return {str(n): int(digit) for n, digit in enumerate(text, 1)}


RATED = st.lists(st.integers(0, 4), min_size=6, max_size=6).map(
    lambda rated: {str(n): rating for n, rating in enumerate(rated, 1)}
)
SHIPPED = st.sampled_from([POLICY, FOURTH])
