"""The data of the directory, read once from `data/`."""

from pydantic import Field

from shared.datafiles import DataFile, data_file


class TravelPolicy(DataFile):
    """How roads between sites are assumed to be: so many kilometers of road for one of the straight
    line, at so many kilometers an hour, and minutes that every way takes beside."""

    detour: float = Field(ge=1)
    kilometers_an_hour: float = Field(gt=0)
    minutes_beside: int = Field(ge=0)


travel_policy = data_file(TravelPolicy, __name__, "travel")
"""The estimate in force."""
