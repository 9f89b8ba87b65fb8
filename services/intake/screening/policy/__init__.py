"""The instruments: data with a version and a source, read once and checked.

Wording is not part of the data where a permission is needed to show it.
"""

from services.intake.screening.policy.instrument import Instrument
from services.intake.screening.policy.parts import Item
from shared.datafiles import DataFileInvalid, data_folder

__all__ = ["Instrument", "Item", "instruments"]


def by_id_and_version(found: dict[str, Instrument]) -> dict[tuple[str, str], Instrument]:
    """The instruments by id and version.

    Raises:
        DataFileInvalid: two files say how to score the same version.
    """
    known: dict[tuple[str, str], Instrument] = {}
    for name, one in found.items():
        if (one.id, one.version) in known:
            raise DataFileInvalid(name, 1, f"{one.id} {one.version} is in another file already")
        known[one.id, one.version] = one
    return known


instruments = data_folder(Instrument, __name__, "instruments", by_id_and_version)
"""All known instruments by id and version."""
