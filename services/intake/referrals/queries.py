"""Clients, their referrals and how they are reached."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID

import orjson
from asyncpg import Record

from services.intake.matching.names import words_of
from services.intake.referrals.schemas import (
    Client,
    Contact,
    IdentityCorrection,
    NameSearch,
    Referral,
)
from shared.contracts.intake import ReferralState
from shared.database import Overtaken, Transaction, names, select
from shared.errors import Conflict, found
from shared.web import Page, Paging, page_of

T = TypeVar("T")
CLIENT = f"{select(Client, 'clients')} WHERE id = $1"
CLIENTS = f"""
{select(Client, "clients")}
WHERE id > $1 AND ($2::uuid IS NULL OR site_id = $2) AND ($4 OR merged_into IS NULL)
ORDER BY id LIMIT $3
"""
NAMED = f"""
{select(Client, "clients")}
WHERE id = ANY ($1::uuid[]) AND id > $2 AND ($3::uuid IS NULL OR site_id = $3) ORDER BY id LIMIT $4
"""
CORRECTIONS = f"""
{select(IdentityCorrection, "identity_corrections")}
WHERE client_id = ANY (platform.records_of($1)) AND id > $2 ORDER BY id LIMIT $3
"""
CONTACT = """
SELECT $1::uuid AS client_id, site_id, channel, email, phone, time_zone, preferred,
  changed_at, (sum(version) OVER ())::integer AS version
FROM contacts WHERE client_id = ANY (platform.records_of($1))
ORDER BY changed_at DESC, array_position(platform.records_of($1), client_id) LIMIT 1
"""
"""Of what was entered for the records of a person the latest counts, and every change of any."""
PHONE = "SELECT phone FROM contacts WHERE client_id = $1 FOR UPDATE"
MERGED = "This client was merged: go on with the one named in merged_into."
LOCK = """
SELECT platform.survivor_of(id) <> coalesce(merged_into, id) AS overtaken
FROM clients WHERE id = ANY (platform.records_of($1)) ORDER BY id FOR NO KEY UPDATE
"""
"""Whoever waited finds the rows as they are now, and merges as they were before."""
SURVIVOR = """
SELECT coalesce(s.id, c.id) AS id, coalesce(s.site_id, c.site_id) AS site_id,
  c.merged_into IS NOT NULL AS merged
FROM clients c LEFT JOIN clients s ON s.id = c.merged_into WHERE c.id = $1
"""
EXISTS = "SELECT true FROM clients WHERE id = $1"
REFERRALS = """
SELECT id, client_id, site_id, coalesce(referrer, CASE source WHEN 'hospital' THEN 'inpatient'
    WHEN 'provider' THEN 'physician' ELSE source END) AS source, details, state, reason,
  received_at, coalesce(changed_at, received_at) AS changed_at, ended_at, version
FROM referrals
"""
"""A process of the release before writes neither the referrer nor the instant of a change."""
REFERRAL = f"{REFERRALS} WHERE id = $1"
OF_CLIENT = f"""
{REFERRALS}
WHERE client_id = ANY (platform.records_of($1)) AND id > $2 ORDER BY id LIMIT $3
"""
EACH_SITE = """
SELECT listed.* FROM sites s CROSS JOIN LATERAL ({}) AS listed
WHERE $2::uuid IS NULL OR s.id = $2 ORDER BY listed.{} LIMIT $3
"""
"""Reads a page of each of the caller's sites from an index that begins with the site."""
UNDER_WAY = EACH_SITE.format(
    f"{REFERRALS} WHERE site_id = s.id AND ended_at IS NULL AND id > $1 ORDER BY id LIMIT $3", "id"
)
IN_STATE = EACH_SITE.format(
    f"{REFERRALS} WHERE site_id = s.id AND state = $4 AND id > $1 ORDER BY id LIMIT $3", "id"
)
BY_NAME = f"""
SELECT c.* FROM sites s CROSS JOIN LATERAL (
  SELECT {names(Client)}, listed_as FROM clients
  WHERE site_id = s.id AND listed_as >= $1 AND listed_as < $2 AND (listed_as, id) > ($3, $4)
    AND ($7 OR merged_into IS NULL)
  ORDER BY listed_as, id LIMIT $6
) AS c
WHERE $5::uuid IS NULL OR s.id = $5 ORDER BY c.listed_as, c.id LIMIT $6
"""  # noqa: S608 - constants only
BEYOND = "\U0010ffff"
"""Sorts behind everything that a folded name begins with."""


class ClientMerged(Conflict, title="Client was merged"):
    """The client was merged into another one, which goes on for both."""


@dataclass(frozen=True, slots=True)
class Survivor:
    """Who goes on for a record, and whether that was merged."""

    id: UUID
    site_id: UUID
    merged: bool


class OfClient(Protocol):
    """Something that is kept of one client."""

    @property
    def client_id(self) -> UUID: ...


K = TypeVar("K", bound=OfClient)


async def show_client(
    tx: Transaction, client_id: UUID, *, lock: bool = False, begins: bool = False
) -> Client:
    """One client; with `lock` as by `lock_client`, for what is to be done with the client; with
    `begins` for what begins something that need not wait for others.

    Raises:
        NotFound: none that the caller may see.
        ClientMerged: to be locked or to begin with, and another client goes on for this one.
    """
    row = await tx.fetchrow(f"{CLIENT} FOR NO KEY UPDATE" if lock else CLIENT, client_id)
    client = Client.from_row(found(row, "client"))
    if (lock or begins) and client.merged_into is not None:
        raise ClientMerged(MERGED)
    return client


