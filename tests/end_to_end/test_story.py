"""The main job on real input: from referral to step-down, as the services tell it afterwards."""

import json
from datetime import datetime, timedelta
from email import message_from_bytes
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.settings import SERVICES
from stepwell.completeness import prove
from tests.support.installed import Installed, name_of

Found = dict[str, Any]
COHORT = {
    "track": "general",
    "gender_group": None,
    "capacity": 12,
    "dual_diagnosis_trained": False,
}
ASSESSED = (
    "ReferralReceived",
    "ScreeningCompleted",
    "ReferralStateChanged",
    "DualDiagnosisChanged",
    "LevelOfCareDetermined",
    "LevelOfCareSigned",
    "ReferralStateChanged",
)
STREAMS = ("intake", "contacts", "scheduling", "notifications", "outcomes")


@pytest.fixture(scope="module")
def steps_down(told: Installed) -> str:
    """The client who is recommended to step down."""
    return str(told.clients()["Client 1-01"]["id"])


@pytest.fixture(scope="module")
def dual_diagnosis(told: Installed) -> str:
    """The client who needs a co-occurring disorders program."""
    return str(told.clients()["Client 1-02"]["id"])


@pytest.fixture(scope="module")
def needs_more(told: Installed) -> str:
    """The client for whom intensive outpatient treatment is not enough."""
    return str(told.clients()["Client 1-03"]["id"])


def names(told: Installed, stream: str, client: str) -> list[str]:
    return [name_of(event) for event in told.events(stream, client)]


def apart(found: list[str], prefix: str) -> tuple[list[str], list[str]]:
    """The names that begin so, and the others: jobs and attendance tell these at their own time."""
    of_it = [name for name in found if name.startswith(prefix)]
    return of_it, [name for name in found if not name.startswith(prefix)]


def test_intake_tells_the_way_of_the_client_who_steps_down(
    told: Installed, steps_down: str
) -> None:
    of_units, others = apart(names(told, "intake", steps_down), "AuthorizationChanged")
    assert len(of_units) == 1 + 8, "when it was entered, and for each day that took a unit"
    due, others = apart(others, "QuestionnaireDue")
    closed, others = apart(others, "QuestionnaireClosed")
    assert len(due) == 3, "each week what is due is asked"
    assert len(closed) == 2, "what staff enter answers it too"
    assert others == [
        *ASSESSED,
        "ConsentGranted",
        "ConsentGranted",
        "ReferralStateChanged",
        "ClientEnrolled",
        "ScreeningCompleted",
        "EpisodeStateChanged",
        "ScreeningCompleted",
        "ScreeningCompleted",
        "AuthorizationRunningOut",
        "EpisodeStateChanged",
        "ConsentExpired",
        "ConsentExpired",
        "ClientSteppedDown",
    ]
    states = [
        (found["from_state"], found["to_state"])
        for event in told.events("intake", steps_down)
        if name_of(event) == "EpisodeStateChanged"
        for found in [json.loads(event["data"])]
    ]
    assert states == [("enrolled", "active"), ("active", "stepped_down")]
    assert names(told, "contacts", steps_down) == ["ContactDetailsChanged"]


def test_scheduling_places_the_client_and_expects_them_until_the_step_down(
    told: Installed, steps_down: str
) -> None:
    attended = ["SessionAttended"] * 7
    of_weeks, others = apart(names(told, "scheduling", steps_down), "WeeklyHours")
    assert of_weeks == [
        *("WeeklyHoursAtRisk", "WeeklyHoursShort"),  # the week of the miss
        *("WeeklyHoursAtRisk", "WeeklyHoursShortageLifted"),  # the one after the end of the plan
    ]
    assert others == [
        "ClientPlaced",
        *(["SessionScheduled"] * 12),
        "SessionAttended",
        "SessionMissed",
        *attended,
        "PlacementEnded",
        *(["SessionCancelled"] * 3),
    ]


def test_the_recommendation_is_explained_and_decided(told: Installed, steps_down: str) -> None:
    of_measures, others = apart(names(told, "outcomes", steps_down), "Measure")
    assert others == ["StepDownRecommended", "StepDownDecided", "RecommendationDecided"]
    assert of_measures.count("MeasureDue") >= of_measures.count("MeasureOverdue") > 0
    (recommendation,) = told.items(
        "outcomes", "/recommendations", client_id=steps_down, kind="step_down"
    )
    assert (recommendation["from_level"], recommendation["to_level"]) == ("2.1", "1.5")
    assert {c["name"] for c in recommendation["criteria"]} == {
        "weeks_observed",
        "attendance_rate",
        "no_recent_miss",
        "phq_9",
        "gad_7",
        "no_open_risk_flag",
        "goals_reached",
    }
    for criterion in recommendation["criteria"]:
        assert criterion["met"], criterion
        assert criterion["observed"], criterion
        assert criterion["required"], criterion
        assert criterion["source"], criterion
    assert recommendation["policy"] == {"id": "level-2.1", "version": "2"}
    assert recommendation["state"] == "accepted"
    (enrolment,) = told.items("intake", f"/clients/{steps_down}/enrolments")
    assert enrolment["state"] == "stepped_down"


