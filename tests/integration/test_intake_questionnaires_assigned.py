"""Who assigns questionnaires, who may read and answer them, and what is refused."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.conftest import MONDAY
from tests.support.flow import CALM_PHQ9, problem
from tests.support.questionnaires import Questionnaires, answered, etag

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)
HALF = [1, 1, 2, None, None, None, None, None, None]
DESPAIR = [None, None, None, None, None, None, None, None, 1]


@pytest.mark.parametrize(
    ("change", "kind", "pointer"),
    [
        (
            {"instruments": [{"instrument": "phq-9", "version": "9.9"}]},
            "unknown-instrument",
            "/instruments/0/version",
        ),
        (
            {"instruments": [{"instrument": "phq-99", "version": "1.0"}]},
            "unknown-instrument",
            "/instruments/0/instrument",
        ),
        (
            {"instruments": [{"instrument": "phq-9", "version": "1.0"}] * 2},
            "assigned-twice",
            "/instruments/1/instrument",
        ),
        (
            {
                "occasion": "follow_up",
                "instruments": [{"instrument": "audit", "version": "1.0"}],
            },
            "not-for-occasion",
            "/instruments/0/instrument",
        ),
        ({"instruments": []}, "invalid-request", "/instruments"),
        ({"language": "english"}, "invalid-request", "/language"),
        ({"client_name": "x"}, "invalid-request", "/client_name"),
    ],
)
async def test_what_cannot_be_assigned_is_refused_at_the_pointer(
    questionnaires: Questionnaires, change: dict[str, Any], kind: str, pointer: str
):
    client = await questionnaires.intake.refer()
    body = {
        "occasion": "intake",
        "instruments": [{"instrument": "phq-9", "version": "1.0"}],
    } | change
    refused = await questionnaires.staff().post(f"/clients/{client}/questionnaires", body)
    assert problem(refused) == (422, kind, pointer)
    assert await questionnaires.rows("questionnaires") == []


async def test_who_is_in_the_program_is_asked_in_the_course(questionnaires: Questionnaires):
    intake = questionnaires.intake
    client = await intake.refer()
    early = await questionnaires.assign(client)
    await intake.screen(client)
    assert (await intake.enrol(client, await intake.determine(client))).status_code == 201
    body = {"occasion": "intake", "instruments": [{"instrument": "phq-9", "version": "1.0"}]}
    refused = await questionnaires.staff().post(f"/clients/{client}/questionnaires", body)
    assert problem(refused) == (409, "intake-is-over", "/occasion")
    saved = answered(await questionnaires.save(early, CALM_PHQ9))
    assert problem(await questionnaires.post(saved, "completion"))[:2] == (409, "intake-is-over")
    shown = answered(await questionnaires.staff().get(f"/questionnaires/{early['id']}/answers"))
    assert (shown["state"], shown["parts"][0]["answers"]) == ("open", CALM_PHQ9)


async def test_an_assignment_that_is_sent_twice_is_made_once(questionnaires: Questionnaires):
    client = await questionnaires.intake.refer()
    body = {"occasion": "intake", "instruments": [{"instrument": "phq-9", "version": "1.0"}]}
    path = f"/clients/{client}/questionnaires"
    first, again = [await questionnaires.staff().post(path, body, key="k") for _ in range(2)]
    assert first.json() == again.json()
    assert len(await questionnaires.rows("questionnaires")) == 1


async def test_a_clients_questionnaires_are_listed_in_pages(questionnaires: Questionnaires):
    client = await questionnaires.intake.refer()
    desk = questionnaires.staff("front_desk")
    path = f"/clients/{client}/questionnaires"
    assert answered(await desk.get(path)) == {"items": [], "next": None}
    for minute in range(3):
        questionnaires.intake.system.set_clock(MONDAY + timedelta(minutes=minute))
        await questionnaires.assign(client, "phq-9", "gad-7")
    first = answered(await desk.get(path, limit=2))
    second = answered(await desk.get(path, cursor=first["next"]))
    assert [len(page["items"]) for page in (first, second)] == [2, 1]
    assert [part["instrument"] for part in second["items"][0]["parts"]] == ["phq-9", "gad-7"]
    assert problem(await desk.get(f"/clients/{uuid4()}/questionnaires")) == (404, "not-found", None)


async def test_the_front_desk_assigns_and_never_reads_or_writes_answers(
    questionnaires: Questionnaires,
):
    made = await questionnaires.assigned(role="front_desk")
    desk = questionnaires.staff("front_desk")
    at = f"/questionnaires/{made['id']}"
    saved = answered(await questionnaires.save(made, HALF))
    assert "answers" not in (await desk.get(at)).json()["parts"][0]
    assert (await desk.get(f"{at}/answers")).status_code == 403
    assert (await questionnaires.save(saved, HALF, role="front_desk")).status_code == 403
    assert (await questionnaires.post(saved, "completion", "front_desk")).status_code == 403
    form = answered(await desk.get(f"{at}/form"))
    assert form["parts"][0]["items"][0]["choices"][0] == {"value": 0, "label": "Not at all"}


async def test_for_another_site_a_questionnaire_does_not_exist(questionnaires: Questionnaires):
    made = await questionnaires.assigned()
    stranger = questionnaires.staff("clinical_lead", OTHER_SITE)
    at = f"/questionnaires/{made['id']}"
    for path in (at, f"{at}/answers", f"{at}/form", f"/clients/{made['client_id']}/questionnaires"):
        assert (await stranger.get(path)).status_code == 404
    put = await stranger.put(f"{at}/answers/phq-9", {"answers": HALF}, etag='"1"')
    assert put.status_code == 404
    for what in ("links", "completion", "withdrawal"):
        assert (await stranger.post(f"{at}/{what}", None, etag='"1"')).status_code == 404


async def test_saving_and_completing_need_the_version_that_was_read(
    questionnaires: Questionnaires,
):
    made = await questionnaires.assigned()
    at = f"/questionnaires/{made['id']}"
    counselor = questionnaires.staff()
    assert (await counselor.put(f"{at}/answers/phq-9", {"answers": HALF})).status_code == 428
    for what in ("completion", "links", "withdrawal"):
        assert (await counselor.http.post(f"{at}/{what}")).status_code == 428
        assert (await questionnaires.post(made, what, tag='"7"')).status_code == 412
    saved = await counselor.put(f"{at}/answers/phq-9", {"answers": HALF}, etag=etag(made))
    assert saved.headers["etag"] == '"2"'
    assert problem(await questionnaires.save(saved.json(), HALF, "gad-7")) == (
        404,
        "not-found",
        None,
    )


async def test_every_look_and_change_is_noted_for_the_client(questionnaires: Questionnaires):
    made = await questionnaires.assigned()
    saved = answered(await questionnaires.save(made, CALM_PHQ9))
    answered(await questionnaires.staff().get(f"/questionnaires/{made['id']}/answers"))
    answered(await questionnaires.post(saved, "completion"))
    auditor = questionnaires.staff("auditor")
    noted = answered(await auditor.get(f"/clients/{made['client_id']}/accesses"))["items"]
    assert {(one["operation"], one["kind"]) for one in noted} == {
        ("receive_referral", "change"),
        ("add_questionnaire", "change"),
        ("record_answers", "change"),
        ("show_answers", "read"),
        ("complete_questionnaire", "change"),
    }
    assert {one["site_id"] for one in noted} == {str(SITE)}
