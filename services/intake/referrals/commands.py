"""Following referrals to their end, and changing how a client is reached."""

from typing import Any
from uuid import UUID

from services.intake.directory.queries import today_at
from services.intake.matching.keys import phone_keys
from services.intake.referrals.checks import (
    discharge_that_counts,
    kept,
    require_belonging,
    require_possible_discharge,
)
from services.intake.referrals.policy import catalog
from services.intake.referrals.queries import (
    lock,
    own_phone,
    show_client,
    show_contact,
    show_referral,
)
from services.intake.referrals.rules import BY_STAFF, OPEN, Happening, after, moves
from services.intake.referrals.schemas import (
    Contact,
    ContactDetails,
    Referral,
    ReferralDetails,
    ReferralStateChange,
)
from shared.contracts.intake import ContactDetailsChanged, ReferralStateChanged
from shared.database import Transaction, together, update
from shared.errors import Conflict, Invalid, require_version
from shared.messaging.consumer import Received
from shared.messaging.outbox import publish

CHANGE_DETAILS = """
UPDATE referrals SET details = $2::text::jsonb, changed_at = $3, version = version + 1,
  starts_on = greatest(received_on, $4)
WHERE id = $1
"""
ADVANCE = """
WITH open AS (
  SELECT r.id, r.state AS from_state, m.to_state,
    ($4::timestamptz AT TIME ZONE s.time_zone)::date AS today
  FROM referrals r JOIN sites s ON s.id = r.site_id
  LEFT JOIN unnest($2::text[], $3::text[]) AS m(from_state, to_state) ON m.from_state = r.state
  WHERE r.id = open_referral_of($1)
  FOR NO KEY UPDATE OF r
)
UPDATE referrals AS r SET
  state = coalesce(open.to_state, r.state), changed_at = $4, version = r.version + 1,
  ended_at = CASE WHEN open.to_state = 'accepted' THEN $4::timestamptz END,
  first_screened_on = CASE WHEN $5 THEN coalesce(r.first_screened_on, open.today)
    ELSE r.first_screened_on END
FROM open
WHERE r.id = open.id AND (open.to_state IS NOT NULL OR ($5 AND r.first_screened_on IS NULL))
RETURNING r.client_id, r.site_id, r.id AS referral_id, open.from_state, open.to_state
"""
DROP_KEYS = "DELETE FROM match_keys WHERE client_id = $1 AND key = ANY($2::bigint[])"
ADD_KEYS = """
INSERT INTO match_keys (client_id, site_id, key)
SELECT $1, $2, key FROM unnest($3::bigint[]) AS k(key) ON CONFLICT DO NOTHING
"""


class ImpossibleStateChange(Conflict, title="Impossible change of state"):
    """The referral cannot come to that state from where it is."""


class ReasonDoesNotFit(Invalid):
    """The reason is missing, not asked for, or not one for that end."""


class ReferralEnded(Conflict, title="Referral has ended"):
    """The referral has come to its end."""


async def change_referral_state(
    tx: Transaction, referral_id: UUID, expected: int, change: ReferralStateChange
) -> Referral:
    """Say what became of a referral; publishes ReferralStateChanged.

    Raises:
        NotFound: no such referral.
        StaleVersion: somebody changed it meanwhile.
        ImpossibleStateChange: it cannot come to that state.
        ReasonDoesNotFit: an end needs a reason from the catalog for that end.
    """
    known = await lock(tx, show_referral, referral_id)
    require_version(known.version, expected)
    if after(known.state, BY_STAFF[change.state]) is None:
        raise ImpossibleStateChange(
            f"A referral that is {known.state} cannot become {change.state}.", pointer="/state"
        )
    fitting = [] if change.state == "contacted" else catalog().endings[change.state]
    if change.reason not in fitting and (fitting or change.reason is not None):
        raise ReasonDoesNotFit(
            f"Give one of: {', '.join(fitting)}." if fitting else "Give no reason here.",
            pointer="/reason",
        )
    changes = {
        "state": change.state,
        "reason": change.reason,
        "changed_at": tx.now,
        "ended_at": None if change.state in OPEN else tx.now,
    }
    await tx.execute(*update("referrals", changes, where={"id": referral_id}))
    publish(
        tx,
        ReferralStateChanged(
            client_id=known.client_id,
            site_id=known.site_id,
            referral_id=referral_id,
            from_state=known.state,
            to_state=change.state,
            reason=change.reason,
            changed_at=tx.now,
        ),
    )
    return known.changed(**changes)


