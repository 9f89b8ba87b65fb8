"""What single pages and forms of the portal do with what services answer."""

import asyncio
import json
import re
import time
from typing import Any

import httpx
import pytest

from portal.api import OPERATIONS, Missing
from portal.app import SEARCHES
from portal.forms import body_of
from portal.identity import NotLoggedIn
from portal.page import NO_SITE
from portal.rendering import ENVIRONMENT, NAVIGATION
from portal.views.board import FOR_CLINICIANS
from portal.views.clients import together
from portal.words import SPANISH, Words
from services.outcomes.board.figures import LISTED
from tests.support.portal import (
    EVENT,
    FILE,
    ID,
    INSTANT,
    OF_FILE,
    ROLES,
    Found,
    Portal,
)


async def test_the_board_leads_to_the_lists_that_somebody_may_see_and_to_no_other() -> None:
    assert set(FOR_CLINICIANS) == {name for name, one in LISTED.items() if one.clinical}
    figures = {name: {"value": 3, "reason": None} for name in LISTED}
    words = {"id": "1", "unit": "clients", "counts": "Those.", "title": "Figure"}
    defined = [{"figure": name, "listed": True, **words} for name in LISTED]
    board = {"at": INSTANT, "change": 1, "total": figures, "sites": [], "definitions": defined}
    for role in OPERATIONS["outcomes.list_board_figure"]["roles"]:
        portal = Portal(role)
        portal.services.answers["outcomes.show_board"] = (200, board)
        answer = await portal.browser.get("/board")
        leads = set(re.findall(r'href="/board/(\w+)', answer.text))
        clinician = role in ("counselor", "clinical_lead")
        assert leads == set(LISTED) - set(() if clinician else FOR_CLINICIANS), role


async def test_what_staff_are_told_of_a_refusal_is_said_once_in_words_that_they_know() -> None:
    portal = Portal("front_desk")
    wrong = [
        {"pointer": "/contact/phone", "detail": r"String should match pattern '^\+[1-9][0-9]{6}$'"},
        {"pointer": "", "detail": "Give a name."},
    ]
    invalid = {
        "title": "Invalid request",
        "detail": "Some parts of the request are not acceptable; see `errors`.",
        "errors": wrong,
    }
    missing = {"title": "Wording missing", "detail": "A site manager can enter it."}
    portal.services.answers = {
        "scheduling.show_week": (422, invalid),
        "intake.show_questionnaire_form": (409, missing),
        "intake.receive_referral": (422, invalid),
    }
    answer = await portal.browser.get("/week?week=2026-12")
    assert answer.status_code == 422
    assert "This cannot be shown" in answer.text
    assert "no such page" not in answer.text
    answer = await portal.browser.get(f"/questionnaires/{ID}")
    assert answer.status_code == 409
    assert "Wording missing. A site manager can enter it." in answer.text
    answer = await portal.browser.post(
        "/referrals/new", data={"csrf": "form", "operation": "intake.receive_referral"}
    )
    assert answer.status_code == 422
    told = answer.text.partition('role="alert">')[2].partition("</div>")[0]
    assert "<li>contact phone: This is not written in the way that is asked for.</li>" in told
    assert "<li>Give a name.</li>" in told
    assert "errors" not in told
    assert "pattern" not in answer.text


async def test_a_reason_for_an_emergency_is_passed_on_in_any_letters_and_over_several_lines() -> (
    None
):
    portal = Portal("counselor")
    reason = "Sobredosis:\r\nestá en el autobús — solo"
    answer = await portal.browser.post(
        f"/clients/{ID}/emergency", data={"csrf": "form", "reason": reason}
    )
    assert answer.status_code == 303
    answer = await portal.browser.get(answer.headers["location"])
    assert answer.status_code == 200
    assert "Sobredosis: está en el autobús — solo" in answer.text
    assert set(portal.services.reasons) == {"Sobredosis: está en el autobús — solo".encode()}


