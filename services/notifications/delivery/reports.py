"""What providers told of messages, and what follows for these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.notifications.delivery.due import Due, Result
from services.notifications.delivery.policy import meaning_of
from services.notifications.delivery.results import ended, postponed, redirected, write_results
from services.notifications.delivery.rules import conclusion
from services.notifications.opt_outs.commands import stop_address
from shared.database import Columns, Transaction

READ = """
SELECT r.notification_id, r.provider_id, r.status, r.error_code, h.address
FROM delivery_reports r LEFT JOIN handovers h ON h.notification_id = r.notification_id
WHERE r.notification_id = ANY ($1::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Report:
    """The key of a report."""

    notification_id: UUID
    provider_id: str
    status: str


KEYS = Columns.like(Report)
APPLIED = f"""
UPDATE delivery_reports r SET applied = true FROM {KEYS.rows}
WHERE (r.notification_id, r.provider_id, r.status)
  = (given.notification_id, given.provider_id, given.status) AND NOT r.applied
"""  # noqa: S608 - the columns are above


async def conclude(tx: Transaction, some: Sequence[Due], states: Mapping[UUID, str]) -> None:
    """Write what the reports on these messages come to; the messages are locked.

    Reports on what was handed over before the last time are passed over. Where a message did not
    arrive another way is taken, if there is one and it is still of use; if only the provider was at
    fault it is tried again.
    """
    if not some:
        return
    found = await tx.fetch(READ, [due.id for due in some])
    results: list[Result] = []
    for due in some:
        mine = [
            row
            for row in found
            if (row["notification_id"], row["provider_id"]) == (due.id, due.provider_id)
        ]
        end = conclusion(states[due.id], {row["status"] for row in mine})
        if end == "bounced":
            bounced = next(row for row in mine if row["status"] == "bounced")
            results.append(
                await _bounced(tx, due, states[due.id], bounced["error_code"], bounced["address"])
            )
        elif end is not None:
            results.append(ended(tx, due, end, tx.now))
    await write_results(tx, results)
    keys = [Report(row["notification_id"], row["provider_id"], row["status"]) for row in found]
    await tx.execute(APPLIED, *KEYS.arrays(keys))


async def _bounced(
    tx: Transaction, due: Due, state: str, code: int | None, address: str | None
) -> Result:
    meaning, way = meaning_of(code), due.sent_by or due.channel
    if (meaning == "opted_out" or meaning == "unreachable") and address is not None:
        await stop_address(tx, way, address, meaning, "provider")
    if state == "sent" and tx.now < due.expires_at:
        if meaning == "later":
            return postponed(due, due.next_attempt(tx.now), tx.now)
        if due.way_besides(way):
            return redirected(due, tx.now, way)
    return ended(tx, due, "bounced", tx.now)
