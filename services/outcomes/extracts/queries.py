"""Extracts as they are read."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import orjson

from services.outcomes.extracts.schemas import Extract
from shared.database import Database, Transaction, select
from shared.database.transaction import Sites
from shared.errors import NotFound, found
from shared.web import Page, Paging, page

SELECT = select(Extract, "extracts")
PARTS = """
SELECT e.state, f ->> 'media_type' AS media_type, f ->> 'bytes' AS bytes
FROM extracts e LEFT JOIN LATERAL jsonb_array_elements(e.files) AS f ON f ->> 'name' = $2
WHERE e.id = $1
"""
PART = "SELECT content FROM extract_parts WHERE extract_id = $1 AND name = $2 AND number = $3"


class ExtractNotThere(NotFound, title="No such file"):
    """It is not made yet, its files are deleted, or there is no such file."""


async def show_extract(tx: Transaction, extract_id: UUID) -> Extract:
    """One extract.

    Raises:
        NotFound: none all of whose sites the caller may see.
    """
    return _read(found(await tx.fetchrow(f"{SELECT} WHERE id = $1", extract_id), "extract"))


async def list_extracts(tx: Transaction, paging: Paging) -> Page[Extract]:
    """Extracts, oldest first."""
    return await page(tx, SELECT, paging, _read)


async def file_of(tx: Transaction, extract_id: UUID, name: str) -> tuple[str, int]:
    """Media type and size of a file.

    Raises:
        NotFound: none all of whose sites the caller may see.
        ExtractNotThere: with why.
    """
    row = found(await tx.fetchrow(PARTS, extract_id, name), "extract")
    if row["state"] != "made":
        raise ExtractNotThere(f"This extract is {row['state']}.")
    if row["media_type"] is None:
        raise ExtractNotThere("It has no file of this name.")
    return row["media_type"], int(row["bytes"])


async def pieces_of(
    database: Database, sites: Sites, extract_id: UUID, name: str
) -> AsyncIterator[bytes]:
    """The content of a file, piece by piece."""
    number = 0
    while True:
        piece = await database.run(
            sites,
            lambda tx, n=number: tx.fetchval(PART, extract_id, name, n),  # type: ignore[misc]
        )
        if piece is None:
            return
        yield bytes(piece)
        number += 1


def _read(row: Any) -> Extract:
    return Extract(**{**dict(row), "files": orjson.loads(row["files"])})
