"""What day it is at a site."""

from shared.calendar import day_at

__all__ = ["day_at"]
