"""What an operator reads of records that could not be applied."""

import pytest
from typer.testing import CliRunner

from stepwell.commands import dead_letters
from stepwell.operator import Operator

LETTER = {
    "stream": "scheduling",
    "key": "019c8a95-d080-7146-9a3e-047b3d5b2d1b",
    "sequence": 7,
    "type": "org.stepwell.scheduling.SessionMissed.v2",
    "reason": "undecodable",
    "detail": "minutes: a number is needed [type=int_type]",
    "failed_at": "2026-03-02T18:00:00Z",
    "attempts": 5,
    "resolution": None,
}


def test_why_a_record_was_not_applied_is_told_with_what_stands_in_brackets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Operator, "__init__", lambda self: None)
    monkeypatch.setattr(Operator, "pages", lambda self, *asked, **query: [LETTER])
    shown = CliRunner().invoke(dead_letters.app, ["list", "outcomes"], env={"COLUMNS": "250"})
    assert shown.exit_code == 1
    assert "undecodable (minutes: a number is needed [type=int_type])" in shown.output
