"""One-time links: issued by staff, opened once by one browser, revoked by a newer one."""

from uuid import UUID

from services.intake.questionnaires.forms import show_form
from services.intake.questionnaires.holder import Holder, digest, new_secret
from services.intake.questionnaires.own_schemas import Session
from services.intake.questionnaires.policy import policy
from services.intake.questionnaires.queries import Held, load
from services.intake.questionnaires.refusals import LinkNotValid
from services.intake.questionnaires.rules.life import (
    LinkAction,
    LinkTimes,
    link_after,
    valid_until,
)
from services.intake.questionnaires.schemas import Link
from shared.database import Transaction
from shared.errors import NotFound, require_version
from shared.ids import new_id

REVOKE = """
UPDATE questionnaire_links SET revoked_at = $2 WHERE questionnaire_id = $1 AND revoked_at IS NULL
"""
ISSUE = """
WITH questionnaire AS (
  UPDATE questionnaires SET version = version + 1 WHERE id = $2
)
INSERT INTO questionnaire_links
  (id, questionnaire_id, site_id, secret_hash, issued_by, issued_at, valid_until)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
TIMES = """
SELECT valid_until, opened_at, revoked_at FROM questionnaire_links WHERE id = $1
"""
OPEN = "UPDATE questionnaire_links SET opened_at = $2, session_hash = $3 WHERE id = $1"


async def issue_link(
    tx: Transaction, questionnaire_id: UUID, expected: int, *, issued_by: str
) -> Link:
    """A new link; the ones before it, and the session of the browser that opened one, end.

    Raises:
        NotFound: no such questionnaire.
        QuestionnaireOver, StaleVersion, WordingMissing, InstrumentReplaced: none can be issued.
    """
    held = await load(tx, questionnaire_id, hold=True)
    held.require("issue_link")
    require_version(held.version, expected)
    await show_form(tx, held)
    until = valid_until(tx.now, policy().link_hours, held.expires_at)
    secret = new_secret()
    await tx.execute(REVOKE, held.id, tx.now)
    await tx.execute(
        ISSUE, new_id(), held.id, held.site_id, digest(secret), issued_by, tx.now, until
    )
    return Link(
        questionnaire_id=held.id,
        client_id=held.client_id,
        site_id=held.site_id,
        address=f"{policy().page_address}#{secret}",
        valid_until=until,
        version=held.version + 1,
    )


async def open_link(tx: Transaction, holder: Holder) -> Session:
    """Exchange the link for a session, once.

    Raises:
        LinkNotValid: it was opened before, is revoked or too old, or the questionnaire is over.
    """
    held = await held_by(tx, holder, "open", hold=True)
    session = new_secret()
    await tx.execute(OPEN, holder.link_id, tx.now, digest(session))
    return Session(
        client_id=held.client_id,
        site_id=held.site_id,
        session=session,
        ends_at=held.expires_at,
    )


async def held_by(
    tx: Transaction, holder: Holder, action: LinkAction = "use", *, hold: bool = False
) -> Held:
    """The questionnaire of who holds a link or session that allows the action now.

    The link is read after the questionnaire is held, so that a newer link is seen.

    Raises:
        LinkNotValid: it does not.
    """
    try:
        held = await load(tx, holder.questionnaire_id, hold=hold)
    except NotFound:
        raise LinkNotValid from None
    row = await tx.fetchrow(TIMES, holder.link_id)
    if row is None or not link_after(LinkTimes(**dict(row)), held.state, action, tx.now):
        raise LinkNotValid
    return held
