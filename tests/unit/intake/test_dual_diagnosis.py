"""When a dual diagnosis is suspected, what a clinician makes of it, and what it asks for."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pydantic import ValidationError

from services.intake.dual_diagnosis.policy import DualDiagnosisPolicy, policy
from services.intake.dual_diagnosis.rules import (
    ASKING,
    NEXT,
    Diagnosis,
    DiagnosisStatus,
    Known,
    Screen,
    Status,
    after,
    needs,
    reconsider,
    within,
)
from services.intake.dual_diagnosis.schemas import REASONS, NewDecision, NewDiagnosis, Reason

NOON = datetime(2026, 2, 23, 12, tzinfo=UTC)
POLICY = policy()


def screen(
    instrument: str, positive: bool | None = True, band: str | None = None, at: datetime = NOON
) -> Screen:
    return Screen(instrument, positive, band, at)


def diagnosis(
    code: str, status: DiagnosisStatus = "active", medicated: bool = False, at: datetime = NOON
) -> Diagnosis:
    return Diagnosis(code, status, medicated, at)


def status_by(known: Known, status: Status = "none", since: datetime = NOON) -> Status:
    return reconsider(POLICY, status, since, known).status


@pytest.mark.parametrize("substance", ["audit", "audit-c", "dast-10", "F10.20", "F19.10", "F11.2"])
@pytest.mark.parametrize(
    "mental",
    ["phq-9", "phq-2", "gad-7", "gad-2", "pc-ptsd-5", "pcl-5", "F33.1", "F43.10", "F20", "F90.0"],
)
def test_one_finding_of_each_kind_is_suspected_and_one_alone_is_not(substance: str, mental: str):
    screens = [screen(one) for one in (substance, mental) if one[0] != "F"]
    diagnoses = [diagnosis(one) for one in (substance, mental) if one[0] == "F"]
    found = reconsider(POLICY, "none", NOON, Known(screens, diagnoses))
    assert found.status == "suspected"
    assert [one.found_in for one in found.substance_use] == [substance]
    assert [one.found_in for one in found.mental_health] == [mental]
    assert "dual_diagnosis_cohort" in found.needs
    for lone in (substance, mental):
        alone = Known(
            [one for one in screens if one.instrument == lone],
            [one for one in diagnoses if one.code == lone],
        )
        assert status_by(alone) == "none"
        assert reconsider(POLICY, "none", NOON, alone).needs == ()


@pytest.mark.parametrize(
    "known",
    [
        Known([screen("audit"), screen("phq-9", False)], []),
        Known([screen("audit"), screen("phq-9", None)], []),
        Known([screen("audit", None), screen("phq-9")], []),
        Known([screen("phq-9"), screen("gad-7")], []),
        Known([screen("audit"), screen("dast-10")], [diagnosis("F14.1")]),
        Known([screen("audit"), screen("bam")], []),
        Known([screen("audit")], [diagnosis("F33.1", "resolved")]),
        Known([screen("audit")], [diagnosis("F33.1", "refuted")]),
        Known([screen("phq-9")], [diagnosis("F10.20", "resolved")]),
        Known([screen("audit")], [diagnosis("F70"), diagnosis("I10"), diagnosis("F01.50")]),
        Known([], []),
    ],
)
def test_what_is_open_negative_or_past_counts_for_nothing(known: Known):
    assert status_by(known) == "none"


def test_a_disorder_in_remission_counts():
    assert (
        status_by(Known([], [diagnosis("F10.21", "in_remission"), diagnosis("F33.42")]))
        == "suspected"
    )


BOTH = Known([screen("audit"), screen("phq-9")], [])


@pytest.mark.parametrize(
    ("known", "status"),
    [
        (BOTH, "ruled_out"),
        (
            Known([screen("audit"), screen("phq-9", at=NOON + timedelta(seconds=1))], []),
            "suspected",
        ),
        (Known([screen("audit", at=NOON + timedelta(days=9)), screen("phq-9")], []), "suspected"),
        (Known([screen("phq-9", at=NOON + timedelta(days=9))], []), "ruled_out"),
        (
            Known([screen("audit")], [diagnosis("F33.1", at=NOON + timedelta(days=1))]),
            "suspected",
        ),
        (Known([screen("audit"), screen("phq-9", at=NOON - timedelta(days=1))], []), "ruled_out"),
    ],
)
def test_what_was_ruled_out_is_suspected_again_by_newer_evidence_only(known: Known, status: Status):
    assert status_by(known, "ruled_out") == status


def test_what_was_confirmed_stays_whatever_later_screens_say():
    negative = Known([screen("audit", False), screen("phq-9", False)], [])
    assert status_by(negative, "confirmed") == "confirmed"
    assert needs(POLICY, "confirmed", negative) == ("dual_diagnosis_cohort",)
    assert status_by(negative, "suspected") == "suspected"


@pytest.mark.parametrize(
    ("screens", "diagnoses", "asked"),
    [
        ([screen("phq-9", band="moderate")], [], set()),
        ([screen("pc-ptsd-5")], [], {"trauma_informed"}),
        ([screen("pcl-5")], [], {"trauma_informed"}),
        ([screen("pcl-5", False)], [], set()),
        ([], [diagnosis("F43.12")], {"trauma_informed"}),
        ([screen("phq-9", band="severe")], [], {"prescriber_visit"}),
        ([screen("gad-7", band="severe")], [], {"prescriber_visit"}),
        ([screen("dast-10", band="severe")], [], set()),
        ([], [diagnosis("F33.1", medicated=True)], {"prescriber_visit"}),
        ([], [diagnosis("F33.1", "refuted", medicated=True)], set()),
        (
            [screen("pcl-5"), screen("phq-9", band="severe")],
            [],
            {"trauma_informed", "prescriber_visit"},
        ),
    ],
)
@pytest.mark.parametrize("status", get_args(Status))
def test_findings_ask_for_what_the_policy_says(
    screens: list[Screen], diagnoses: list[Diagnosis], asked: set[str], status: Status
):
    found = needs(POLICY, status, Known(screens, diagnoses))
    expected = {"dual_diagnosis_cohort", *asked} if status in ASKING else set()
    assert set(found) == expected


def test_codes_belong_to_ranges_by_their_category():
    ranges = POLICY.substance_use.diagnoses
    assert [within(code, ranges) for code in ("F10", "F19.99", "F09", "F20.0", "G10.1")] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize("code", ["F10", "F10.20", "F43.10", "U07.1", "C7A.00", "T40.1X1A"])
def test_icd_10_cm_codes_are_taken(code: str):
    assert NewDiagnosis(code=code).code == code


@pytest.mark.parametrize(
    "code", ["", "F1", "f10.20", "F10.", "F10.20XXX", "10.2", "F10 20", "303.90", "F10.20\n"]
)
def test_what_is_no_icd_10_cm_code_is_refused(code: str):
    with pytest.raises(ValidationError):
        NewDiagnosis(code=code)


@pytest.mark.parametrize("decision", ["confirm", "rule_out"])
@pytest.mark.parametrize("reason", get_args(Reason))
def test_a_reason_fits_the_decision(decision: Any, reason: Any):
    if reason in REASONS[decision]:
        assert NewDecision(decision=decision, reason=reason).reason == reason
    else:
        with pytest.raises(ValidationError, match="other decision"):
            NewDecision(decision=decision, reason=reason)


def test_every_reason_belongs_to_a_decision():
    assert set(get_args(Reason)) == REASONS["confirm"] | REASONS["rule_out"]


@pytest.mark.parametrize(
    "change",
    [
        {"needs": [{"need": "trauma_informed"}, {"need": "trauma_informed"}]},
        {"needs": [{"need": "a_dog"}]},
        {"substance_use": {"diagnoses": [{"from": "F19", "to": "F10"}]}},
        {"substance_use": {"diagnoses": [{"from": "F1", "to": "F19"}]}},
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(change: dict[str, Any]):
    data = POLICY.model_dump(by_alias=True)
    assert DualDiagnosisPolicy.model_validate(data) == POLICY
    with pytest.raises(ValidationError):
        DualDiagnosisPolicy.model_validate(data | change)


def test_all_instruments_of_the_policy_matter():
    assert set(POLICY.substance_use.screens) | set(POLICY.mental_health.screens) == POLICY.screens


class Course(RuleBasedStateMachine):
    """Evidence and decisions in any order."""

    @initialize()
    def nothing_is_known(self) -> None:
        self.status: Status = "none"
        self.since = self.now = NOON
        self.screens: dict[str, Screen] = {}
        self.ever: set[Status] = {"none"}

    def become(self, status: Status | None) -> None:
        if status is not None and status != self.status:
            self.status, self.since = status, self.now
            self.ever.add(status)

    @rule(
        instrument=st.sampled_from(["audit", "phq-9", "pcl-5", "bam"]),
        positive=st.sampled_from([True, False, None]),
        days=st.integers(0, 3),
    )
    def screened(self, instrument: str, positive: bool | None, days: int) -> None:
        self.now += timedelta(days=days)
        self.screens[instrument] = screen(instrument, positive, at=self.now)
        before = self.status
        known = Known([*self.screens.values()], [])
        found = reconsider(POLICY, before, self.since, known)
        if before in ("suspected", "confirmed"):
            assert found.status == before
        if before == "ruled_out" and found.status == "suspected":
            assert any(one.positive and one.answered_at > self.since for one in known.screens)
        self.become(found.status)

    @rule(decision=st.sampled_from(["confirm", "rule_out"]))
    def decide(self, decision: Any) -> None:
        before = self.status
        self.become(after(before, decision))
        if before == "none":
            assert self.status == "none"
        if self.status == "confirmed":
            assert before in ("suspected", "confirmed")

    @invariant()
    def nothing_is_decided_that_was_not_suspected(self) -> None:
        if self.ever & {"confirmed", "ruled_out"}:
            assert "suspected" in self.ever

    @invariant()
    def something_is_asked_for_only_while_there_is_something(self) -> None:
        asked = needs(POLICY, self.status, Known([*self.screens.values()], []))
        assert bool(asked) == (self.status in ("suspected", "confirmed"))


TestCourse = Course.TestCase
TestCourse.settings = settings(max_examples=30, stateful_step_count=20)


def test_no_way_leads_back_to_none():
    assert all("none" not in ways.values() for ways in NEXT.values())
