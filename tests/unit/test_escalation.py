"""Who is told of what nobody took charge of, and that it ends."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.datafiles import DataFileInvalid, parse
from shared.escalation import Ladder, escalation

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LADDER = Ladder.model_validate(
    {
        "acknowledge_within_minutes": 15,
        "steps": [
            {"who": "clinical_lead", "after_minutes": 0},
            {"who": "site_manager", "after_minutes": 10},
            {"who": "regional_lead", "after_minutes": 20},
        ],
        "repeat": {"every_minutes": 30, "at_most": 2},
    }
)


@pytest.mark.parametrize(
    ("step", "due", "now", "told"),
    [
        (0, 0, 0, (1, 10)),
        (0, 0, 9, (1, 10)),
        (0, 0, 10, (2, 30)),
        (1, 10, 29, (2, 30)),
        (1, 10, 30, (3, 60)),
        (0, 0, 59, (3, 60)),
        (0, 0, 60, (3, 90)),
        (0, 0, 2_000, (3, 2_030)),
        (3, 60, 60, (4, 90)),
        (3, 60, 500, (4, 530)),
        (4, 90, 90, (5, None)),
        (5, 90, 90, (5, None)),
        (40, 90, 90, (40, None)),
    ],
)
def test_the_step_that_is_due_and_the_end(
    step: int, due: int, now: int, told: tuple[int, int | None]
) -> None:
    found = escalation(LADDER, step, NOON + due * MINUTE, NOON + now * MINUTE)
    next_at = None if told[1] is None else NOON + told[1] * MINUTE
    assert (found.step, found.next_at) == (told[0], next_at)


@given(pauses=st.lists(st.integers(0, 300), min_size=1, max_size=60))
def test_however_late_workers_are_the_regional_lead_is_told_and_then_it_ends(
    pauses: list[int],
) -> None:
    step, now, told = 0, NOON, []
    due: datetime | None = NOON
    for pause in [*pauses, *[300] * LADDER.last]:
        now += pause * MINUTE
        if due is not None and due <= now:
            found = escalation(LADDER, step, due, now)
            assert found.step > step
            assert found.next_at is None or found.next_at > now
            step, due = found.step, found.next_at
            told.append(LADDER.who_at(step))
    assert due is None
    assert step == LADDER.last
    assert told[-1 - LADDER.repeat.at_most :] == ["regional_lead"] * (1 + LADDER.repeat.at_most)


@pytest.mark.parametrize(
    ("before", "after", "line", "reason"),
    [
        ("repeat: {every_minutes: 60, at_most: 2}\n", "", 1, "repeat: Field required"),
        (", at_most: 2", "", 5, "repeat.at_most: Field required"),
        ("at_most: 2", "at_most: 1000", 5, "less than or equal to 100"),
        ("every_minutes: 60", "every_minutes: 20", 5, "faster pace than the steps before"),
        ("regional_lead", "site_manager", 4, "the last step is told to the regional_lead"),
        ("after_minutes: 0", "after_minutes: 5", 3, "the first step is at the deadline"),
        ("after_minutes: 30", "after_minutes: 0", 4, "at least a minute later"),
    ],
)
def test_a_ladder_without_an_end_is_refused_with_its_line(
    before: str, after: str, line: int, reason: str
) -> None:
    text = """acknowledge_within_minutes: 15
steps:
  - {who: clinical_lead, after_minutes: 0}
  - {who: regional_lead, after_minutes: 30}
repeat: {every_minutes: 60, at_most: 2}
"""
    assert parse(Ladder, text, "ladder.yaml").last == 4
    with pytest.raises(DataFileInvalid) as refused:
        parse(Ladder, text.replace(before, after), "ladder.yaml")
    assert str(refused.value).startswith(f"ladder.yaml:{line}: ")
    assert reason in str(refused.value)
