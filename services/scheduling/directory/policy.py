"""The data of the directory, read once from `data/`."""

from pydantic import Field

from services.scheduling.directory.rules import Travel
from shared.datafiles import Part, data_file


class TravelPolicy(Part):
    """How long ways between sites are taken to be."""

    id: str
    version: str
    source: str
    detour: float = Field(ge=1)
    kilometers_an_hour: float = Field(gt=0)
    minutes_beside: int = Field(ge=0)

    @property
    def travel(self) -> Travel:
        return Travel(self.detour, self.kilometers_an_hour, self.minutes_beside)


travel_policy = data_file(TravelPolicy, __name__, "travel")
"""The estimate in force."""
