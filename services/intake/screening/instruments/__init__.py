"""The instruments: data with a version and a source, read once and checked.

Wording is not part of the data where a permission is needed to show it.
"""

from functools import cache

from services.intake.screening.instruments.instrument import Instrument
from services.intake.screening.instruments.parts import Item
from shared.datafiles import DataFileInvalid, read_all

__all__ = ["Instrument", "Item", "instruments", "newest"]


@cache
def instruments() -> dict[tuple[str, str], Instrument]:
    """All known instruments by id and version.

    Raises:
        DataFileInvalid: a file cannot be used, or two say how to score the same version.
    """
    found: dict[tuple[str, str], Instrument] = {}
    for name, one in read_all(Instrument, __package__, "instruments").items():
        if (one.id, one.version) in found:
            raise DataFileInvalid(name, 1, f"{one.id} {one.version} is in another file already")
        found[one.id, one.version] = one
    return found


def newest(instrument_id: str) -> Instrument | None:
    """The last version of an instrument; None when there is none of that name."""
    known = [one for (name, _), one in instruments().items() if name == instrument_id]
    return max(known, key=lambda one: [int(p) for p in one.version.split(".")], default=None)


instruments()  # read at once, so that data that cannot be read keep the service from starting
