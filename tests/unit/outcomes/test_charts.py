"""Charts show the days of the calendar, wherever they are drawn."""

import os
import re
import subprocess
import sys
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import altair as alt
import orjson
import pytest

from services.outcomes.charts.schemas import CoursePoint
from services.outcomes.charts.spec import chart_of
from services.outcomes.measures.policy import measure_policy
from shared.contracts.base import Criterion

DRAW = """
import sys, orjson, asyncio
from services.outcomes.charts.rendering import drawn
print(asyncio.run(drawn(orjson.loads(sys.stdin.read()), "svg")).decode())
"""


def points(*totals: int) -> list[CoursePoint]:
    """Totals on the first of March 2026 and every 14 days after."""
    return [
        CoursePoint(
            screening_id=UUID(int=n),
            answered_on=date(2026, 3, 1) + timedelta(14 * n),
            value=total,
            band=None,
            improvement=None,
            important=None,
            reliable=None,
        )
        for n, total in enumerate(totals)
    ]


def chart(measure: str, series: str, *totals: int, rules: tuple[Criterion, ...] = ()) -> Any:
    of_it = measure_policy().measures[measure]
    shown = points(*totals)
    return chart_of(of_it, of_it.series[series], shown, shown[0] if shown else None, rules)


def days(spec: dict[str, Any], zone: str) -> list[str]:
    """The days that points stand for, in a picture drawn by a process of its own in a time zone."""
    drawn = subprocess.run(
        [sys.executable, "-c", DRAW],
        input=orjson.dumps(spec),
        env={**os.environ, "TZ": zone},
        capture_output=True,
        check=True,
    )
    return re.findall(r"; Answered: ([^;]+);", drawn.stdout.decode())


def local(spec: Any) -> Any:
    """The same chart with local time units."""
    text = orjson.dumps(spec).decode()
    return orjson.loads(
        text.replace("utcyearmonthdate", "yearmonthdate").replace('"utc"', '"time"')
    )


def test_no_day_is_moved_west_of_utc() -> None:
    spec = chart("phq-9", "total", 18, 15, 9)
    right = ["Mar 01, 2026", "Mar 15, 2026", "Mar 29, 2026"]
    for zone in ("America/Denver", "Pacific/Auckland"):
        assert days(spec, zone) == right
    assert days(local(spec), "America/Denver")[0] == "Feb 28, 2026"


@pytest.mark.parametrize(
    ("measure", "series"), [("phq-9", "total"), ("bam", "protective"), ("craving-nrs", "total")]
)
def test_every_chart_is_a_sound_spec(measure: str, series: str) -> None:
    for totals in ((), (3,), (5, 4, 9)):
        alt.LayerChart.from_dict(chart(measure, series, *totals), validate=True)


def test_a_chart_says_why_a_client_is_not_on_track() -> None:
    rule = Criterion(name="-", met=False, observed="-", required="better by 4 points", source="-")
    told = chart("phq-9", "total", 18, 18, rules=(rule, rule.model_copy(update={"met": True})))
    assert told["title"]["subtitle"] == ["Not on track: better by 4 points"]
