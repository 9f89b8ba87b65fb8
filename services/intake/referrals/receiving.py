"""Receiving referrals: of somebody new, and of a client whose former referrals have ended."""

from datetime import date
from typing import Any
from uuid import UUID

from services.intake.directory.queries import ZONE, today_at
from services.intake.matching.keys import Person, keys_of
from services.intake.matching.names import listed_as
from services.intake.matching.policy import matching
from services.intake.referrals.checks import (
    discharge_that_counts,
    kept,
    require_belonging,
    require_possible_discharge,
)
from services.intake.referrals.commands import ADD_KEYS, tell_contact
from services.intake.referrals.policy import catalog
from services.intake.referrals.queries import show_client
from services.intake.referrals.rules import is_possible_birth_date
from services.intake.referrals.schemas import FurtherReferral, NewReferral, Referral, Referring
from shared.calendar import day_at
from shared.contracts.intake import ReferralReceived
from shared.database import Transaction, insert, together
from shared.errors import Conflict, Invalid, NotFound
from shared.ids import new_id
from shared.messaging.outbox import publish

BUSY = """
SELECT
  open_referral_of($1) IS NOT NULL AS referred,
  EXISTS (SELECT FROM enrolments WHERE client_id = ANY (platform.records_of($1))
    AND ended_at IS NULL) AS enrolled
"""


class ImpossibleBirthDate(Invalid):
    """Nobody alive was born on that day."""


class ReferralOpen(Conflict, title="Client is referred already"):
    """A referral of the client is under way."""


class ClientInProgram(Conflict, title="Client is in the program"):
    """The client is in the program."""


async def receive_referral(tx: Transaction, new: NewReferral) -> Referral:
    """Take a person as a client of a site; publishes ReferralReceived and ContactDetailsChanged.

    Raises:
        NotFound: no such site, or not one of the caller's.
        ImpossibleBirthDate: the birth date lies ahead, or too far back.
        DetailsDoNotBelong, ImpossibleDischarge: what the referrer told does not fit.
    """
    person, contact, data = new.person, new.contact, matching()
    require_belonging(new.source, new.details)
    time_zone = await tx.fetchval(ZONE, new.site_id)
    if time_zone is None:
        raise NotFound("There is no such site among yours.", pointer="/site_id")
    today = day_at(tx.now, time_zone)
    if not is_possible_birth_date(person.birth_date, today):
        raise ImpossibleBirthDate(
            "The birth date lies in the future or too far back.", pointer="/person/birth_date"
        )
    require_possible_discharge(new.details, today)
    referral = _received(tx, new, client_id=new_id(), site_id=new.site_id)
    names = (person.given_name, person.family_name)
    keys = keys_of(Person(*names, person.birth_date, contact.phone), data)
    client = {
        "id": referral.client_id,
        "site_id": new.site_id,
        **person.model_dump(),
        "created_at": tx.now,
        "keys_version": data.version,
        "listed_as": listed_as(*names),
    }
    reached = {"client_id": referral.client_id, "site_id": new.site_id, "changed_at": tx.now}
    await tx.execute(
        *together(
            insert("clients", client),
            insert("contacts", reached | contact.model_dump()),
            (ADD_KEYS, referral.client_id, new.site_id, keys),
            insert("referrals", _row(referral, today)),
        )
    )
    _tell_received(tx, referral)
    tell_contact(tx, referral.client_id, new.site_id, contact)
    return referral


async def refer_again(tx: Transaction, client_id: UUID, new: FurtherReferral) -> Referral:
    """Take a referral of a client whose former ones have ended; publishes ReferralReceived.

    Raises:
        NotFound: no such client.
        ClientMerged, ReferralOpen, ClientInProgram: the client cannot be referred now.
        DetailsDoNotBelong, ImpossibleDischarge: what the referrer told does not fit.
    """
    require_belonging(new.source, new.details)
    client = await show_client(tx, client_id, lock=True)
    today = await today_at(tx, client.site_id)
    require_possible_discharge(new.details, today)
    busy = await tx.fetchrow(BUSY, client_id)
    assert busy is not None
    if busy["referred"]:
        raise ReferralOpen("A referral of this client is under way: follow it to its end first.")
    if busy["enrolled"]:
        raise ClientInProgram("This client is in the program and needs no referral to it.")
    referral = _received(tx, new, client_id=client_id, site_id=client.site_id)
    await tx.execute(*insert("referrals", _row(referral, today)))
    _tell_received(tx, referral)
    return referral


def _received(tx: Transaction, new: Referring, *, client_id: UUID, site_id: UUID) -> Referral:
    return Referral(
        id=new_id(),
        client_id=client_id,
        site_id=site_id,
        source=new.source,
        details=new.details,
        state="received",
        reason=None,
        received_at=tx.now,
        changed_at=tx.now,
        ended_at=None,
        version=1,
    )


def _row(referral: Referral, today: date) -> dict[str, Any]:
    planned = discharge_that_counts(referral.source, referral.details)
    return referral.model_dump(exclude={"details", "source"}) | {
        "source": catalog().referrers[referral.source].group,
        "referrer": referral.source,
        "details": kept(referral.details),
        "received_on": today,
        "starts_on": max(today, planned or today),
    }


def _tell_received(tx: Transaction, referral: Referral) -> None:
    publish(
        tx,
        ReferralReceived(
            client_id=referral.client_id,
            site_id=referral.site_id,
            referral_id=referral.id,
            source=catalog().referrers[referral.source].group,
            referrer=referral.source,
            received_at=tx.now,
        ),
    )
