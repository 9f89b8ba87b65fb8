"""Questionnaires over HTTP, for staff."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.intake.questionnaires import commands, forms, links, queries
from services.intake.questionnaires.own_schemas import Form
from services.intake.questionnaires.schemas import (
    Answers,
    InstrumentId,
    Link,
    NewAnswers,
    NewQuestionnaire,
    Questionnaire,
)
from shared.access import Allowed, Caller, Role
from shared.database import Transaction
from shared.web import Page, Paging, create, needs_if_match, show, update

router = APIRouter(tags=["Questionnaires"])

Clinician = Annotated[Caller, Allowed(Role.COUNSELOR, Role.CLINICAL_LEAD)]
Staff = Annotated[Caller, Allowed(Role.FRONT_DESK, Role.COUNSELOR, Role.CLINICAL_LEAD)]
OF_CLIENT = "/clients/{client_id}/questionnaires"
PATH = "/questionnaires/{questionnaire_id}"


@router.post(
    OF_CLIENT,
    status_code=201,
    response_model=Questionnaire,
    operation_id="add_questionnaire",
    summary="Assign a questionnaire",
)
async def add_questionnaire(
    client_id: UUID, body: NewQuestionnaire, request: Request, caller: Staff
) -> Response:
    """Give a client instruments to answer, at the site or by a one-time link."""
    return await create(
        request,
        caller,
        lambda tx: commands.assign_questionnaire(tx, client_id, body, assigned_by=caller.subject),
        location=lambda made: f"/questionnaires/{made.id}",
    )


@router.get(
    OF_CLIENT,
    response_model=Page[Questionnaire],
    operation_id="list_questionnaires",
    summary="List questionnaires",
)
async def list_questionnaires(
    client_id: UUID, request: Request, caller: Staff, paging: Annotated[Paging, Depends()]
) -> Response:
    """A client's questionnaires and how far they are, oldest first, without answers."""
    return await show(
        request, caller, lambda tx: queries.list_questionnaires(tx, client_id, paging)
    )


@router.get(
    PATH,
    response_model=Questionnaire,
    operation_id="show_questionnaire",
    summary="Show a questionnaire",
)
async def show_questionnaire(questionnaire_id: UUID, request: Request, caller: Staff) -> Response:
    """How far a questionnaire is, without answers; the ETag is needed to change it."""
    return await show(request, caller, lambda tx: queries.show_questionnaire(tx, questionnaire_id))


@router.get(
    f"{PATH}/answers",
    response_model=Answers,
    operation_id="show_answers",
    summary="Show what was answered so far",
)
async def show_answers(questionnaire_id: UUID, request: Request, caller: Clinician) -> Response:
    """The answers so far, to go on with; the ETag is needed to save."""
    return await show(request, caller, lambda tx: queries.show_answers(tx, questionnaire_id))


@router.put(
    f"{PATH}/answers/{{instrument}}",
    response_model=Answers,
    operation_id="record_answers",
    summary="Save answers to one instrument",
)
async def record_answers(
    questionnaire_id: UUID,
    instrument: InstrumentId,
    body: NewAnswers,
    request: Request,
    caller: Clinician,
) -> Response:
    """Save what was answered of one instrument so far, complete or not.

    A safety item that asks for it raises a risk flag at once.
    """

    async def save(tx: Transaction, expected: int) -> Answers:
        held = await queries.load(tx, questionnaire_id, hold=True)
        await commands.save_answers(
            tx,
            held,
            expected,
            instrument,
            body.answers,
            mode=body.mode,
            entered_by=caller.subject,
        )
        return await queries.show_answers(tx, questionnaire_id)

    return await update(request, caller, save)


@router.get(
    f"{PATH}/form",
    response_model=Form,
    operation_id="show_questionnaire_form",
    summary="Show the form",
)
async def show_form(questionnaire_id: UUID, request: Request, caller: Staff) -> Response:
    """The questionnaire as it is asked, in the wording in force at the site, without answers."""

    async def form(tx: Transaction) -> Form:
        return await forms.show_form(tx, await queries.load(tx, questionnaire_id))

    return await show(request, caller, form)


@router.post(
    f"{PATH}/links",
    response_model=Link,
    operation_id="add_questionnaire_link",
    summary="Issue a one-time link",
)
@needs_if_match
async def add_link(questionnaire_id: UUID, request: Request, caller: Staff) -> Response:
    """A link for the client's own browser, shown this once; it opens the form once.

    Links issued before, and the browser that opened one, are shut out. There is no stored answer to
    repeat: whoever did not get this one issues another.
    """
    return await update(
        request,
        caller,
        lambda tx, expected: links.issue_link(
            tx, questionnaire_id, expected, issued_by=caller.subject
        ),
    )


@router.post(
    f"{PATH}/completion",
    response_model=Questionnaire,
    operation_id="complete_questionnaire",
    summary="Complete a questionnaire",
)
@needs_if_match
async def complete(questionnaire_id: UUID, request: Request, caller: Clinician) -> Response:
    """Hand in what was answered: it is scored and kept as one screening of the client.

    Instruments of which nothing was answered are left out.
    """

    async def hand_in(tx: Transaction, expected: int) -> Questionnaire:
        held = await queries.load(tx, questionnaire_id, hold=True)
        return await commands.complete_questionnaire(tx, held, expected, entered_by=caller.subject)

    return await update(request, caller, hand_in)


@router.post(
    f"{PATH}/withdrawal",
    response_model=Questionnaire,
    operation_id="record_questionnaire_withdrawal",
    summary="Withdraw a questionnaire",
)
@needs_if_match
async def withdraw(questionnaire_id: UUID, request: Request, caller: Staff) -> Response:
    """Take an open questionnaire back: its links open nothing any more; saved answers stay."""

    async def take_back(tx: Transaction, expected: int) -> Questionnaire:
        held = await queries.load(tx, questionnaire_id, hold=True)
        return await commands.withdraw_questionnaire(tx, held, expected)

    return await update(request, caller, take_back)