def test_scores_fall_from_week_to_week(told: Installed, steps_down: str) -> None:
    screenings = told.items("intake", f"/clients/{steps_down}/screenings")
    for instrument, totals in (("phq-9", [15, 13, 10, 6]), ("gad-7", [12, 11, 8, 5])):
        assert [
            result["total"]
            for screening in screenings
            for result in screening["results"]
            if result["instrument"] == instrument
        ] == totals
    assert {r["instrument"] for r in screenings[0]["results"]} == {
        "phq-9",
        "gad-7",
        "audit-c",
        "dast-10",
    }


def test_a_risk_is_told_to_staff_and_seen_to_by_a_clinician(told: Installed) -> None:
    flags = [
        flag
        for client in told.clients().values()
        for flag in told.items("intake", f"/clients/{client['id']}/risk-flags")
    ]
    assert {flag["kind"] for flag in flags} == {"suicide_risk"}
    assert all(flag["state"] == "acknowledged" and flag["action"] for flag in flags)
    assert any(flag["step"] > 0 for flag in flags)


def test_units_move_by_attendance(told: Installed, steps_down: str) -> None:
    (granted,) = told.items("intake", f"/clients/{steps_down}/authorizations")
    assert (granted["units_granted"], granted["units_used"], granted["units_left"]) == (10, 8, 2)
    assert "units" in granted["alarms"]


def test_a_dual_diagnosis_leads_to_a_trained_cohort(told: Installed, dual_diagnosis: str) -> None:
    (placement,) = told.items("scheduling", "/placements", client_id=dual_diagnosis)
    assert placement["track"] == "dual_diagnosis"
    assert all(criterion["met"] for criterion in placement["criteria"])
    assert told.get("scheduling", f"/cohorts/{placement['cohort_id']}")["dual_diagnosis_trained"]


def test_who_needs_a_higher_level_is_not_enrolled(told: Installed, needs_more: str) -> None:
    assert names(told, "intake", needs_more) == [*ASSESSED, "ReferralStateChanged"]
    (referral,) = told.items("intake", f"/clients/{needs_more}/referrals")
    assert (referral["state"], referral["reason"]) == ("redirected", "higher_level_needed")
    (found,) = told.items("intake", f"/clients/{needs_more}/level-of-care-determinations")
    assert found["recommended_level"] == "3.5"
    assert any(not criterion["met"] for criterion in found["criteria"])
    assert names(told, "scheduling", needs_more) == []


def test_a_missed_session_leads_to_one_message_at_once(told: Installed, steps_down: str) -> None:
    (missed,) = (e for e in told.events("scheduling", steps_down) if name_of(e) == "SessionMissed")
    (message,) = told.items(
        "notifications",
        "/notifications",
        client_id=steps_down,
        kind="missed_session_outreach",
    )
    assert (message["state"], message["channel"]) == ("delivered", "email")
    assert message["session_id"] in missed["data"]
    assert datetime.fromisoformat(message["ended_at"]) == datetime.fromisoformat(missed["time"])


def test_reminders_go_out_a_day_before_outside_quiet_hours(
    told: Installed, steps_down: str
) -> None:
    reminders = told.items(
        "notifications", "/notifications", client_id=steps_down, kind="session_reminder"
    )
    assert [one["state"] for one in reminders].count("cancelled") == 2
    for one in reminders:
        if one["state"] == "delivered":
            sent = datetime.fromisoformat(one["ended_at"])
            starts = datetime.fromisoformat(one["session_starts_at"])
            assert starts - sent == timedelta(hours=24)
            assert 8 <= sent.astimezone(ZoneInfo("America/New_York")).hour < 21


def test_the_clock_change_moves_no_session_on_the_wall(told: Installed) -> None:
    by_zone: dict[str, set[str]] = {}
    for site in told.items("scheduling", "/sites"):
        for cohort in told.items("scheduling", "/cohorts", site_id=site["id"]):
            for session in told.items("scheduling", "/sessions", cohort_id=cohort["id"]):
                assert session["local_start"] == "10:00"
                by_zone.setdefault(site["time_zone"], set()).add(session["starts_at"][11:16])
    assert by_zone == {
        "America/New_York": {"15:00", "14:00"},
        "America/Denver": {"17:00", "16:00"},
    }