async def test_a_form_leads_to_no_other_site() -> None:
    for then in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:1"):
        portal = Portal("front_desk")
        answer = await portal.browser.post(
            "/today",
            data={
                "csrf": "form",
                "operation": "scheduling.record_check_in",
                "then": then,
                "path.session_id": ID,
                "body.client_id": ID,
            },
        )
        assert answer.status_code == 303
        assert answer.headers["location"] == "/today"
        answer = await portal.browser.get("/language/es", params={"then": then})
        assert answer.headers["location"] == "/"


async def test_the_boards_stream_is_passed_on_for_whoever_is_logged_in() -> None:
    portal = Portal("site_manager")
    answer = await portal.browser.get("/events", headers={"Last-Event-ID": "7"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.content == EVENT
    await portal.browser.get("/events?last=8")
    assert portal.services.followed == ["7", "8"]
    portal.services.stream = 503
    assert (await portal.browser.get("/events")).status_code == 503
    portal.services.away = "outcomes"
    assert (await portal.browser.get("/events")).status_code == 503
    portal.app.state.sessions.end(portal.secret)
    assert (await portal.browser.get("/events")).status_code == 303


async def test_a_file_of_an_extract_is_passed_on_to_whom_it_is_for_alone() -> None:
    address = f"/extracts/{ID}/files/stays.csv"
    for role in ROLES:
        portal = Portal(role)
        answer = await portal.browser.get(address)
        if role == "regional_operations":
            assert answer.content == FILE
            assert {k: answer.headers[k] for k in OF_FILE} == OF_FILE
            portal.services.away = "outcomes"
            assert (await portal.browser.get(address)).status_code == 503
        else:
            assert answer.status_code == 403
            assert portal.services.asked == []


async def test_lists_of_two_services_are_laid_together_where_both_are_complete() -> None:
    def part(before: str | None, field: str, *at: str) -> dict[str, Any]:
        rest = {"kind": "session", "what": None, "state": None}
        return {"before": before, "items": [{**rest, "at": one, field: one} for one in at]}

    happened = part("2026-03-02T09:00:00Z", "at", "2026-03-03T09:00:00Z", "2026-03-02T09:00:00Z")
    sent = ("2026-03-02T09:00:00.5Z", "2026-03-02T09:00:00Z", "2026-03-01T09:00:00Z")
    entries, earlier = together(happened, part(None, "happened_at", *sent))
    assert [(one["kind"], one["at"][8:]) for one in entries] == [
        ("session", "03T09:00:00Z"),
        ("message", "02T09:00:00.5Z"),
        ("session", "02T09:00:00Z"),
        ("message", "02T09:00:00Z"),
    ]
    assert earlier == "2026-03-02T09:00:00Z"
    entries, earlier = together(Missing("outcomes", "away"), part(None, "happened_at", *sent))
    assert (len(entries), earlier) == (3, None)


async def test_tokens_are_renewed_once_and_a_session_that_ended_there_ends_here() -> None:
    portal = Portal("front_desk")
    sessions, provider = portal.app.state.sessions, portal.app.state.provider
    renewals: list[str] = []

    async def renewed(token: str) -> dict[str, Any]:
        renewals.append(token)
        await asyncio.sleep(0)
        if token == "spent":
            raise NotLoggedIn("it was used before")
        return {"access": "new", "refresh": "spent", "good_until": time.time() + 20}

    provider.renewed = renewed
    sessions.change(portal.secret, good_until=0)
    first, second = await asyncio.gather(
        portal.browser.get("/clients"), portal.browser.get("/referrals")
    )
    assert {first.status_code, second.status_code} <= {200, 303}
    assert renewals[0] == "b"
    assert renewals.count("b") == 1
    again = await portal.browser.get("/clients")
    assert again.headers["location"].startswith("/login")
    assert sessions.read(portal.secret) is None


def test_text_of_a_form_becomes_the_body_of_its_operation() -> None:
    roll = OPERATIONS["scheduling.record_roll"]["body"]
    fields = [
        ("body.entries.0.client_id", ID),
        ("body.entries.0.status", "present"),
        ("body.entries.1.client_id", ID),
        ("body.entries.1.checked_in_at", "2026-03-02T18:10"),
        ("body.unknown", "left out"),
        ("csrf", "left out"),
    ]
    assert body_of(fields, roll, "America/Denver") == {
        "entries": [
            {"client_id": ID, "status": "present"},
            {"client_id": ID, "checked_in_at": "2026-03-02T18:10:00-07:00"},
        ]
    }
    new = OPERATIONS["intake.add_questionnaire"]["body"]
    boxes = [("body.instruments.3.instrument", ""), ("body.occasion", "intake")]
    boxes = [("body.instruments", "instrument=phq-9&version=1.0"), ("body.occasion", "intake")]
    assert body_of(boxes, new) == {
        "occasion": "intake",
        "instruments": [{"instrument": "phq-9", "version": "1.0"}],
    }
    answers = OPERATIONS["intake.record_answers"]["body"]
    given = [("body.answers.0", "2"), ("body.answers.1", ""), ("body.answers.10", "1")]
    assert body_of(given, answers) == {"answers": [2, None, 1]}
    flat = OPERATIONS["intake.record_self_pay_agreement"]["body"]
    assert body_of([("body.household_size", "two")], flat) == {"household_size": "two"}
    assert body_of([], None) is None


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("2026-03-08T01:59", "2026-03-08T01:59:00-07:00"),
        ("2026-03-08T03:00", "2026-03-08T03:00:00-06:00"),
        ("2026-11-01T01:30", "2026-11-01T01:30:00-06:00"),
        ("2026-11-01T02:00", "2026-11-01T02:00:00-07:00"),
        ("2026-03-02T18:10:00Z", "2026-03-02T18:10:00Z"),
        ("half past six", "half past six"),
    ],
)
def test_a_time_of_a_form_is_one_of_the_site_s_wall_to_the_minute(given: str, sent: str) -> None:
    """What is no such time goes on as it is, so that the service says what is wrong with it."""
    roll = OPERATIONS["scheduling.record_roll"]["body"]
    fields = [("body.entries.0.checked_in_at", given)]
    assert body_of(fields, roll, "America/Denver") == {"entries": [{"checked_in_at": sent}]}


