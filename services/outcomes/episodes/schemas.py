"""Of whom something is: in answers, and in what lists are asked for."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.outcomes.directory.schemas import OneSite
from shared.web import Shown


class OfStay(Shown):
    """What is of a stay of a client."""

    client_id: UUID
    site_id: UUID
    enrolment_id: UUID


class Whose:
    """Of which client a list is, by all records of the person, and of which site; None: of all."""

    def __init__(
        self,
        client_id: Annotated[UUID | None, Query(description="Of one client only.")] = None,
        site_id: OneSite = None,
    ) -> None:
        self.asked = (
            ("client_id = ANY ((SELECT platform.records_of(?))::uuid[])", client_id),
            ("site_id = ?", site_id),
        )
        """The conditions of the list, for `shared.web.page`."""


AskedFor = Annotated[Whose, Depends()]
"""A route's parameter by which it shows what is of some alone."""
