"""What a consent is worth at an instant, and what may be disclosed by it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.intake.consents.rules.expiry import end_of_day, outlasts_disposition
from services.intake.consents.rules.permits import ORDER, Consent, Decision, Recipient, permits
from services.intake.consents.rules.states import NEXT, Happening, State, after, state_at

T = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ONE, TWO = UUID(int=1), UUID(int=2)
TPO = "treatment_payment_operations"
EVERYTHING = frozenset(("attendance", "diagnoses", "treatment_plan"))
HOSPITAL = Recipient("Example Hospital", frozenset(("treating_providers",)), treats_client=True)
PLAN = Recipient("Example Plan", frozenset(("health_plans",)))
COURT = Recipient("Example County Court")
RELATIVE = Recipient("Relative 01 Example")


def consent(form: str = TPO, **changed: Any) -> Consent:
    given: dict[str, dict[str, Any]] = {
        TPO: {
            "purposes": {"treatment", "payment", "health_care_operations"},
            "classes": {"treating_providers", "health_plans"},
        },
        "named_recipient": {
            "purposes": {"coordination_with_family"},
            "names": {"relative 01 example"},
            "information": {"attendance"},
        },
        "intermediary": {
            "purposes": {"treatment"},
            "intermediary": "example exchange",
            "names": {"example clinic"},
            "members_who_treat": True,
        },
        "counseling_notes": {
            "purposes": {"treatment"},
            "names": {"example hospital"},
            "information": {"counseling_notes"},
        },
        "legal_proceedings": {
            "purposes": {"legal_proceedings"},
            "names": {"example county court"},
        },
    }
    made: dict[str, Any] = {
        "id": ONE,
        "form": form,
        "state": "granted",
        "granted_at": T,
        "ended_at": None,
        "expires_at": None,
        "information": EVERYTHING,
        **given.get(form, {}),
        **changed,
    }
    return Consent(**{k: frozenset(v) if isinstance(v, set) else v for k, v in made.items()})


def asked(
    consents: list[Consent],
    purpose: str = "treatment",
    recipient: Recipient = HOSPITAL,
    information: frozenset[str] | set[str] = frozenset(("attendance",)),
    at: datetime = T,
) -> tuple[bool, str]:
    decision = permits(consents, purpose, recipient, information, at)
    return decision.allowed, decision.why


def test_a_job_that_was_queued_before_a_revocation_discloses_nothing_after_it():
    revoked = consent(state="revoked", ended_at=T + 5 * MINUTE)
    queued_at, runs_at = T + 4 * MINUTE, T + 6 * MINUTE
    assert asked([revoked], at=queued_at) == (True, "allowed")
    assert asked([revoked], at=runs_at) == (False, "revoked")
    assert asked([revoked], at=T + 5 * MINUTE) == (False, "revoked")


@pytest.mark.parametrize("state", ["revoked", "superseded", "expired"])
def test_what_ended_tells_how(state: State):
    ended = consent(state=state, ended_at=T + MINUTE)
    assert asked([ended], at=T + MINUTE) == (False, state)
    assert asked([ended], at=T) == (True, "allowed")


def test_the_last_day_ends_a_consent_though_nobody_wrote_it_down():
    due = consent(expires_at=T + MINUTE)
    assert asked([due], at=T + MINUTE - timedelta(microseconds=1)) == (True, "allowed")
    assert asked([due], at=T + MINUTE) == (False, "expired")


def test_nothing_is_allowed_before_it_was_given():
    assert asked([consent()], at=T - MINUTE) == (False, "not_granted_yet")


OWN = "separate_form_needed"
SOMETHING = {"attendance"}
NOTES = {"counseling_notes"}


def through(recipient: Recipient, intermediary: str) -> Recipient:
    return replace(recipient, through=intermediary)


BY_EXAMPLE = through(HOSPITAL, "EXAMPLE exchange")
PLAN_BY_EXAMPLE = through(PLAN, "Example Exchange")
CLINIC = Recipient("Example Clinic", through="Example Exchange")
AS_WRITTEN = replace(RELATIVE, name=" RELATIVE  01 example ")
FAMILY = "coordination_with_family"


@pytest.mark.parametrize(
    ("form", "purpose", "recipient", "information", "why"),
    [
        (TPO, "treatment", HOSPITAL, EVERYTHING, "allowed"),
        (TPO, "payment", PLAN, SOMETHING, "allowed"),
        (TPO, "payment", RELATIVE, SOMETHING, "other_recipient"),
        (TPO, "employment", PLAN, SOMETHING, "other_purpose"),
        (TPO, "payment", PLAN, {"toxicology"}, "other_information"),
        (TPO, "payment", PLAN, set(), "no_consent"),
        (TPO, "treatment", HOSPITAL, NOTES, OWN),
        (TPO, "treatment", HOSPITAL, NOTES | SOMETHING, OWN),
        (TPO, "legal_proceedings", COURT, SOMETHING, OWN),
        (TPO, "treatment", BY_EXAMPLE, SOMETHING, "other_recipient"),
        ("named_recipient", FAMILY, RELATIVE, SOMETHING, "allowed"),
        ("named_recipient", FAMILY, AS_WRITTEN, SOMETHING, "allowed"),
        ("named_recipient", FAMILY, COURT, SOMETHING, "other_recipient"),
        ("named_recipient", "treatment", RELATIVE, SOMETHING, "other_purpose"),
        ("named_recipient", FAMILY, RELATIVE, EVERYTHING, "other_information"),
        ("named_recipient", "legal_proceedings", RELATIVE, SOMETHING, OWN),
        ("counseling_notes", "treatment", HOSPITAL, NOTES, "allowed"),
        ("counseling_notes", "treatment", HOSPITAL, NOTES | SOMETHING, "other_information"),
        ("counseling_notes", "treatment", HOSPITAL, SOMETHING, OWN),
        ("legal_proceedings", "legal_proceedings", COURT, SOMETHING, "allowed"),
        ("legal_proceedings", "treatment", COURT, SOMETHING, OWN),
        ("intermediary", "treatment", BY_EXAMPLE, SOMETHING, "allowed"),
        ("intermediary", "treatment", CLINIC, SOMETHING, "allowed"),
        ("intermediary", "treatment", HOSPITAL, SOMETHING, "other_recipient"),
        ("intermediary", "treatment", through(HOSPITAL, "Other"), SOMETHING, "other_recipient"),
        ("intermediary", "treatment", PLAN_BY_EXAMPLE, SOMETHING, "other_recipient"),
        ("treatment", "treatment", HOSPITAL, SOMETHING, "no_consent"),
        ("contact_channels", "treatment", HOSPITAL, SOMETHING, "no_consent"),
    ],
)
def test_what_a_form_allows(
    form: str, purpose: str, recipient: Recipient, information: set[str], why: str
):
    answer = asked([consent(form)], purpose, recipient, information)
    assert answer == (why == "allowed", why)


def test_members_that_treat_are_allowed_only_where_they_were_designated():
    named = consent("intermediary", members_who_treat=False)
    assert asked([named], recipient=replace(HOSPITAL, through="Example Exchange")) == (
        False,
        "other_recipient",
    )


def test_without_any_consent_nothing_is_allowed():
    assert permits([], "treatment", HOSPITAL, {"attendance"}, T) == Decision(
        False, None, "no_consent"
    )


def test_two_consents_do_not_add_up():
    halves = [
        consent("named_recipient", id=ONE),
        consent("named_recipient", id=TWO, information={"diagnoses"}),
    ]
    both = {"attendance", "diagnoses"}
    assert asked(halves, "coordination_with_family", RELATIVE, both) == (False, "other_information")


def test_the_reason_is_that_of_the_consent_that_came_closest():
    far = consent("named_recipient", id=ONE)
    near = consent(id=TWO, state="revoked", ended_at=T + MINUTE)
    for order in ([far, near], [near, far]):
        decision = permits(order, "treatment", HOSPITAL, {"attendance"}, T + MINUTE)
        assert decision == Decision(False, TWO, "revoked")


def test_of_two_that_allow_the_later_one_is_named():
    first, second = consent(id=TWO), consent(id=ONE, granted_at=T + MINUTE)
    for order in ([first, second], [second, first]):
        decision = permits(order, "treatment", HOSPITAL, {"attendance"}, T + MINUTE)
        assert decision == Decision(True, ONE, "allowed")


FORMS = (
    TPO,
    "named_recipient",
    "intermediary",
    "counseling_notes",
    "legal_proceedings",
    "treatment",
    "contact_channels",
)
instants = st.integers(-3, 8).map(lambda n: T + n * MINUTE)


def drawn(form: str, n: int, ended: datetime, state: State, expires: datetime | None) -> Consent:
    ended_at = None if state == "granted" else ended
    return consent(form, id=UUID(int=n), ended_at=ended_at, state=state, expires_at=expires)


any_consent = st.builds(
    drawn,
    st.sampled_from(FORMS),
    st.integers(1, 9),
    instants,
    st.sampled_from(list(NEXT)),
    st.none() | instants,
)
questions = st.tuples(
    st.sampled_from(["treatment", "payment", "coordination_with_family", "legal_proceedings"]),
    st.sampled_from(
        [HOSPITAL, PLAN, COURT, RELATIVE, replace(HOSPITAL, through="Example Exchange")]
    ),
    st.sets(st.sampled_from(["attendance", "diagnoses", "counseling_notes"])),
)


@given(st.lists(any_consent, max_size=4), questions, instants)
def test_a_disclosure_is_allowed_by_one_consent_that_holds_and_in_any_order(
    consents: list[Consent], question: tuple[str, Recipient, set[str]], at: datetime
):
    purpose, recipient, information = question
    decision = permits(consents, purpose, recipient, information, at)
    assert decision.allowed == (decision.why == "allowed")
    assert decision.why in ORDER
    backwards = permits(reversed(consents), purpose, recipient, information, at)
    assert (backwards.allowed, backwards.why) == (decision.allowed, decision.why)
    alone = [permits([one], purpose, recipient, information, at).allowed for one in consents]
    assert decision.allowed == any(alone)
    if decision.allowed:
        (named, *_) = [one for one in consents if one.id == decision.consent_id]
        assert named.form not in ("treatment", "contact_channels")


@given(any_consent, questions, instants, instants)
def test_what_ended_never_allows_anything_again(
    one: Consent, question: tuple[str, Recipient, set[str]], earlier: datetime, later: datetime
):
    if later <= earlier or earlier < one.granted_at:
        return
    before, after_it = (permits([one], *question, at).allowed for at in (earlier, later))
    assert before or not after_it


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (date(2026, 2, 23), "America/Denver", "2026-02-24T07:00"),
        (date(2026, 3, 8), "America/Denver", "2026-03-09T06:00"),
        (date(2026, 11, 1), "America/Denver", "2026-11-02T07:00"),
        (date(2026, 9, 5), "America/Santiago", "2026-09-06T04:00"),
        (date(2026, 12, 31), "UTC", "2027-01-01T00:00"),
    ],
)
def test_a_day_ends_when_the_next_begins_at_the_site(day: date, zone: str, instant: str):
    assert end_of_day(day, zone) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("on", "event", "disposition", "outlasts"),
    [
        (None, "final_disposition", None, False),
        (None, "final_disposition", date(2026, 6, 1), False),
        (None, "end_of_treatment", date(2026, 6, 1), True),
        (None, None, None, True),
        (date(2026, 6, 1), None, date(2026, 6, 1), False),
        (date(2026, 6, 2), None, date(2026, 6, 1), True),
        (date(2026, 5, 1), None, None, True),
    ],
)
def test_a_court_referral_lasts_to_the_final_disposition_at_the_longest(
    on: date | None, event: str | None, disposition: date | None, outlasts: bool
):
    assert outlasts_disposition(on, event, disposition) is outlasts


def test_an_end_is_for_good():
    ends: tuple[Happening, ...] = ("revoke", "expire", "supersede")
    assert [after("granted", one) for one in ends] == ["revoked", "expired", "superseded"]
    for state in NEXT:
        assert state == "granted" or all(after(state, one) is None for one in ends)


@pytest.mark.parametrize("state", list(NEXT))
def test_the_state_that_counts_is_that_at_the_instant(state: State):
    assert state_at(state, None, T) == state
    assert state_at(state, T + MINUTE, T) == state
    assert state_at(state, T, T) == ("expired" if state == "granted" else state)


class OneConsent(RuleBasedStateMachine):
    """A consent that is revoked, replaced and expired in any order, beside what should be true."""

    @initialize(days=st.none() | st.integers(1, 5))
    def give(self, days: int | None) -> None:
        self.now = T
        self.ended: list[State] = []
        self.held = consent(expires_at=None if days is None else T + timedelta(days=days))

    @rule(hours=st.integers(1, 40))
    def time_goes_on(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @precondition(
        lambda self: state_at(self.held.state, self.held.expires_at, self.now) == "granted"
    )
    @rule(happening=st.sampled_from(["revoke", "supersede"]))
    def end_it(self, happening: Happening) -> None:
        state = after(self.held.state, happening)
        assert state is not None
        self.ended.append(state)
        self.held = replace(self.held, state=state, ended_at=self.now)

    @precondition(
        lambda self: state_at(self.held.state, self.held.expires_at, self.now) != self.held.state
    )
    @rule()
    def the_job_comes(self) -> None:
        self.ended.append("expired")
        self.held = replace(self.held, state="expired", ended_at=self.held.expires_at)

    @rule(happening=st.sampled_from(["revoke", "supersede", "expire"]))
    def nothing_follows_an_end(self, happening: Happening) -> None:
        if self.held.state != "granted":
            assert after(self.held.state, happening) is None

    @invariant()
    def it_ends_once_and_allows_only_before(self) -> None:
        state = state_at(self.held.state, self.held.expires_at, self.now)
        assert len(self.ended) <= 1
        assert asked([self.held], at=self.now) == (
            state == "granted",
            "allowed" if state == "granted" else state,
        )


TestOneConsent = OneConsent.TestCase
TestOneConsent.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