def test_no_form_is_filled_with_a_time_that_a_browser_would_leave_out() -> None:
    """A browser empties a `datetime-local` whose value has an offset, a Z or more than thousandths,
    and sends it empty."""
    found = 0
    for name in ENVIRONMENT.list_templates():
        source = ENVIRONMENT.loader.get_source(ENVIRONMENT, name)[0]  # type: ignore[union-attr]
        for field in re.findall(r'ui\.field\([^}]*type="datetime-local"[^}]*\)', source):
            found += 1
            value = re.search(r"value=([^,)]*)", field)
            assert value is None or value[1] == '""' or "local" in value[1], field
    assert found


def texts() -> set[str]:
    """Every text of the templates, and of the code, that is shown in the reader's language."""
    found: set[str] = set()
    for name in ENVIRONMENT.list_templates():
        source = ENVIRONMENT.loader.get_source(ENVIRONMENT, name)[0]  # type: ignore[union-attr]
        found |= {m[1] for m in re.finditer(r'_\("((?:[^"\\]|\\.)+)"', source)}
        found |= {m[1] for m in re.finditer(r"_\('((?:[^'\\]|\\.)+)'", source)}
        pattern = r'ui\.(?:field|area|select)\([^,]+?(?: ~ [^,]+?)?, "([^"]+)"'
        found |= {m[1] for m in re.finditer(pattern, source)}
        pattern = r'ui\.form\((?:service ~ )?"[^"]+", "([^"]+)"'
        found |= {m[1] for m in re.finditer(pattern, source)}
        if name == "of_client.html":
            found |= {m[1] for m in re.finditer(r'\("[^"]*", "([^"]+)", "', source)}
    return found | {name for _, name, _ in NAVIGATION}


def test_every_text_is_there_in_spanish() -> None:
    assert sorted(text for text in texts() if text not in SPANISH) == []
    for english, spanish in SPANISH.items():
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", spanish)), english


