"""Whom a step tells, when an alert is tried again, and what its text must not say."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.notifications.delivery.rules import (
    CallOff,
    Decision,
    GiveUp,
    Send,
    next_attempt,
)
from services.notifications.escalations.policy import (
    AlertPolicy,
    RegionalLeads,
    alert_policy,
    regional_leads,
)
from services.notifications.escalations.rules import Contacts, decide, told_at
from services.notifications.escalations.schemas import EscalationContacts, NewEscalationContacts
from shared.datafiles import DataFileInvalid, parse

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EXPIRES = NOON + 60 * MINUTE
BACKOFF = [m * MINUTE for m in (1, 2, 5, 10)]
NAMED = Contacts(["duty"], [["lead"], ["manager", "director"]])
REGION = replace(NAMED, regional_leads=["region"])


@pytest.mark.parametrize(
    ("contacts", "step", "told"),
    [
        (NAMED, 0, ["duty"]),
        (NAMED, 1, ["lead"]),
        (NAMED, 2, ["manager", "director"]),
        (NAMED, 3, ["manager", "director"]),
        (NAMED, 99, ["manager", "director"]),
        (REGION, 0, ["duty"]),
        (REGION, 2, ["manager", "director"]),
        (REGION, 3, ["region"]),
        (REGION, 99, ["region"]),
        (Contacts([], [["lead"]]), 0, []),
        (Contacts(), 0, [None]),
        (Contacts(), 1, [None]),
        (Contacts(regional_leads=["region"]), 0, [None]),
        (Contacts(regional_leads=["region"]), 1, ["region"]),
    ],
)
def test_whom_a_step_tells(contacts: Contacts, step: int, told: list[str | None]) -> None:
    assert told_at(contacts, step, NOON) == told


def test_a_region_has_its_own_leads_or_those_of_all() -> None:
    own, other = UUID(int=1), UUID(int=2)
    leads = RegionalLeads.model_validate(
        {
            "id": "regional-leads",
            "version": "1",
            "source": "-",
            "leads": [
                {"addresses": ["all@example.test"]},
                {"region_id": str(own), "addresses": ["own@example.test"]},
            ],
        }
    )
    assert [leads.of(one) for one in (own, other, None)] == [
        ("own@example.test",),
        ("all@example.test",),
        ("all@example.test",),
    ]


@pytest.mark.parametrize(
    ("leads", "told"),
    [
        ([{"addresses": []}], "at least 1 item"),
        ([{"addresses": ["lead"]}], "Not one e-mail address"),
        ([{"addresses": ["a@b.test", "A@b.test"]}], "is there twice"),
        (
            [{"addresses": ["a@b.test"]}, {"addresses": ["c@b.test"]}],
            "region of all is there twice",
        ),
    ],
)
def test_leads_that_cannot_be_told_are_refused(leads: list[dict[str, Any]], told: str) -> None:
    data = regional_leads().model_dump(mode="json") | {"leads": leads}
    with pytest.raises(DataFileInvalid, match=told):
        parse(RegionalLeads, yaml.safe_dump(data), "regional-leads.yaml")


def test_contacts_do_not_show_their_addresses() -> None:
    assert "lead" not in repr(NAMED)


@pytest.mark.parametrize(
    ("minutes", "withdrawn", "named", "decision"),
    [
        (0, False, True, Send()),
        (59, False, True, Send()),
        (60, False, True, GiveUp("no_longer_timely")),
        (0, False, False, GiveUp("no_contacts")),
        (60, False, False, GiveUp("no_contacts")),
        (0, True, True, CallOff()),
        (60, True, True, CallOff()),
        (0, True, False, CallOff()),
    ],
)
def test_what_is_done_with_an_alert(
    minutes: int, withdrawn: bool, named: bool, decision: Decision
) -> None:
    now = NOON + minutes * MINUTE
    assert decide(now, withdrawn=withdrawn, named=named, expires_at=EXPIRES) == decision


@given(hour=st.integers(0, 23))
def test_there_are_no_quiet_hours_for_staff(hour: int) -> None:
    now = NOON.replace(hour=hour)
    assert decide(now, withdrawn=False, named=True, expires_at=now + MINUTE) == Send()


@given(attempts=st.integers(1, 12), minutes=st.integers(0, 59))
def test_pauses_grow_and_end_where_it_is_given_up(attempts: int, minutes: int) -> None:
    now = NOON + minutes * MINUTE
    first, second = (
        next_attempt(now, attempts=n, expires_at=EXPIRES, backoff=BACKOFF)
        for n in (attempts, attempts + 1)
    )
    assert now < first <= second <= EXPIRES


class AlertOnItsWay(RuleBasedStateMachine):
    """An alert as the queue moves it, with a mail server of moods and an acknowledgement."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.next_at = NOON
        self.attempts = 0
        self.taken = 0
        self.withdrawn = False
        self.ended: str | Decision | None = None
        self.tried: list[datetime] = []

    @rule(minutes=st.integers(0, 20))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule()
    def somebody_takes_charge(self) -> None:
        self.withdrawn = True

    @rule(fate=st.sampled_from(["taken", "refused", "later", "killed after it was taken"]))
    @precondition(lambda self: self.ended is None and self.next_at <= self.now)
    def the_job_runs(self, fate: str) -> None:
        decision = decide(self.now, withdrawn=self.withdrawn, named=True, expires_at=EXPIRES)
        if decision != Send():
            self.ended = decision
            return
        self.attempts += 1
        self.next_at = next_attempt(
            self.now, attempts=self.attempts, expires_at=EXPIRES, backoff=BACKOFF
        )
        self.tried.append(self.now)
        assert not self.withdrawn
        if fate in ("taken", "refused"):
            self.ended = fate
        self.taken += "taken" in fate

    @invariant()
    def no_attempt_follows_another_without_a_pause(self) -> None:
        assert all(b - a >= MINUTE for a, b in zip(self.tried, self.tried[1:], strict=False))

    @invariant()
    def nothing_is_tried_when_it_is_of_no_use(self) -> None:
        assert all(at < EXPIRES for at in self.tried)

    @invariant()
    def an_open_alert_is_looked_at_again(self) -> None:
        if self.ended is None:
            assert self.next_at <= EXPIRES


