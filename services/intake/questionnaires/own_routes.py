"""The client's own way in: a one-time link, and the session of the browser that opened it."""

from typing import Annotated

from fastapi import Depends

from services.intake.questionnaires import commands, forms, links
from services.intake.questionnaires.own_schemas import (
    OwnAnswers,
    OwnCompleted,
    OwnForm,
    OwnSaved,
    Session,
)
from services.intake.questionnaires.schemas import InstrumentId
from shared.database import Transaction
from shared.web import needs_if_match
from shared.web.holders import OwnCall, by_link, own_routes
from shared.web.problems import refusals

CONFLICT = refusals({409: "The state of things does not allow it"})
NOT_ACCEPTABLE = refusals(
    {
        404: "The instrument is not part of the questionnaire",
        422: "An answer is not acceptable; `errors` says where",
    }
)

router = own_routes("Own questionnaire")
ByLink = Annotated[OwnCall, Depends(by_link(links.BY_LINK))]
BySession = Annotated[OwnCall, Depends(by_link(links.BY_SESSION, "Session"))]


@router.post("/questionnaire/session", summary="Open a one-time link")
async def open_own_questionnaire(call: ByLink) -> Session:
    """Exchange the secret of a link, sent as `Authorization: Link …`, for that of a session.

    It works once: the link is used up by it. The session ends with completion, with a newer link,
    and when the questionnaire expires.
    """
    return await call.answer(lambda tx: links.open_link(tx, call.holder))


@router.get("/questionnaire/form", summary="Show one's own form", responses=CONFLICT)
async def show_own_questionnaire(call: BySession) -> OwnForm:
    """The form with the answers so far, by `Authorization: Session …`; the ETag is needed to save.

    Names nobody, and tells nothing of scores.
    """

    async def form(tx: Transaction) -> OwnForm:
        return await forms.show_own_form(tx, await links.questionnaire_of(tx, call.holder))

    return await call.show(form)


@router.put(
    "/questionnaire/answers/{instrument}",
    summary="Save one's own answers to one instrument",
    responses=NOT_ACCEPTABLE,
)
async def record_own_answers(
    instrument: InstrumentId, body: OwnAnswers, call: BySession
) -> OwnSaved:
    """Save what was answered of one instrument so far, by `Authorization: Session …`."""

    async def save(tx: Transaction, expected: int) -> OwnSaved:
        locked = await links.questionnaire_of(tx, call.holder, lock=True)
        kept = await commands.save_answers(
            tx, locked, expected, instrument, body.answers, mode="self", entered_by=call.subject
        )
        return OwnSaved(
            client_id=locked.client_id,
            site_id=locked.site_id,
            instrument=instrument,
            answers=list(kept),
            crisis=forms.crisis_of(locked, (instrument, kept)),
            version=locked.version + 1,
        )

    return await call.update(save)


@router.post("/questionnaire/completion", summary="Hand in one's own answers")
@needs_if_match
async def complete_own_questionnaire(call: BySession) -> OwnCompleted:
    """Hand in what was answered, by `Authorization: Session …`; the session ends with it."""

    async def hand_in(tx: Transaction, expected: int) -> OwnCompleted:
        locked = await links.questionnaire_of(tx, call.holder, lock=True)
        done = await commands.complete_questionnaire(
            tx, locked, expected, entered_by=call.subject, own=True
        )
        return OwnCompleted.from_row({**dict(done), "crisis": forms.crisis_of(locked)})

    return await call.update(hand_in)
