"""Questionnaires that clients answer by a one-time link, without a token."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.conftest import MONDAY
from tests.support.flow import CALM_PHQ9, problem
from tests.support.questionnaires import (
    AUDIT_WORDS,
    FOURTEEN_DAYS_ON,
    NOTHING,
    Holder,
    Questionnaires,
    answered,
    etag,
)

SITE = UUID(int=7)
NOT_VALID = (401, "link-not-valid", None)
DESPAIR = [*NOTHING[:8], 1]


def keys(part: Any) -> set[str]:
    """Every name in a JSON document."""
    if isinstance(part, dict):
        return set(part).union(*map(keys, part.values()))
    return set().union(*map(keys, part)) if isinstance(part, list) else set()


async def test_a_client_answers_bit_by_bit_and_hands_in(questionnaires: Questionnaires):
    made = await questionnaires.assigned("phq-9")
    browser, version = await questionnaires.opened(made)
    form = answered(await browser.form())
    (part,) = form["parts"]
    assert part["items"][8]["text"].startswith("Thoughts that you would be better off dead")
    assert part["items"][8]["choices"][3] == {"value": 3, "label": "Nearly every day"}
    assert part["answers"] == NOTHING
    saved = answered(await browser.save([1, *NOTHING[1:]], version))
    assert saved["answers"] == [1, *NOTHING[1:]]
    resumed = answered(await browser.form())
    assert (resumed["parts"][0]["answers"], resumed["version"]) == (
        [1, *NOTHING[1:]],
        saved["version"],
    )
    saved = answered(await browser.save(CALM_PHQ9, saved["version"]))
    done = answered(await browser.complete(saved["version"]))
    assert done == {"state": "completed", "crisis": None, "version": saved["version"] + 1}
    (screening,) = await questionnaires.rows("screenings")
    assert screening["entered_by"] == f"link:{made['id']}"
    (response,) = await questionnaires.rows("responses")
    assert (response["mode"], response["language"]) == ("self", "en")
    assert await questionnaires.told() == ["ScreeningCompleted", "ReferralStateChanged"]
    assert problem(await browser.form()) == NOT_VALID
    assert problem(await browser.complete(done["version"])) == NOT_VALID


async def test_who_holds_a_link_is_shown_nobodys_name_or_id_and_no_score(
    questionnaires: Questionnaires,
):
    made = await questionnaires.assigned()
    secret, _ = await questionnaires.link(made)
    browser = questionnaires.browser()
    shown = [await browser.open(secret), await browser.form()]
    shown.append(await browser.save(CALM_PHQ9, shown[-1].json()["version"]))
    shown.append(await browser.complete(shown[-1].json()["version"]))
    for answer in shown:
        assert answer.status_code == 200
        for hidden in (made["client_id"], str(SITE), made["id"], "Example", "1988"):
            assert hidden not in answer.text
        assert not keys(answer.json()) & {"id", "client_id", "site_id", "result", "total", "band"}
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers


async def test_a_link_opens_once_also_when_two_browsers_come_at_once(
    questionnaires: Questionnaires,
):
    secret, _ = await questionnaires.link(await questionnaires.assigned())
    browsers = [questionnaires.browser() for _ in range(4)]
    answers = await asyncio.gather(*(browser.open(secret) for browser in browsers))
    assert sorted(a.status_code for a in answers) == [200, 401, 401, 401]
    assert problem(await questionnaires.browser().open(secret)) == NOT_VALID
    (winner,) = [b for b in browsers if b.session]
    assert (await winner.form()).status_code == 200


async def test_a_newer_link_ends_the_one_before_and_the_browser_that_opened_it(
    questionnaires: Questionnaires,
):
    made = await questionnaires.assigned()
    first, link = await questionnaires.link(made)
    second, link = await questionnaires.link(link)
    assert problem(await questionnaires.browser().open(first)) == NOT_VALID
    browser = questionnaires.browser()
    answered(await browser.open(second))
    saved = answered(await browser.save([2, *NOTHING[1:]], link["version"]))
    elsewhere, version = await questionnaires.opened({**made, "version": saved["version"]})
    assert problem(await browser.form()) == NOT_VALID
    assert problem(await browser.save(CALM_PHQ9, version)) == NOT_VALID
    assert problem(await browser.complete(version)) == NOT_VALID
    resumed = answered(await elsewhere.form())
    assert resumed["parts"][0]["answers"] == [2, *NOTHING[1:]]


async def test_a_link_has_to_be_opened_in_time_and_its_session_goes_on(
    questionnaires: Questionnaires,
):
    system = questionnaires.intake.system
    opened, _ = await questionnaires.opened(await questionnaires.assigned())
    late, link = await questionnaires.link(await questionnaires.assigned())
    assert link["valid_until"] == "2026-02-26T14:00:00Z"
    system.set_clock(MONDAY + timedelta(hours=72))
    assert problem(await questionnaires.browser().open(late)) == NOT_VALID
    assert (await opened.form()).status_code == 200
    system.set_clock(FOURTEEN_DAYS_ON)
    assert problem(await opened.form()) == NOT_VALID


async def test_a_link_is_never_good_for_longer_than_the_questionnaire(
    questionnaires: Questionnaires,
):
    made = await questionnaires.assigned()
    questionnaires.intake.system.set_clock(MONDAY + timedelta(days=13))
    _, link = await questionnaires.link(made)
    assert link["valid_until"] == made["expires_at"]


async def test_a_withdrawn_questionnaire_shuts_its_link_and_its_session(
    questionnaires: Questionnaires,
):
    made = await questionnaires.assigned()
    browser, version = await questionnaires.opened(made)
    answered(await questionnaires.post({**made, "version": version}, "withdrawal", "front_desk"))
    assert problem(await browser.form()) == NOT_VALID
    other = await questionnaires.assigned()
    secret, link = await questionnaires.link(other)
    answered(await questionnaires.post(link, "withdrawal"))
    assert problem(await questionnaires.browser().open(secret)) == NOT_VALID


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Link",
        "Link short",
        "Link " + "A" * 43,
        "Link " + "é" * 43,
        "Link " + "A" * 5000,
        "Session " + "A" * 43,
        "Bearer " + "A" * 43,
        "Basic bGluazpzZWNyZXQ=",
    ],
)
async def test_whatever_is_no_link_gets_the_same_answer(
    questionnaires: Questionnaires, header: str
):
    browser = questionnaires.browser()
    answers = [
        await browser.http.request(
            method, path, json=body, headers={"Authorization": header.encode("utf-8")}
        )
        for method, path, body in (
            ("POST", "/questionnaire/session", None),
            ("GET", "/questionnaire/form", None),
            ("PUT", "/questionnaire/answers/phq-9", {"answers": NOTHING}),
            ("POST", "/questionnaire/completion", None),
        )
    ]
    bodies = [{k: v for k, v in a.json().items() if k != "trace_id"} for a in answers]
    assert [a.status_code for a in answers] == [401] * 4
    assert all(body == bodies[0] for body in bodies)


async def test_a_link_is_no_session_and_a_session_no_link_nor_a_token(
    questionnaires: Questionnaires,
):
    made = await questionnaires.assigned()
    secret, _ = await questionnaires.link(made)
    browser = questionnaires.browser()
    assert problem(await Holder(browser.http, secret).form()) == NOT_VALID
    answered(await browser.open(secret))
    assert problem(await questionnaires.browser().open(browser.session)) == NOT_VALID
    for path in (f"/questionnaires/{made['id']}/answers", f"/clients/{made['client_id']}"):
        for scheme in ("Session", "Bearer"):
            answer = await browser.http.get(
                path, headers={"Authorization": f"{scheme} {browser.session}"}
            )
            assert answer.status_code == 401


async def test_no_secret_is_kept_but_its_hash(questionnaires: Questionnaires):
    secret, _ = await questionnaires.link(await questionnaires.assigned())
    browser = questionnaires.browser()
    answered(await browser.open(secret))
    (row,) = await questionnaires.rows("questionnaire_links")
    assert row["secret_hash"] == hashlib.sha256(secret.encode()).digest()
    assert row["session_hash"] == hashlib.sha256(browser.session.encode()).digest()
    for table in ("questionnaire_links", "platform.idempotency_keys", "platform.audit"):
        kept = str(await questionnaires.rows(table))
        assert secret not in kept
        assert browser.session not in kept


async def test_a_client_in_danger_is_shown_the_crisis_line_and_nothing_else(
    questionnaires: Questionnaires,
):
    browser, version = await questionnaires.opened(await questionnaires.assigned("phq-9", "gad-7"))
    assert answered(await browser.form())["crisis"] is None
    saved = answered(await browser.save(DESPAIR, version))
    assert saved["crisis"]["number"] == "988"
    assert answered(await browser.form())["crisis"] == saved["crisis"]
    other = answered(await browser.save([1] + [None] * 6, saved["version"], "gad-7"))
    assert other["crisis"] == saved["crisis"], "it stays, whatever else is answered"
    done = answered(await browser.complete(other["version"]))
    assert done["crisis"] == saved["crisis"]


async def test_a_client_who_takes_the_answer_back_is_not_shown_it_any_more(
    questionnaires: Questionnaires,
):
    browser, version = await questionnaires.opened(await questionnaires.assigned())
    saved = answered(await browser.save(DESPAIR, version))
    assert answered(await browser.save(CALM_PHQ9, saved["version"]))["crisis"] is None


async def test_a_client_and_staff_who_save_at_once_do_not_overwrite_each_other(
    questionnaires: Questionnaires,
):
    made = await questionnaires.assigned()
    browser, version = await questionnaires.opened(made)
    current = {**made, "version": version}
    answers = await asyncio.gather(
        browser.save([0, *NOTHING[1:]], version), questionnaires.save(current, [3, *NOTHING[1:]])
    )
    assert sorted(a.status_code for a in answers) == [200, 412]


@pytest.mark.parametrize(
    ("answers", "pointer"),
    [([7, *NOTHING[1:]], "/answers/0"), ([1], "/answers"), ("rubbish", "/answers")],
)
async def test_rubbish_of_a_client_is_refused_at_the_pointer(
    questionnaires: Questionnaires, answers: Any, pointer: str
):
    browser, version = await questionnaires.opened(await questionnaires.assigned())
    refused = problem(await browser.save(answers, version))
    assert (refused[0], refused[2]) == (422, pointer)
    assert [part["answers"] for part in await questionnaires.rows("questionnaire_parts")] == [None]
    assert problem(await browser.save(NOTHING, version, "gad-7"))[:2] == (404, "not-found")
    assert problem(await browser.save(NOTHING, version, "GAD"))[0] == 422
    without = await browser.http.put(
        "/questionnaire/answers/phq-9", json={"answers": NOTHING}, headers=browser.headers()
    )
    assert without.status_code == 428


async def test_what_a_client_does_is_noted_under_the_link(questionnaires: Questionnaires):
    made = await questionnaires.assigned()
    browser, version = await questionnaires.opened(made)
    answered(await browser.save(CALM_PHQ9, version))
    noted = answered(
        await questionnaires.staff("auditor").get(f"/clients/{made['client_id']}/accesses")
    )["items"]
    assert {(n["operation"], n["kind"]) for n in noted if n["subject"] == f"link:{made['id']}"} == {
        ("open_own_questionnaire", "change"),
        ("show_own_questionnaire", "read"),
        ("record_own_answers", "change"),
    }
    assert {n["role"] for n in noted} == {"front_desk", "client"}
    assert all(n["site_id"] == str(SITE) for n in noted)


async def test_a_form_without_wording_is_not_shown_and_is_scored_all_the_same(
    questionnaires: Questionnaires,
):
    made = await questionnaires.assigned("phq-9", "audit")
    for answer in (
        await questionnaires.post(made, "links"),
        await questionnaires.staff().get(f"/questionnaires/{made['id']}/form"),
    ):
        assert problem(answer)[:2] == (409, "wording-missing")
        assert "audit 1.0 in en" in answer.json()["detail"]
    assert await questionnaires.rows("questionnaire_links") == []
    answers = [0] + [None] * 7 + [0, 0]
    saved = answered(await questionnaires.save(made, answers, "audit"))
    done = answered(await questionnaires.post(saved, "completion"))
    assert done["state"] == "completed"


async def test_a_sites_own_wording_is_asked_in_place_of_ours(questionnaires: Questionnaires):
    manager = questionnaires.staff("site_manager")
    path = f"/sites/{SITE}/wordings/audit/1.0/en"
    missing = await manager.get(path)
    assert (missing.json()["source"], missing.headers["etag"]) == ("missing", '"0"')
    ours = answered(await manager.get(f"/sites/{SITE}/wordings/phq-9/1.0/en"))
    assert (ours["source"], ours["version"]) == ("shipped", 0)
    entered = answered(await manager.put(path, AUDIT_WORDS, etag='"0"'))
    assert (entered["source"], entered["version"]) == ("site", 1)
    assert answered(await manager.get(path)) == entered
    made = await questionnaires.assigned("audit")
    browser, version = await questionnaires.opened(made)
    (part,) = answered(await browser.form())["parts"]
    assert part["items"][9]["text"] == "Question 10"
    assert part["items"][9]["choices"][1] == {"value": 2, "label": "Value 2"}
    assert part["title"] == "AUDIT"
    saved = answered(await browser.save([0] + [None] * 9, version, "audit"))
    assert saved["answers"][1:8] == ["not_asked"] * 7
    refused = await browser.save([0, 1] + [None] * 8, saved["version"], "audit")
    assert problem(refused) == (422, "not-asked", "/answers/1")
    changed = {**AUDIT_WORDS, "title": "About alcohol"}
    answered(await manager.put(path, changed, etag=etag(entered)))
    assert answered(await browser.form())["parts"][0]["title"] == "About alcohol"


async def test_of_two_who_enter_a_wording_one_is_told_to_read_it_first(
    questionnaires: Questionnaires,
):
    manager = questionnaires.staff("site_manager")
    path = f"/sites/{SITE}/wordings/audit/1.0/en"
    for tag, expected in (('"0"', [200, 412]), ('"1"', [200, 412])):
        done = await asyncio.gather(*(manager.put(path, AUDIT_WORDS, etag=tag) for _ in range(2)))
        assert sorted(a.status_code for a in done) == expected
    assert (await manager.put(path, AUDIT_WORDS)).status_code == 428
    (row,) = await questionnaires.rows("wordings")
    assert row["version"] == 2


def changed(place: int, **words: object) -> dict[str, Any]:
    items: list[Any] = [dict(item) for item in AUDIT_WORDS["items"]]
    items[place] |= words
    return {**AUDIT_WORDS, "items": items}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**AUDIT_WORDS, "items": AUDIT_WORDS["items"][:9]}, "/items"),
        (changed(8, labels={"0": "a", "1": "b", "2": "c", "4": "d"}), "/items/8/labels"),
        (changed(3, labels={"0": "Never"}), "/items/3/labels"),
        (changed(0, text="<b>How often</b> do you drink?"), "/items/0/text"),
        (changed(0, text="How often\u202e do you drink?"), "/items/0/text"),
        (changed(0, text="How often\x00?"), "/items/0/text"),
        (changed(0, text=" "), "/items/0/text"),
        (changed(0, text="x" * 601), "/items/0/text"),
        (changed(0, hint="x"), "/items/0/hint"),
        ({"items": AUDIT_WORDS["items"]}, "/permission"),
    ],
)
async def test_a_wording_that_could_not_be_asked_is_refused_at_the_pointer(
    questionnaires: Questionnaires, body: dict[str, Any], pointer: str
):
    manager = questionnaires.staff("site_manager")
    refused = await manager.put(f"/sites/{SITE}/wordings/audit/1.0/en", body, etag='"0"')
    assert (refused.status_code, problem(refused)[2]) == (422, pointer)
    assert await questionnaires.rows("wordings") == []


async def test_only_its_own_managers_and_leads_word_a_site(questionnaires: Questionnaires):
    path = f"/sites/{SITE}/wordings/audit/1.0/en"
    for role in ("front_desk", "counselor", "auditor", "regional_operations"):
        refused = await questionnaires.staff(role).put(path, AUDIT_WORDS, etag='"0"')
        assert refused.status_code == 403
    stranger = questionnaires.staff("site_manager", UUID(int=8))
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.put(path, AUDIT_WORDS, etag='"0"')).status_code == 404
    manager = questionnaires.staff("site_manager")
    unknown = f"/sites/{SITE}/wordings/audit/9.9/en"
    assert (await manager.put(unknown, AUDIT_WORDS, etag='"0"')).status_code == 404
    assert await questionnaires.rows("wordings") == []
    lead = questionnaires.staff("clinical_lead")
    assert (await lead.put(path, AUDIT_WORDS, etag='"0"')).status_code == 200
