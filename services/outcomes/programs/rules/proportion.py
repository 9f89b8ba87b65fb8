"""The limits of a share."""

from math import sqrt

from services.outcomes.programs.rules.survival import Z


def wilson(count: int, total: int) -> tuple[float, float]:
    """The 95 % limits of a share after Wilson (J. Am. Stat. Assoc. 1927;22:209): of 0 it begins at
    0, of all it ends at 1. There are none of a share of nothing."""
    share, square = count / total, Z * Z
    middle = (share + square / (2 * total)) / (1 + square / total)
    spread = Z * sqrt(share * (1 - share) / total + square / (4 * total**2)) / (1 + square / total)
    low = 0.0 if count == 0 else middle - spread
    high = 1.0 if count == total else middle + spread
    return low, high
