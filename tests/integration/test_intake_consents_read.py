"""Consents as they are read: what they allow now, and who may see whom they name."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from stepwell.runtime.state import PROJECT
from tests.support.consents import (
    FILLED,
    consented,
    signed,
    staff,
    told,
)
from tests.support.flow import Intake, problem

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)
TPO = "treatment_payment_operations"


async def test_what_is_allowed_now_is_told_by_form_without_whom_it_names(intake: Intake):
    client = await intake.refer()
    desk, path = staff(intake), f"/clients/{client}/consents/in-force"
    nothing = (await desk.get(path)).json()
    assert (nothing["treatment"], nothing["consents"], nothing["contact_channels"]) == (
        False,
        [],
        None,
    )
    for form in FILLED:
        await consented(intake, client, form)
    answer = (await desk.get(path)).json()
    assert (answer["treatment"], answer[TPO]) == (True, True)
    assert {one["form"] for one in answer["consents"]} == set(FILLED)
    by_form = {one["form"]: one for one in answer["consents"]}
    assert "attendance" in by_form[TPO]["information"]
    assert "counseling_notes" not in by_form[TPO]["information"]
    channels = answer["contact_channels"]
    assert (channels["channels"], channels["voicemail"]) == (["sms", "voice"], "name_and_number")
    assert channels["sender_alias"] == "Northside Scheduling"
    assert "Relative" not in str(answer)


async def test_what_was_revoked_is_not_allowed_any_more(intake: Intake):
    client = await intake.refer()
    made = await consented(intake, client, "named_recipient")
    desk, path = staff(intake), f"/clients/{client}/consents/in-force"
    (named,) = (await desk.get(path)).json()["consents"]
    assert (named["consent_id"], named["purposes"]) == (made["id"], ["coordination_with_family"])
    await desk.post(f"/consents/{made['id']}/revocation", {"how": "written"}, etag='"1"')
    assert (await desk.get(path)).json()["consents"] == []


async def test_the_text_that_was_signed_is_shown_when_the_form_is_gone(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
):
    client = await intake.refer()
    made = await consented(intake, client)
    monkeypatch.setattr("services.intake.consents.checks.forms", dict)
    full = (await staff(intake, "auditor").get(f"/consents/{made['id']}")).json()
    assert full["text"]["title"] == "Consent to treatment"
    gone = await staff(intake).post(f"/clients/{client}/consents", signed())
    assert problem(gone) == (422, "unknown-form", "/form_version")


async def test_the_front_desk_enters_consents_and_sees_states_but_not_whom_they_name(
    intake: Intake,
):
    client = await intake.refer()
    made = await consented(intake, client, "named_recipient")
    assert (await staff(intake).get(f"/consents/{made['id']}")).status_code == 403
    for role in ("counselor", "clinical_lead", "site_manager", "auditor"):
        assert (await staff(intake, role).get(f"/consents/{made['id']}")).status_code == 200
    listed = await staff(intake).get(f"/clients/{client}/consents")
    assert "Relative" not in listed.text
    auditor = staff(intake, "auditor")
    assert (await auditor.post(f"/clients/{client}/consents", signed())).status_code == 403


async def test_consents_of_other_sites_are_not_there(intake: Intake):
    client = await intake.refer()
    made = await consented(intake, client)
    stranger = staff(intake, "counselor", OTHER_SITE)
    body = {"how": "written"}
    for answer in (
        await stranger.get(f"/consents/{made['id']}"),
        await stranger.get(f"/clients/{client}/consents"),
        await stranger.get(f"/clients/{client}/consents/in-force"),
        await stranger.post(f"/clients/{client}/consents", signed()),
        await stranger.post(f"/clients/{client}/consent-events", {"event": "final_disposition"}),
        await stranger.post(f"/consents/{made['id']}/revocation", body, etag='"1"'),
        await stranger.get(f"/clients/{uuid4()}/consents"),
    ):
        assert answer.status_code == 404
    assert await told(intake) == ["ConsentGranted"]


async def test_consents_are_listed_page_by_page(intake: Intake):
    client = await intake.refer()
    made = [(await consented(intake, client, "named_recipient"))["id"] for _ in range(3)]
    desk, path = staff(intake), f"/clients/{client}/consents"
    first = (await desk.get(path, limit=2)).json()
    second = (await desk.get(path, limit=2, cursor=first["next"])).json()
    assert [one["id"] for one in first["items"] + second["items"]] == sorted(made)
    assert second["next"] is None


async def test_who_read_a_consent_is_noted(intake: Intake):
    client = await intake.refer()
    made = await consented(intake, client)
    await staff(intake, "counselor").get(f"/consents/{made['id']}")
    rows = (await staff(intake, "auditor").get(f"/clients/{client}/accesses")).json()["items"]
    assert ("counselor-1", "show_consent", "read") in {
        (row["subject"], row["operation"], row["kind"]) for row in rows
    }


async def test_the_forms_are_listed_with_their_texts_and_digests(intake: Intake):
    listed = (await staff(intake).get("/consent-forms")).json()
    assert {(one["form"], one["language"]) for one in listed} == {
        (form, language) for form in FILLED for language in ("en", "es")
    }
    assert all(len(one["digest"]) == 64 for one in listed)
    words = (await staff(intake).get("/consent-vocabulary")).json()
    assert "end_of_treatment" in words["events"]


def test_a_service_does_not_start_with_a_form_that_lacks_an_element(tmp_path: Path):
    ours = PROJECT / "services" / "intake" / "consents" / "data" / "forms" / "treatment-1.yaml"
    lines = ours.read_text("utf-8").splitlines()
    own = tmp_path / "intake" / "consents" / "forms"
    own.mkdir(parents=True)
    (own / "treatment-1.yaml").write_text(
        "\n".join(line for line in lines if "name: expiry" not in line), "utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "services.intake"],
        env={**os.environ, "STEPWELL_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "treatment-1.yaml:" in done.stderr
    assert "The element expiry is missing" in done.stderr