def test_every_event_was_applied_and_no_sequence_has_a_gap(told: Installed) -> None:
    pending = {s: told.get(s, "/operations/pending", role="operator") for s in SERVICES}
    lines = prove(pending)
    assert lines
    assert all(line.complete for line in lines), lines
    for service, state in pending.items():
        assert (state["unpublished"], state["due"], state["dead_letters"]) == (0, 0, 0), service
    for client in told.clients().values():
        for stream in STREAMS:
            sequences = [event["sequence"] for event in told.events(stream, client["id"])]
            assert sequences == list(range(1, len(sequences) + 1)), (stream, client["id"])


def test_each_delivered_mail_is_in_the_folder_and_says_nothing_of_treatment(
    told: Installed,
) -> None:
    delivered = [
        message
        for message in told.items("notifications", "/notifications", state="delivered")
        if message["channel"] == "email"
    ]
    alerts = [
        alert
        for site in told.items("scheduling", "/sites")
        for alert in told.items(
            "notifications", f"/sites/{site['id']}/staff-alerts", role="clinical_lead"
        )
        if alert["state"] == "delivered"
    ]
    assert alerts, "somebody was told of a risk"
    mails = [message_from_bytes(path.read_bytes()) for path in told.state.mail.rglob("*.eml")]
    assert len(mails) == len(delivered) + len(alerts)
    for mail in mails:
        said = "".join(str(part.get_payload(decode=True)) for part in mail.walk())
        shown = f"{mail['Subject']} {said}".lower()
        for word in ("substance", "treatment", "recovery", "clinic", "group", "addiction"):
            assert word not in shown


def test_the_story_is_printed_with_what_the_services_say(told: Installed) -> None:
    text = " ".join(told.text.split())
    for sentence in (
        "was recommended to step down from 2.1 to 1.5 (policy level-2.1, version 2)",
        "the recommendation was accepted: agrees with recommendation.",
        "did not come; a message went out by email at 15:10.",
        "was found to need level 3.5",
        "got a seat in “Cohort 1, dual diagnosis”",
        "9 faulty requests were sent on purpose; 9 were refused:",
        "every one was applied by each service that reads it",
    ):
        assert sentence in text, told.text
    assert text.count("Stepwell is ready") == 1


def test_the_story_goes_on_with_other_clients_at_the_same_sites(told: Installed) -> None:
    before = told.run("clock", "show").stdout
    again = told.run("story")
    assert again.returncode == 0, again.stderr
    assert "run 2" in again.stdout
    assert len(told.items("scheduling", "/sites")) == 2
    assert len(told.clients()) == 24
    after = told.run("clock", "show").stdout
    gone = datetime.fromisoformat(after.strip()) - datetime.fromisoformat(before.strip())
    assert timedelta(weeks=2) < gone < timedelta(weeks=5)


def test_a_story_waits_until_the_cohorts_of_an_interrupted_one_are_over(told: Installed) -> None:
    (site, _) = told.items("scheduling", "/sites")
    left_over = told.post(
        "scheduling",
        "/cohorts",
        {**COHORT, "site_id": site["id"], "name": "Cohort 7, mixed"},
        role="regional_operations",
    )
    now = datetime.fromisoformat(told.run("clock", "show").stdout.strip())
    slot = {"weekday": 2, "starts": "10:00", "minutes": 180, "kind": "group", "topic": "Skills"}
    curriculum = told.post(
        "scheduling",
        f"/cohorts/{left_over['id']}/curriculum",
        {"starts_on": now.date().isoformat(), "weeks": 2, "slots": [slot]},
        role="regional_operations",
    )
    told.post(
        "scheduling",
        "/cohorts",
        {**COHORT, "site_id": site["id"], "name": "Cohort 7, without sessions"},
        role="regional_operations",
    )
    again = told.run("story")
    assert again.returncode == 0, again.stderr
    assert "run 8" in again.stdout
    (client,) = (c for label, c in told.clients().items() if label == "Client 8-01")
    referred = datetime.fromisoformat(client["created_at"])
    assert referred > datetime.fromisoformat(curriculum["last_ends_at"]) > now
    shown = told.get("scheduling", f"/cohorts/{left_over['id']}")
    assert shown["seats_taken"] == 0


def test_the_clock_moves_on_request_and_never_back(told: Installed) -> None:
    before = datetime.fromisoformat(told.run("clock", "show").stdout.strip())
    moved = told.run("clock", "advance", "36h")
    assert datetime.fromisoformat(moved.stdout.strip()) == before + timedelta(hours=36)
    back = told.run("clock", "advance", "--to", "2026-01-01T00:00:00Z")
    assert back.returncode == 2
    assert back.stderr.startswith("stepwell: The clock stands at ")
    assert back.stderr.count("\n") == 1