AlertOnItsWay.TestCase.settings = settings(max_examples=40, stateful_step_count=25)
TestAlertOnItsWay = AlertOnItsWay.TestCase


def test_the_text_names_a_place_and_nothing_else() -> None:
    flag = UUID(int=7)
    text = alert_policy().written("https://portal.example.test/", flag)
    assert text.body.split()[-1] == f"https://portal.example.test/alerts/{flag}"
    for hidden in ("risk", "suicid", "client", "flag", "program", "clinic", "urgent care"):
        assert hidden not in f"{text.subject} {text.body}".lower()


def with_a_revealing_body(data: dict[str, Any]) -> None:
    data["body"] = "A patient needs you: {address}"


def with_a_revealing_subject(data: dict[str, Any]) -> None:
    data["subject"] = "Relapse"


def without_an_address(data: dict[str, Any]) -> None:
    data["body"] = "Please look."


def with_more_to_fill_in(data: dict[str, Any]) -> None:
    data["body"] = "{kind}: {address}"


def without_pauses(data: dict[str, Any]) -> None:
    data["backoff_minutes"] = []


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (with_a_revealing_body, "the text says patient"),
        (with_a_revealing_subject, "the text says relapse"),
        (without_an_address, "names {address} once"),
        (with_more_to_fill_in, "names {address} once"),
        (without_pauses, "at least 1 item"),
    ],
)
def test_a_policy_that_tells_too_much_or_too_little_is_refused(
    spoil: Callable[[dict[str, Any]], None], told: str
) -> None:
    data: dict[str, Any] = alert_policy().model_dump(mode="json")
    spoil(data)
    with pytest.raises(DataFileInvalid, match=told):
        parse(AlertPolicy, yaml.safe_dump(data), "staff-alerts.yaml")


@pytest.mark.parametrize(
    "address",
    ["lead", "a@b@c", "<lead@example.test>", "a@example.test,b@example.test", "lead@example.test "],
)
def test_what_is_not_one_plain_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="Not one e-mail address"):
        NewEscalationContacts.model_validate({"steps": [{"addresses": [address]}]})


def test_a_site_that_named_somebody_has_a_step() -> None:
    with pytest.raises(ValueError, match="has a step"):
        EscalationContacts(site_id=UUID(int=1), on_duty=[], steps=[], changed_at=NOON, version=1)