async def lock_client(tx: Transaction, client_id: UUID) -> None:
    """Let nobody else screen at intake, rate, admit, discharge or merge the client until the
    commit, by whichever record of the person the caller may see.

    Each of them rests on what the others last did. What only refers to the client goes on.

    Raises:
        Overtaken: the client was merged, or a merge was undone, while this waited.
    """
    if any(row["overtaken"] for row in await tx.fetch(LOCK, client_id)):
        raise Overtaken


async def lock(
    tx: Transaction, show: Callable[[Transaction, UUID], Awaitable[K]], kept_id: UUID
) -> K:
    """What `show` tells of something that is kept of a client, as the last change left it, while
    nobody else does anything for the client: it is read to know whom to lock, and then again.

    Raises:
        NotFound: none that the caller may see.
    """
    await lock_client(tx, (await show(tx, kept_id)).client_id)
    return await show(tx, kept_id)


async def survivor_of(tx: Transaction, client_id: UUID) -> Survivor:
    """The client that goes on for a record, and its site: what is under way is finished for it.

    The record itself where it was not merged, or where the other is none of the caller's.

    Raises:
        NotFound: none that the caller may see.
    """
    return Survivor(**dict(found(await tx.fetchrow(SURVIVOR, client_id), "client")))


async def require_client(tx: Transaction, client_id: UUID) -> None:
    """Tell a client about whom nothing is known from one that does not exist.

    Raises:
        NotFound: none that the caller may see.
    """
    found(await tx.fetchval(EXISTS, client_id), "client")


async def page_of_client(
    tx: Transaction, query: str, client_id: UUID, paging: Paging, shown: Callable[[Record], T]
) -> Page[T]:
    """A part of what is kept of a client; `query` takes the client, the last id shown before, and
    how many rows it reads at most.

    Raises:
        NotFound: no such client.
    """
    rows = await tx.fetch(query, client_id, paging.after, paging.limit + 1)
    if not rows:
        await require_client(tx, client_id)
    return page_of([shown(row) for row in rows], paging.limit)


async def list_clients(
    tx: Transaction,
    paging: Paging,
    site_id: UUID | None,
    *,
    merged: bool = False,
    ids: Sequence[UUID] = (),
) -> Page[Client]:
    """The clients the caller may see, oldest first; also those that were merged with `merged`. With
    `ids` just those of them, merged or not: whoever shows a list of ids can say who they are."""
    if ids:
        rows = await tx.fetch(NAMED, ids, paging.after, site_id, paging.limit + 1)
    else:
        rows = await tx.fetch(CLIENTS, paging.after, site_id, paging.limit + 1, merged)
    return page_of([Client.from_row(row) for row in rows], paging.limit)


async def list_by_name(tx: Transaction, search: NameSearch) -> Page[Client]:
    """The clients the caller may see whose family name, or only name, begins so, by name."""
    begins = "".join(words_of(search.name_begins))
    among = (begins, begins + BEYOND, *search.place(), search.site_id)
    rows = await tx.fetch(BY_NAME, *among, search.limit + 1, search.merged)
    places = {row["id"]: row["listed_as"] for row in rows}
    clients = [Client.from_row(row) for row in rows]
    return page_of(clients, search.limit, lambda one: f"{one.id} {places[one.id]}")


async def list_identity_corrections(
    tx: Transaction, client_id: UUID, paging: Paging
) -> Page[IdentityCorrection]:
    """What was known of a client before each correction, oldest first.

    Raises:
        NotFound: none that the caller may see.
    """
    return await page_of_client(tx, CORRECTIONS, client_id, paging, IdentityCorrection.from_row)


async def show_contact(tx: Transaction, client_id: UUID) -> Contact:
    """How a client is reached: by what was entered last for any record of the person.

    Raises:
        NotFound: none that the caller may see.
    """
    return Contact.from_row(found(await tx.fetchrow(CONTACT, client_id), "client"))


async def own_phone(tx: Transaction, client_id: UUID) -> str | None:
    """The number entered for just this record, by which it is found; nobody else changes it until
    the commit."""
    phone: str | None = await tx.fetchval(PHONE, client_id)
    return phone


async def show_referral(tx: Transaction, referral_id: UUID) -> Referral:
    """One referral.

    Raises:
        NotFound: none that the caller may see.
    """
    return _referral(found(await tx.fetchrow(REFERRAL, referral_id), "referral"))


async def referrals_of(tx: Transaction, client_id: UUID, paging: Paging) -> Page[Referral]:
    """A client's referrals, oldest first.

    Raises:
        NotFound: no such client.
    """
    return await page_of_client(tx, OF_CLIENT, client_id, paging, _referral)


async def list_referrals(
    tx: Transaction, paging: Paging, site_id: UUID | None, state: ReferralState | None = None
) -> Page[Referral]:
    """The referrals in a state, or those that have not ended, oldest first."""
    arguments = (paging.after, site_id, paging.limit + 1)
    if state is None:
        rows = await tx.fetch(UNDER_WAY, *arguments)
    else:
        rows = await tx.fetch(IN_STATE, *arguments, state)
    return page_of([_referral(row) for row in rows], paging.limit)


def _referral(row: Record) -> Referral:
    told = None if row["details"] is None else orjson.loads(row["details"])
    return Referral.model_validate({**dict(row), "details": told})
