"""One-time links: issued by staff, opened once by one browser, revoked by a newer one."""

from uuid import UUID

from services.intake.questionnaires.forms import show_form
from services.intake.questionnaires.own_schemas import Session
from services.intake.questionnaires.policy import policy
from services.intake.questionnaires.queries import QuestionnaireInFull, load
from services.intake.questionnaires.refusals import AnsweredOtherwise
from services.intake.questionnaires.rules.life import (
    LinkAction,
    LinkTimes,
    link_after,
    valid_until,
)
from services.intake.questionnaires.schemas import Link
from shared.database import Transaction, insert, update
from shared.errors import NotFound, require_version
from shared.ids import new_id
from shared.web.holders import Holder
from shared.web.links import LinkNotValid, digest, new_secret

LINK = """
SELECT l.questionnaire_id AS id, l.id AS link_id,
  ARRAY[l.site_id, coalesce(s.site_id, l.site_id)] AS sites
FROM questionnaire_links l JOIN questionnaires q ON q.id = l.questionnaire_id
JOIN clients c ON c.id = q.client_id LEFT JOIN clients s ON s.id = c.merged_into
WHERE l.issued_at <= $2 AND
"""
BY_LINK = f"{LINK} l.secret_hash = $1"
BY_SESSION = f"{LINK} l.session_hash = $1"
"""What a link or a session is of: also the site of the client who goes on for a merged one. Whether
it still holds is asked in the transaction that rests on it (`questionnaire_of`)."""
REVOKE = """
UPDATE questionnaire_links SET revoked_at = $2 WHERE questionnaire_id = $1 AND revoked_at IS NULL
"""
TIMES = """
SELECT valid_until, opened_at, revoked_at FROM questionnaire_links WHERE id = $1
"""
ANSWERED = """
SELECT bool_and(EXISTS (
  SELECT FROM screenings s JOIN responses r ON r.screening_id = s.id
  WHERE s.client_id = ANY (platform.records_of(q.client_id)) AND r.instrument = p.instrument
    AND r.answered_at > q.assigned_at))
FROM questionnaires q JOIN questionnaire_parts p ON p.questionnaire_id = q.id WHERE q.id = $1
"""
OPEN = "UPDATE questionnaire_links SET opened_at = $2, session_hash = $3 WHERE id = $1"


async def issue_link(
    tx: Transaction, questionnaire_id: UUID, expected: int, *, issued_by: str
) -> Link:
    """A new link; the ones before it, and the session of the browser that opened one, end.

    Raises:
        NotFound: no such questionnaire.
        QuestionnaireOver, StaleVersion, WordingMissing, InstrumentReplaced, AnsweredOtherwise: none
        can be issued.
    """
    locked = await load(tx, questionnaire_id, lock=True)
    locked.require("issue_link")
    require_version(locked.version, expected)
    if await tx.fetchval(ANSWERED, locked.id):
        raise AnsweredOtherwise("Staff entered answers to all of it meanwhile: withdraw it.")
    await show_form(tx, locked)
    until = valid_until(tx.now, policy().link_hours, locked.expires_at)
    secret = new_secret()
    await tx.execute(REVOKE, locked.id, tx.now)
    row = {
        "id": new_id(),
        "questionnaire_id": locked.id,
        "site_id": locked.site_id,
        "secret_hash": digest(secret),
        "issued_by": issued_by,
        "issued_at": tx.now,
        "valid_until": until,
    }
    await tx.execute(*insert("questionnaire_links", row))
    await tx.execute(*update("questionnaires", {}, where={"id": locked.id}))
    return Link(
        questionnaire_id=locked.id,
        client_id=locked.client_id,
        site_id=locked.site_id,
        address=f"{policy().page_address}#{secret}",
        valid_until=until,
        version=locked.version + 1,
    )


async def open_link(tx: Transaction, holder: Holder) -> Session:
    """Exchange the link for a session, once.

    Raises:
        LinkNotValid: it was opened before, is revoked or too old, or the questionnaire is over.
    """
    locked = await questionnaire_of(tx, holder, "open", lock=True)
    session = new_secret()
    await tx.execute(OPEN, holder.link_id, tx.now, digest(session))
    return Session(
        client_id=locked.client_id,
        site_id=locked.site_id,
        session=session,
        ends_at=locked.expires_at,
    )


async def questionnaire_of(
    tx: Transaction, holder: Holder, action: LinkAction = "use", *, lock: bool = False
) -> QuestionnaireInFull:
    """The questionnaire of who holds a link or session that allows the action now.

    The link is read after the questionnaire is locked, so that a newer link is seen.

    Raises:
        LinkNotValid: it does not.
    """
    try:
        locked = await load(tx, holder.held_id, lock=lock)
    except NotFound:
        raise LinkNotValid from None
    row = await tx.fetchrow(TIMES, holder.link_id)
    if row is None or not link_after(LinkTimes(**dict(row)), locked.state, action, tx.now):
        raise LinkNotValid
    return locked
