"""How sure a share is."""

from math import sqrt

Z_95 = 1.959963984540054
"""The quantile of the normal distribution for a two-sided interval of 95 %."""


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 95 % limits of a share, in percent (Wilson 1927, score interval, not corrected)."""
    share, spread = part / whole, Z_95**2 / whole
    middle = (share + spread / 2) / (1 + spread)
    half = Z_95 * sqrt(share * (1 - share) / whole + spread / (4 * whole)) / (1 + spread)
    return 100 * max(0.0, middle - half), 100 * min(1.0, middle + half)