def test_days_and_codes_are_in_words() -> None:
    assert Words("en").day("2026-03-02") == "Monday, 2 March 2026"
    assert Words("es").day("2026-03-02") == "lunes 2 de marzo de 2026"
    assert Words("es").code("no_show") == "no vino"
    assert Words("en").time("2026-03-08T09:30:00Z", "America/Denver") == "03:30"


def test_searches_name_nobody_in_an_address() -> None:
    assert all(OPERATIONS[name]["method"] == "POST" for name in SEARCHES)
    assert json.dumps(NO_SITE)


async def test_a_client_s_page_goes_by_the_clock_of_the_site_however_it_was_come_to() -> None:
    """A bookmark, or logging in again: no page before it told of the sites."""
    portal = Portal("counselor")
    answer = await portal.browser.get(f"/clients/{ID}/referral")
    assert "11:00" in answer.text
    assert "18:00" not in answer.text
    portal = Portal("counselor")
    portal.services.away = "scheduling"
    answer = await portal.browser.get(f"/clients/{ID}/referral")
    assert "18:00" in answer.text
    assert "Times are in UTC" in answer.text


async def test_a_client_s_lists_are_shown_to_their_end_and_a_long_day_has_all_names() -> None:
    portal = Portal("clinical_lead")
    told, asked = portal.services.answer, []

    async def long(request: httpx.Request) -> httpx.Response:
        answer = await told(request)
        body = answer.json()
        if request.url.path.endswith("/screenings"):
            cursor = request.url.params.get("cursor")
            asked.append((cursor, request.url.params.get("limit")))
            body |= {"items": body["items"] * (1 if cursor else 200), "next": "more"}
        elif request.url.path.endswith("/day"):
            (session,) = body["sessions"]
            (client,) = session["clients"]
            session["clients"] = [client | {"client_id": f"{n:08}{ID[8:]}"} for n in range(450)]
        elif request.url.path == "/clients":
            (one,) = body["items"]
            ids = request.url.params.get_list("client_id")
            assert len(ids) <= 200
            body["items"] = [one | {"id": i, "given_name": "Bo", "family_name": None} for i in ids]
        return httpx.Response(200, json=body)

    portal.app.state.api._http = httpx.AsyncClient(transport=httpx.MockTransport(long))
    answer = await portal.browser.get(f"/clients/{ID}/screening")
    assert answer.text.count("<h3>1 Mar 2026, 11:00") == 201
    assert asked == [(None, "200"), ("more", "200")]
    day = await portal.browser.get("/today")
    assert day.text.count(">Bo</a>") == 450


@pytest.mark.parametrize(("left", "offered"), [(None, True), ("2026-03-03T02:15:00Z", False)])
async def test_who_has_left_is_not_checked_out_again(left: str | None, offered: bool) -> None:
    portal = Portal("front_desk")
    told = portal.services.answer

    async def of_the_day(request: httpx.Request) -> httpx.Response:
        answer = await told(request)
        if not request.url.path.endswith("/day"):
            return answer
        shown = answer.json()
        for session in shown["sessions"]:
            session["not_held_at"] = None
            for client in session["clients"]:
                client |= {"status": None, "checked_in": True, "checked_out_at": left}
        return httpx.Response(200, json=shown)

    portal.app.state.api._http = httpx.AsyncClient(transport=httpx.MockTransport(of_the_day))
    answer = await portal.browser.get("/today")
    assert "scheduling.record_attendance" in answer.text
    assert ("scheduling.record_check_out" in answer.text) is offered


