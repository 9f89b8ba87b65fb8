"""Receiving referrals and changing how a client is reached."""

from uuid import UUID

from services.intake.directory.rules import day_at
from services.intake.referrals.queries import show_contact
from services.intake.referrals.rules import is_possible_birth_date
from services.intake.referrals.schemas import Contact, ContactDetails, NewReferral, Referral
from shared.contracts.intake import ContactDetailsChanged, ReferralReceived
from shared.database import Transaction
from shared.errors import Invalid, NotFound, require_version
from shared.ids import new_id
from shared.messaging.outbox import publish

RECEIVE = """
WITH site AS (SELECT id, time_zone FROM sites WHERE id = $2), client AS (
  INSERT INTO clients
    (id, site_id, given_name, family_name, birth_date, gender, sex_at_birth, created_at)
  SELECT $1, id, $3, $4, $5, $6, $7, $8 FROM site
), contact AS (
  INSERT INTO contacts (client_id, site_id, channel, email, phone, time_zone, changed_at)
  SELECT $1, id, $9, $10, $11, $12, $8 FROM site
), referral AS (
  INSERT INTO referrals (id, client_id, site_id, source, received_at)
  SELECT $13, $1, id, $14, $8 FROM site
)
SELECT time_zone FROM site
"""

CHANGE = """
UPDATE contacts SET channel = $2, email = $3, phone = $4, time_zone = $5, changed_at = $6,
  version = version + 1
WHERE client_id = $1
"""


class ImpossibleBirthDate(Invalid):
    """Nobody alive was born on that day."""

    title = "Impossible birth date"


async def receive_referral(tx: Transaction, new: NewReferral) -> Referral:
    """Take a person as a client of a site; publishes ReferralReceived and ContactDetailsChanged.

    Raises:
        NotFound: no such site, or not one of the caller's.
        ImpossibleBirthDate: the birth date lies ahead, or too far back.
    """
    person, contact = new.person, new.contact
    referral = Referral(
        id=new_id(),
        client_id=new_id(),
        site_id=new.site_id,
        source=new.source,
        received_at=tx.now,
    )
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
        new.source,
    )
    if time_zone is None:
        raise NotFound("There is no such site among yours.", pointer="/site_id")
    # After the statement, as only that knows the site's zone; a refusal undoes it.
    if not is_possible_birth_date(person.birth_date, day_at(tx.now, time_zone)):
        raise ImpossibleBirthDate(
            "The birth date lies in the future or too far back.", pointer="/person/birth_date"
        )
    publish(
        tx,
        ReferralReceived(
            client_id=referral.client_id,
            site_id=new.site_id,
            referral_id=referral.id,
            source=new.source,
            received_at=tx.now,
        ),
    )
    _tell_contact(tx, referral.client_id, new.site_id, contact)
    return referral


async def change_contact(
    tx: Transaction, client_id: UUID, expected: int, contact: ContactDetails
) -> Contact:
    """Change how a client is reached; publishes ContactDetailsChanged.

    Raises:
        NotFound: no such client.
        StaleVersion: somebody changed it meanwhile.
    """
    known = await show_contact(tx, client_id, lock=True)
    require_version(known.version, expected)
    await tx.execute(
        CHANGE,
        client_id,
        contact.channel,
        contact.email,
        contact.phone,
        contact.time_zone,
        tx.now,
    )
    _tell_contact(tx, client_id, known.site_id, contact)
    return Contact(
        client_id=client_id,
        site_id=known.site_id,
        **contact.model_dump(),
        changed_at=tx.now,
        version=known.version + 1,
    )


def _tell_contact(tx: Transaction, client_id: UUID, site_id: UUID, contact: ContactDetails) -> None:
    publish(
        tx,
        ContactDetailsChanged(
            client_id=client_id,
            site_id=site_id,
            channel=contact.channel,
            email=contact.email,
            phone=contact.phone,
            time_zone=contact.time_zone,
            changed_at=tx.now,
        ),
    )
