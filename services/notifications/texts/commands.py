"""In which language a client reads, as intake tells of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.database import Columns, Transaction


@dataclass(frozen=True, slots=True)
class Reader:
    """The language a client reads, as a BCP 47 tag, since `changed_at`."""

    client_id: UUID
    site_id: UUID
    language: str
    changed_at: datetime


READERS = Columns.like(Reader)
KEEP = f"""
INSERT INTO client_languages ({READERS.names}) SELECT * FROM {READERS.rows}
ON CONFLICT (client_id) DO UPDATE SET {READERS.updates("client_id")}
WHERE client_languages.changed_at <= excluded.changed_at
"""  # noqa: S608 - the columns are above


async def keep_languages(tx: Transaction, told: Iterable[Reader]) -> None:
    """Keep the language that each client stated last."""
    latest = {one.client_id: one for one in sorted(told, key=lambda one: one.changed_at)}
    await tx.execute(KEEP, *READERS.arrays(latest[key] for key in sorted(latest)))
