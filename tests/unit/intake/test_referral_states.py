"""Where a referral can go, what referrers may tell, and why referrals end."""

from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.strategies import sampled_from
from pydantic import TypeAdapter, ValidationError

from services.intake.contact_attempts.rules import untimely
from services.intake.referrals.checks import DetailsDoNotBelong, require_belonging
from services.intake.referrals.details import Details
from services.intake.referrals.policy import Catalog, KindOfReferrer, LegalStatus, catalog
from services.intake.referrals.rules import BY_STAFF, NEXT, OPEN, Happening, after, moves
from services.intake.referrals.schemas import FurtherReferral
from shared.contracts.intake import ReferralReason, ReferralSource, ReferralState, Referrer
from shared.datafiles import DataFileInvalid, parse
from tests.conftest import MONDAY

HAPPENINGS = get_args(Happening)
ORDER: list[ReferralState] = ["received", "contacted", "screening", "assessed"]
DETAILS: TypeAdapter[Any] = TypeAdapter(Details)
FACILITY = {"kind": "facility", "facility": "Facility 01"}
EXAMPLES: dict[str, dict[str, Any]] = {
    "facility": FACILITY,
    "court": {"kind": "court", "legal_status": "dui_dwi"},
    "employer": {"kind": "employer", "employee_assistance": True},
    "physician": {"kind": "physician", "practice": "Practice 01", "primary_care": False},
    "family": {"kind": "family", "relationship": "sibling"},
}


def test_the_table_knows_every_state_and_the_four_ends():
    assert set(NEXT) == set(get_args(ReferralState))
    assert tuple(ORDER) == OPEN
    assert {s for s in NEXT if s not in OPEN} == {"accepted", "redirected", "declined", "lost"}


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize(
    ("happening", "end"),
    [
        ("enrolled", "accepted"),
        ("redirect", "redirected"),
        ("decline", "declined"),
        ("lose", "lost"),
    ],
)
def test_from_every_open_state_a_referral_can_come_to_each_end(
    state: ReferralState, happening: Happening, end: ReferralState
):
    assert after(state, happening) == end


@pytest.mark.parametrize("happening", HAPPENINGS)
def test_nothing_leads_out_of_an_end(happening: Happening):
    for state in set(NEXT) - set(OPEN):
        assert after(state, happening) is None
        assert state not in moves(happening)


def test_a_person_never_sets_what_follows_from_what_is_done():
    assert set(BY_STAFF) == {"contacted", "redirected", "declined", "lost"}


class ReferralMachine(RuleBasedStateMachine):
    """Anything happens in any order."""

    @initialize()
    def receive(self) -> None:
        self.state: ReferralState = "received"
        self.furthest = 0

    @rule(happening=sampled_from(HAPPENINGS))
    def happens(self, happening: Happening) -> None:
        to = after(self.state, happening)
        if to is None:
            assert self.state not in moves(happening)
            return
        assert moves(happening)[self.state] == to
        self.state = to

    @precondition(lambda self: self.state in OPEN)
    @rule()
    def an_enrolment_is_always_possible(self) -> None:
        assert after(self.state, "enrolled") == "accepted"

    @invariant()
    def it_never_goes_back(self) -> None:
        if self.state in OPEN:
            assert ORDER.index(self.state) >= self.furthest
            self.furthest = ORDER.index(self.state)


ReferralMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=12)
TestReferralMachine = ReferralMachine.TestCase


def test_the_old_groups_follow_from_who_referred():
    groups = {who: kind.group for who, kind in catalog().referrers.items()}
    assert groups == {
        "residential": "residential",
        "inpatient": "hospital",
        "withdrawal_management": "hospital",
        "court": "court",
        "employer": "other",
        "physician": "provider",
        "family": "other",
        "self": "self",
        "other": "other",
    }
    assert set(groups.values()) == set(get_args(ReferralSource))