@pytest.mark.parametrize(
    ("about", "role", "status", "button"),
    [
        ("/risk-flags/", "counselor", 200, "intake.record_risk_acknowledgement"),
        ("/risks/", "clinical_lead", 200, "outcomes.record_risk_acknowledgement"),
        ("/staff-tasks/", "counselor", 200, "notifications.record_task_acknowledgement"),
        ("/staff-tasks/", "front_desk", 200, "notifications.record_task_acknowledgement"),
        ("/risk-flags/", "site_manager", 403, None),
        ("nowhere", "counselor", 404, None),
    ],
)
async def test_an_alert_by_mail_leads_to_whatever_it_is_about(
    about: str, role: str, status: int, button: str | None
) -> None:
    portal = Portal(role)
    told = portal.services.answer

    async def only(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(ID) and about not in request.url.path:
            return httpx.Response(404, json={"title": "Not found"})
        answer = await told(request)
        if "/risks/" in request.url.path:
            return httpx.Response(200, json=answer.json() | {"origin": "outcomes"})
        return answer

    portal.app.state.api._http = httpx.AsyncClient(transport=httpx.MockTransport(only))
    answer = await portal.browser.get(f"/alerts/{ID}")
    assert answer.status_code == status
    forms = [one["value"] for one in Found(answer.text).fields if one.get("name") == "operation"]
    assert button in forms if button else forms == []


async def test_an_alert_of_a_service_that_is_away_is_not_said_to_be_nothing() -> None:
    portal = Portal("counselor")
    told = portal.services.answer

    async def none_there(request: httpx.Request) -> httpx.Response:
        if "/risks/" in request.url.path:
            raise httpx.ConnectError("away")
        if request.url.path.endswith(ID):
            return httpx.Response(404, json={"title": "Not found"})
        return await told(request)

    portal.app.state.api._http = httpx.AsyncClient(transport=httpx.MockTransport(none_there))
    answer = await portal.browser.get(f"/alerts/{ID}")
    assert (answer.status_code, "outcomes" in answer.text) == (503, True)


async def test_a_correction_keeps_the_miss_that_an_attendance_makes_up() -> None:
    portal = Portal("counselor")
    answer = await portal.browser.get(f"/sessions/{ID}")
    kept = [one for one in Found(answer.text).fields if one.get("name") == "body.makes_up"]
    assert [(one["value"], "checked" in one) for one in kept] == [(ID, True)]


async def test_hours_just_below_a_level_are_not_rounded_up_to_it() -> None:
    portal = Portal("counselor")
    told = portal.services.answer

    async def short(request: httpx.Request) -> httpx.Response:
        body = (await told(request)).json()
        return httpx.Response(200, json=body | {"planned_minutes": 539, "minimum_minutes": 540})

    portal.app.state.api._http = httpx.AsyncClient(transport=httpx.MockTransport(short))
    answer = await portal.browser.get(f"/clients/{ID}/stay")
    assert "<dd>8.98</dd>" in answer.text
    assert "<dd>9.0 " in answer.text


@pytest.mark.parametrize("query", ["from=9999-12", "until=9999-12", "from=0001-01", "from=x"])
async def test_a_month_that_is_none_of_our_times_is_left_out(query: str) -> None:
    portal = Portal("site_manager")
    answer = await portal.browser.get(f"/program-measures/census?{query}")
    assert answer.status_code == 200


async def test_of_many_plans_the_newest_are_shown() -> None:
    portal = Portal("regional_operations")
    told = portal.services.answer

    async def many(request: httpx.Request) -> httpx.Response:
        body = (await told(request)).json()
        if request.url.path == "/plan-runs":
            (run,) = body["items"]
            body["items"] = [run | {"week": f"2026-W{n:02}"} for n in range(1, 41)]
        return httpx.Response(200, json=body)

    portal.app.state.api._http = httpx.AsyncClient(transport=httpx.MockTransport(many))
    answer = await portal.browser.get("/week?week=2026-W10")
    shown = re.findall(r"Week (2026-W\d\d)</a>", answer.text)
    assert shown == [f"2026-W{n:02}" for n in range(40, 20, -1)]


def test_what_an_answer_holds_goes_before_the_methods_of_dictionaries() -> None:
    template = ENVIRONMENT.from_string(
        "{{ one.keys }} {{ one.items }} {% for k, v in other.items() %}{{ k }}{{ v }}{% endfor %}"
    )
    told = template.render(one={"keys": 3, "items": 4}, other={"a": 1})
    assert told == "3 4 a1"
