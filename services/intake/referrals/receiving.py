"""Receiving referrals: of somebody new, and of a client whose former referrals have ended."""

from uuid import UUID

from services.intake.directory.queries import today_at
from services.intake.directory.rules import day_at
from services.intake.matching.keys import Person, keys_of
from services.intake.matching.names import listed_as
from services.intake.matching.policy import matching
from services.intake.referrals.checks import (
    discharge_that_counts,
    kept,
    require_belonging,
    require_possible_discharge,
)
from services.intake.referrals.commands import tell_contact
from services.intake.referrals.policy import catalog
from services.intake.referrals.queries import show_client
from services.intake.referrals.rules import is_possible_birth_date
from services.intake.referrals.schemas import FurtherReferral, NewReferral, Referral, Referring
from shared.contracts.intake import ReferralReceived
from shared.database import Transaction
from shared.errors import Conflict, Invalid, NotFound
from shared.ids import new_id
from shared.messaging.outbox import publish

RECEIVE = """
WITH site AS (
  SELECT id, time_zone, ($8::timestamptz AT TIME ZONE time_zone)::date AS today
  FROM sites WHERE id = $2
), client AS (
  INSERT INTO clients (id, site_id, given_name, family_name, birth_date, gender, sex_at_birth,
    created_at, keys_version, listed_as)
  SELECT $1, id, $3, $4, $5, $6, $7, $8, $18, $20 FROM site
), contact AS (
  INSERT INTO contacts (client_id, site_id, channel, email, phone, time_zone, changed_at)
  SELECT $1, id, $9, $10, $11, $12, $8 FROM site
), keys AS (
  INSERT INTO match_keys (client_id, key, site_id)
  SELECT $1, key, id FROM site, unnest($19::bigint[]) AS k(key)
), referral AS (
  INSERT INTO referrals (id, client_id, site_id, source, referrer, details, received_at,
    changed_at, received_on, starts_on)
  SELECT $13, $1, id, $14, $15, $16::text::jsonb, $8, $8, today, greatest(today, $17) FROM site
)
SELECT time_zone FROM site
"""
BUSY = """
SELECT
  open_referral_of($1) IS NOT NULL AS referred,
  EXISTS (SELECT FROM enrolments WHERE client_id = ANY (platform.records_of($1))
    AND ended_at IS NULL) AS enrolled
"""
AGAIN = """
INSERT INTO referrals (id, client_id, site_id, source, referrer, details, received_at, changed_at,
  received_on, starts_on)
VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $7, $8::date, greatest($8::date, $9))
"""


class ImpossibleBirthDate(Invalid):
    """Nobody alive was born on that day."""

    title = "Impossible birth date"


class ReferralOpen(Conflict):
    """A referral of the client is under way."""

    title = "Client is referred already"


class ClientInProgram(Conflict):
    """The client is in the program."""

    title = "Client is in the program"


async def receive_referral(tx: Transaction, new: NewReferral) -> Referral:
    """Take a person as a client of a site; publishes ReferralReceived and ContactDetailsChanged.

    Raises:
        NotFound: no such site, or not one of the caller's.
        ImpossibleBirthDate: the birth date lies ahead, or too far back.
        DetailsDoNotBelong, ImpossibleDischarge: what the referrer told does not fit.
    """
    person, contact, data = new.person, new.contact, matching()
    require_belonging(new.source, new.details)
    referral = _received(tx, new, client_id=new_id(), site_id=new.site_id)
    time_zone = await tx.fetchval(
        RECEIVE,
        referral.client_id,
        new.site_id,
        person.given_name,
        person.family_name,
        person.birth_date,
        person.gender,
        person.sex_at_birth,
        tx.now,
        contact.channel,
        contact.email,
        contact.phone,
        contact.time_zone,
        referral.id,
        catalog().referrers[new.source].group,
        new.source,
        kept(new.details),
        discharge_that_counts(new.source, new.details),
        data.version,
        keys_of(
            Person(person.given_name, person.family_name, person.birth_date, contact.phone), data
        ),
        listed_as(person.given_name, person.family_name),
    )
    if time_zone is None:
        raise NotFound("There is no such site among yours.", pointer="/site_id")
    # After the statement, as only that knows the site's zone; a refusal undoes it.
    today = day_at(tx.now, time_zone)
    if not is_possible_birth_date(person.birth_date, today):
        raise ImpossibleBirthDate(
            "The birth date lies in the future or too far back.", pointer="/person/birth_date"
        )
    require_possible_discharge(new.details, today)
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
    client = await show_client(tx, client_id, hold=True)
    today = await today_at(tx, client.site_id)
    require_possible_discharge(new.details, today)
    busy = await tx.fetchrow(BUSY, client_id)
    assert busy is not None
    if busy["referred"]:
        raise ReferralOpen("A referral of this client is under way: follow it to its end first.")
    if busy["enrolled"]:
        raise ClientInProgram("This client is in the program and needs no referral to it.")
    referral = _received(tx, new, client_id=client_id, site_id=client.site_id)
    await tx.execute(
        AGAIN,
        referral.id,
        client_id,
        client.site_id,
        catalog().referrers[new.source].group,
        new.source,
        kept(new.details),
        tx.now,
        today,
        discharge_that_counts(new.source, new.details),
    )
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