@pytest.mark.parametrize(
    ("referrer", "psource"),
    [("self", 1), ("family", 1), ("residential", 2), ("withdrawal_management", 2), ("inpatient", 3),
     ("physician", 3), ("employer", 5), ("other", 6), ("court", 7)],
)  # fmt: skip
def test_psource_of_the_teds_public_use_files(referrer: Referrer, psource: int):
    assert catalog().referrers[referrer].teds == psource


@pytest.mark.parametrize(
    ("status", "detcrim"),
    [
        ("state_or_federal_court", 1),
        ("formal_adjudication", 2),
        ("probation_or_parole", 3),
        ("other_legal_entity", 4),
        ("diversion_program", 5),
        ("prison", 6),
        ("dui_dwi", 7),
        ("other", 8),
    ],
)
def test_detcrim_of_the_teds_public_use_files(status: LegalStatus, detcrim: int):
    assert catalog().legal_statuses[status] == detcrim


@pytest.mark.parametrize("referrer", get_args(Referrer))
@pytest.mark.parametrize("kind", EXAMPLES)
def test_details_go_with_their_referrer_only(referrer: Referrer, kind: str):
    told = DETAILS.validate_python(EXAMPLES[kind])
    if catalog().referrers[referrer].details == kind:
        require_belonging(referrer, told)
        return
    with pytest.raises(DetailsDoNotBelong) as refused:
        require_belonging(referrer, told)
    assert refused.value.pointer == "/details/kind"


def test_no_details_go_with_anybody():
    for referrer in get_args(Referrer):
        require_belonging(referrer, None)


@pytest.mark.parametrize(
    "told",
    [
        {"kind": "facility"},
        FACILITY | {"facility": "\u200b"},
        FACILITY | {"facility": "x" * 101},
        FACILITY | {"planned_discharge_on": 1},
        FACILITY | {"planned_discharge_on": "2026-03-09T00:00:00Z"},
        FACILITY | {"level_of_care": "residential"},
        FACILITY | {"level_of_care": "5"},
        FACILITY | {"medication_treatment": {"medication": "buprenorphine"}},
        FACILITY | {"medication_treatment": {"medication": "tea", "prescriber_known": True}},
        FACILITY | {"legal_status": "prison"},
        {"kind": "court", "legal_status": "arrested"},
        {"kind": "school"},
        {},
    ],
)
def test_details_that_say_nothing_or_too_much_are_refused(told: dict[str, Any]):
    with pytest.raises(ValidationError):
        FurtherReferral.model_validate({"source": "residential", "details": told})


@pytest.mark.parametrize("source", ["hospital", "provider", "school", "", None])
def test_a_source_is_one_of_nine_words(source: object):
    with pytest.raises(ValidationError):
        FurtherReferral.model_validate({"source": source})


def test_every_reason_fits_an_end_and_only_a_lost_person_died():
    fits = catalog().endings
    assert {reason for reasons in fits.values() for reason in reasons} == set(
        get_args(ReferralReason)
    )
    assert [end for end, reasons in fits.items() if "died" in reasons] == ["lost"]
    assert [end for end, reasons in fits.items() if "entered_in_error" in reasons] == ["declined"]


def test_a_catalog_without_one_of_the_reasons_does_not_load():
    whole = catalog().model_dump_json()
    with pytest.raises(DataFileInvalid, match=r"referrals\.yaml:1: the file: died is missing"):
        parse(Catalog, whole.replace('"died"', '"incarcerated"'), "referrals.yaml")


def test_a_group_that_readers_do_not_know_is_refused():
    with pytest.raises(ValidationError):
        KindOfReferrer.model_validate({"group": "school", "teds": 4})


def test_an_attempt_lies_between_the_referral_and_now():
    second = timedelta(seconds=1)
    assert untimely(MONDAY, MONDAY, MONDAY) is None
    assert untimely(MONDAY - second, MONDAY, MONDAY) == "before_referral"
    assert untimely(MONDAY + second, MONDAY, MONDAY) == "in_future"
