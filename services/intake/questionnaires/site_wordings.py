"""Wordings of sites: entered and replaced by the site, in force before the one that we ship."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.intake.questionnaires.policy import policy, shipped_wordings
from services.intake.questionnaires.refusals import WordingIncomplete
from services.intake.questionnaires.rules.wording import Wording, gaps, shipped
from services.intake.questionnaires.wording_schemas import NewWording, SiteWording
from services.intake.screening.policy import Instrument, instruments
from shared.database import Transaction, insert
from shared.errors import NotFound, require_version

SITE = "SELECT true FROM sites WHERE id = $1"
IN_FORCE = """
SELECT instrument, instrument_version, wording FROM wordings
WHERE site_id = $1 AND language = $2 AND instrument = ANY ($3)
"""
ONE = """
SELECT wording, permission, changed_by, changed_at, version FROM wordings
WHERE site_id = $1 AND instrument = $2 AND instrument_version = $3 AND language = $4
"""
REPLACE = """
ON CONFLICT (site_id, instrument, instrument_version, language) DO UPDATE
SET wording = excluded.wording, permission = excluded.permission,
  changed_by = excluded.changed_by, changed_at = excluded.changed_at,
  version = wordings.version + 1
WHERE wordings.version = excluded.version - 1
RETURNING version
"""
"""Writes nothing where another version is there than the one that was read."""


async def wordings_in_force(
    tx: Transaction, site_id: UUID, language: str, asked: Sequence[Instrument]
) -> list[Wording | None]:
    """The wording of each instrument: the site's, else ours, else None."""
    rows = await tx.fetch(IN_FORCE, site_id, language, [one.id for one in asked])
    own = {(row["instrument"], row["instrument_version"]): row["wording"] for row in rows}
    return [
        Wording.model_validate_json(own[one.id, one.version])
        if (one.id, one.version) in own
        else _shipped(one, language)
        for one in asked
    ]


async def show_wording(
    tx: Transaction, site_id: UUID, name: str, version: str, language: str
) -> SiteWording:
    """The wording in force at a site; version 0 where the site has none of its own.

    Raises:
        NotFound: no such site among the caller's, or no such instrument.
    """
    instrument = instruments().get((name, version))
    if instrument is None or not await tx.fetchval(SITE, site_id):
        raise NotFound("There is no such site among yours, or no such instrument.")
    row = await tx.fetchrow(ONE, site_id, name, version, language)
    known: dict[str, Any]
    if row is None:
        ours = _shipped(instrument, language)
        known = {
            "source": "missing" if ours is None else "shipped",
            "wording": ours,
            "permission": None if ours is None else instrument.licence,
            "changed_by": None,
            "changed_at": None,
            "version": 0,
        }
    else:
        own = Wording.model_validate_json(row["wording"])
        known = {**row, "source": "site", "wording": own}
    of_it = {"instrument": name, "instrument_version": version, "language": language}
    return SiteWording.from_row({"site_id": site_id, **of_it, **known})


async def change_wording(
    tx: Transaction,
    site_id: UUID,
    name: str,
    version: str,
    language: str,
    expected: int,
    new: NewWording,
    *,
    changed_by: str,
) -> SiteWording:
    """Let a site ask in its own words; `expected` is 0 for its first wording.

    Raises:
        NotFound: no such site among the caller's, or no such instrument.
        WordingIncomplete: a form could not be answered, with a pointer.
        StaleVersion: somebody changed it meanwhile.
    """
    known = await show_wording(tx, site_id, name, version, language)
    require_version(known.version, expected)
    instrument = instruments()[name, version]
    for pointer in gaps(instrument, new, policy().most_choices):
        raise WordingIncomplete(_needs(instrument, pointer), pointer=pointer)
    row = {
        "site_id": site_id,
        "instrument": name,
        "instrument_version": version,
        "language": language,
        "wording": new.model_dump_json(exclude={"permission"}),
        "permission": new.permission,
        "changed_by": changed_by,
        "changed_at": tx.now,
        "version": expected + 1,
    }
    written = await tx.fetchval(*insert("wordings", row, suffix=REPLACE))
    require_version(-1 if written is None else written, expected + 1)
    return await show_wording(tx, site_id, name, version, language)


def _shipped(instrument: Instrument, language: str) -> Wording | None:
    words = shipped_wordings().get((instrument.id, instrument.version, language))
    ours = shipped(instrument, language, words, policy().most_choices)
    return None if gaps(instrument, ours, policy().most_choices) else ours


def _needs(instrument: Instrument, pointer: str) -> str:
    if pointer == "/items":
        return f"{instrument.title} has {len(instrument.items)} items, in its order."
    values = instrument.items[int(pointer.split("/")[2])].values
    needed = f"{min(values)} to {max(values)}" if len(values) > policy().most_choices else ""
    return (
        f"Label the ends of {needed}, and no other values."
        if needed
        else f"Label each of {', '.join(map(str, values))}, and nothing else."
    )
