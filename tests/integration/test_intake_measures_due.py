"""Measures that outcomes finds due become questionnaires that the client answers by a link."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from services.intake.questionnaires.commands import save_answers, withdraw_questionnaire
from services.intake.questionnaires.queries import load
from shared.contracts.outcomes import MeasureDue
from tests.conftest import MONDAY
from tests.support.flow import CALM_PHQ9, Intake, created
from tests.support.questionnaires import Questionnaires, answered
from tests.support.scheduling import registry_of, told


async def admitted(intake: Intake) -> str:
    client = await intake.refer()
    await intake.screen(client)
    created(await intake.enrol(client, await intake.determine(client)))
    return client


async def tell_due(intake: Intake, client: str, *instruments: str) -> None:
    today = MONDAY.date()
    due = [
        MeasureDue(
            client_id=UUID(client),
            site_id=intake.site,
            enrolment_id=uuid4(),
            instrument=name,
            due_on=today,
            overdue_on=today + timedelta(days=3),
        )
        for name in instruments
    ]
    async with intake.transaction() as tx:
        await registry_of("intake").handle(tx, due[0].type_name(), told(*due))


async def asked(questionnaires: Questionnaires, client: str) -> list[dict[str, Any]]:
    found = await questionnaires.staff().get(f"/clients/{client}/questionnaires")
    items: list[dict[str, Any]] = answered(found)["items"]
    return items


async def events_of(intake: Intake, client: str, name: str) -> list[dict[str, Any]]:
    rows = await intake.system.fetch(
        "intake",
        "SELECT payload FROM platform.journal WHERE key = $1"
        " AND split_part(type, '.', 4) = $2 ORDER BY sequence",
        client,
        name,
    )
    return [orjson.loads(row["payload"]) for row in rows]


def names(one: dict[str, Any]) -> list[str]:
    return [part["instrument"] for part in one["parts"]]


async def test_what_is_due_is_answered_by_a_link_and_asked_once(questionnaires: Questionnaires):
    client = await admitted(questionnaires.intake)
    await tell_due(questionnaires.intake, client, "phq-9", "barc-10", "gad-7", "dast-10", "no-such")
    made = await asked(questionnaires, client)
    assert sorted(map(names, made)) == [["barc-10"], ["gad-7", "phq-9"]]
    assert {(one["assigned_by"], one["occasion"]) for one in made} == {("outcomes", "follow_up")}
    await tell_due(questionnaires.intake, client, "phq-9", "bam")
    made = await asked(questionnaires, client)
    assert sorted(map(names, made)) == [["bam"], ["barc-10"], ["gad-7", "phq-9"]]
    (mine,) = [one for one in made if "phq-9" in names(one)]
    browser, version = await questionnaires.opened(mine)
    saved = answered(await browser.save(CALM_PHQ9, version))
    answered(await browser.complete(saved["version"]))
    await tell_due(questionnaires.intake, client, "phq-9")
    states = sorted((names(one), one["state"]) for one in await asked(questionnaires, client))
    assert (["phq-9"], "open") in states
    assert (["gad-7", "phq-9"], "completed") in states


async def test_what_is_due_is_told_with_what_its_link_is_made_of_and_ends_when_it_was_answered(
    questionnaires: Questionnaires,
):
    intake = questionnaires.intake
    client = await admitted(intake)
    await tell_due(intake, client, "phq-9", "barc-10")
    (due,) = await events_of(intake, client, "QuestionnaireDue")
    made = await asked(questionnaires, client)
    (mine,) = [one for one in made if names(one) == ["phq-9"]]  # barc-10 has no words here
    assert due["questionnaire_id"] == mine["id"]
    assert due["expires_at"] == mine["expires_at"]
    assert due["enrolment_id"]
    link = answered(await questionnaires.post(mine, "links", "service", tag="*"))
    browser = questionnaires.browser()
    assert (await browser.open(link["address"].rpartition("#")[2])).status_code == 200
    saved = answered(await browser.save(CALM_PHQ9, link["version"]))
    answered(await browser.complete(saved["version"]))
    (closed,) = await events_of(intake, client, "QuestionnaireClosed")
    assert (closed["questionnaire_id"], closed["how"]) == (mine["id"], "completed")
    assert (await questionnaires.post(mine, "links", "service", tag="*")).status_code == 409


async def test_a_questionnaire_that_staff_give_or_take_back_asks_nothing_of_the_client(
    questionnaires: Questionnaires,
):
    given = await questionnaires.assigned()
    answered(await questionnaires.post(given, "withdrawal"))
    (closed,) = await events_of(questionnaires.intake, given["client_id"], "QuestionnaireClosed")
    assert (closed["questionnaire_id"], closed["how"]) == (given["id"], "withdrawn")
    assert await events_of(questionnaires.intake, given["client_id"], "QuestionnaireDue") == []


async def test_a_form_of_the_time_before_that_nobody_began_makes_way_for_that_of_this_time(
    questionnaires: Questionnaires,
):
    intake = questionnaires.intake
    client = await admitted(intake)
    await tell_due(intake, client, "phq-9")
    (first,) = await asked(questionnaires, client)
    intake.system.set_clock(datetime.fromisoformat(first["expires_at"]) - timedelta(seconds=1))
    await tell_due(intake, client, "phq-9", "gad-7")
    by_state = {one["state"]: names(one) for one in await asked(questionnaires, client)}
    assert by_state == {"withdrawn": ["phq-9"], "open": ["gad-7", "phq-9"]}
    (closed,) = await events_of(intake, client, "QuestionnaireClosed")
    assert (closed["questionnaire_id"], closed["how"]) == (first["id"], "withdrawn")
    assert len(await events_of(intake, client, "QuestionnaireDue")) == 2


@pytest.mark.parametrize("meanwhile", ["begun", "withdrawn"])
async def test_a_form_of_the_time_before_that_changes_at_that_moment_is_left_as_it_is(
    questionnaires: Questionnaires, meanwhile: str
):
    intake = questionnaires.intake
    client = await admitted(intake)
    await tell_due(intake, client, "phq-9")
    (first,) = await asked(questionnaires, client)
    intake.system.set_clock(datetime.fromisoformat(first["expires_at"]) - timedelta(hours=1))
    async with intake.transaction() as tx:
        locked = await load(tx, UUID(first["id"]), lock=True)
        if meanwhile == "begun":
            answers, by = [1, *[None] * 8], {"mode": "self", "entered_by": "link"}
            await save_answers(tx, locked, locked.version, "phq-9", answers, **by)
        else:
            await withdraw_questionnaire(tx, locked, locked.version)
        telling = asyncio.create_task(tell_due(intake, client, "phq-9", "gad-7"))
        await intake.until_somebody_waits()
    await telling
    by_state = sorted((one["state"], names(one)) for one in await asked(questionnaires, client))
    assert by_state == (
        [("open", ["gad-7"]), ("open", ["phq-9"])]
        if meanwhile == "begun"
        else [("open", ["gad-7", "phq-9"]), ("withdrawn", ["phq-9"])]
    )


async def test_no_link_is_made_to_what_was_answered_with_staff_meanwhile(
    questionnaires: Questionnaires,
):
    intake = questionnaires.intake
    client = await admitted(intake)
    await tell_due(intake, client, "phq-9", "gad-7")
    (made,) = await asked(questionnaires, client)
    intake.system.set_clock(MONDAY + timedelta(hours=2))
    answered(await questionnaires.post(made, "links", "service", tag="*"))
    await intake.screen(client, occasion="follow_up")
    refused = await questionnaires.post(made, "links", "service", tag="*")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/answered-otherwise")


async def test_who_is_not_in_the_program_is_asked_nothing(questionnaires: Questionnaires):
    client = await questionnaires.intake.refer()
    await tell_due(questionnaires.intake, client, "phq-9")
    await tell_due(questionnaires.intake, str(uuid4()), "phq-9")
    assert await asked(questionnaires, client) == []
