"""In which language a client reads, as intake tells of it."""

from collections.abc import Iterable

from shared.contracts.intake import PreferencesChanged
from shared.database import Columns, Transaction

READERS = Columns.of(client_id="uuid", site_id="uuid", language="text", changed_at="timestamptz")
KEEP = f"""
INSERT INTO client_languages ({READERS.names}) SELECT * FROM {READERS.rows}
ON CONFLICT (client_id) DO UPDATE SET {READERS.updates("client_id")}
WHERE client_languages.changed_at <= excluded.changed_at
"""  # noqa: S608 - the columns are above


async def keep_languages(tx: Transaction, told: Iterable[PreferencesChanged]) -> None:
    """Keep the language that each client stated last."""
    latest = {one.client_id: one for one in sorted(told, key=lambda one: one.changed_at)}
    await tx.execute(KEEP, *READERS.arrays(latest[key] for key in sorted(latest)))