async def change_referral_details(
    tx: Transaction, referral_id: UUID, expected: int, new: ReferralDetails
) -> Referral:
    """Note what the referrer tells now, such as another planned discharge; the clock follows it.

    Raises:
        NotFound: no such referral.
        ReferralEnded: there is nothing to be changed any more.
        StaleVersion: somebody changed it meanwhile.
        DetailsDoNotBelong, ImpossibleDischarge: what the referrer told does not fit.
    """
    known = await lock(tx, show_referral, referral_id)
    require_version(known.version, expected)
    if known.state not in OPEN:
        raise ReferralEnded("The referral has ended; what was told of it stays as it is.")
    require_belonging(known.source, new.details)
    require_possible_discharge(new.details, await today_at(tx, known.site_id))
    starts_on = discharge_that_counts(known.source, new.details)
    await tx.execute(CHANGE_DETAILS, referral_id, kept(new.details), tx.now, starts_on)
    return known.changed(details=new.details, changed_at=tx.now)


async def advance(
    tx: Transaction,
    client_id: UUID,
    happening: Happening,
    *,
    cause: Received[Any] | None = None,
) -> None:
    """Bring the client's open referral forward by what was done: `reached`, `screened` (at
    intake), `assessed` (a level of care was signed), `enrolled`; publishes ReferralStateChanged.

    One statement; nothing happens where no referral is open or it has come further already. The
    first screening stops its part of the clock. Call it while the client is locked.
    """
    table = moves(happening)
    moved = await tx.fetchrow(
        ADVANCE, client_id, list(table), list(table.values()), tx.now, happening == "screened"
    )
    if moved is not None and moved["to_state"] is not None:
        told = ReferralStateChanged(**dict(moved), reason=None, changed_at=tx.now)
        publish(tx, told, cause=cause)


async def change_contact(
    tx: Transaction, client_id: UUID, expected: int, contact: ContactDetails
) -> Contact:
    """Change how a client is reached; publishes ContactDetailsChanged.

    Raises:
        NotFound: no such client.
        ClientMerged: another client goes on for this one.
        StaleVersion: somebody changed it meanwhile.
    """
    client = await show_client(tx, client_id, lock=True)
    known = await show_contact(tx, client_id)
    require_version(known.version, expected)
    before, now = phone_keys(await own_phone(tx, client_id)), phone_keys(contact.phone)
    changes = {**contact.model_dump(), "changed_at": tx.now}
    await tx.execute(
        *together(
            (DROP_KEYS, client_id, [key for key in before if key not in now]),
            (ADD_KEYS, client_id, client.site_id, now),
            update("contacts", changes, where={"client_id": client_id}),
        )
    )
    tell_contact(tx, client_id, client.site_id, contact)
    return known.changed(**changes, client_id=client_id, site_id=client.site_id)


def tell_contact(tx: Transaction, client_id: UUID, site_id: UUID, contact: ContactDetails) -> None:
    """Publish ContactDetailsChanged."""
    publish(
        tx,
        ContactDetailsChanged(
            client_id=client_id,
            site_id=site_id,
            channel=contact.channel,
            email=contact.email,
            phone=contact.phone,
            time_zone=contact.time_zone,
            preferred=contact.preferred,
            changed_at=tx.now,
        ),
    )
