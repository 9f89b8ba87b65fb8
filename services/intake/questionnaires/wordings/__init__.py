"""The wordings that we ship: labels and introductions beside the texts in the instruments."""

from functools import cache

from services.intake.questionnaires.rules.wording import ShippedWording
from shared.datafiles import read_all


@cache
def shipped_wordings() -> dict[tuple[str, str, str], ShippedWording]:
    """By instrument, version and language."""
    found = read_all(ShippedWording, __package__, "wordings").values()
    return {(one.instrument, one.version, one.language): one for one in found}


shipped_wordings()  # read at once, so that data that cannot be read keep the service from starting
