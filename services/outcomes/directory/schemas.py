"""Which sites something is asked of."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

OneSite = Annotated[UUID | None, Query(description="Of one site only.")]


@dataclass(frozen=True, slots=True)
class Area:
    """Which of the caller's sites are asked for; None: all."""

    site_id: OneSite = None
    region_id: Annotated[UUID | None, Query(description="Sites of one region only.")] = None


AskedArea = Annotated[Area, Depends()]
"""A route's parameter by which it shows an area alone."""
