"""The chart of a course as a Vega-Lite spec: bands, cuts, baseline and points.

Dates are days of a calendar, so time units and scale are those of UTC: with local ones a viewer
west of it would draw each day one too early.
"""

from collections.abc import Sequence
from typing import Any

import altair as alt

from services.outcomes.charts.schemas import CoursePoint
from services.outcomes.measures.policy import Measure, Series
from shared.contracts.base import Criterion

WIDTH, HEIGHT = 520, 240
SHADES = ("#f7f7f7", "#ececec", "#e0e0e0", "#d4d4d4", "#c8c8c8")
LINE, CUT = "#1f5a96", "#a33b20"


def chart_of(
    measure: Measure,
    series: Series,
    points: Sequence[CoursePoint],
    baseline: CoursePoint | None,
    rules: Sequence[Criterion] = (),
) -> dict[str, Any]:
    """The spec, with its data; it names nobody."""
    day = alt.X(
        "utcyearmonthdate(answered_on):T",
        scale=alt.Scale(type="utc", padding=12),
        axis=alt.Axis(title=None, format="%b %-d, %Y", labelOverlap=True, labelAngle=0),
    )
    scale = alt.Scale(domain=[series.lowest, series.highest], nice=False)
    axis = alt.Axis(title=f"{series.title} ({series.better} is better)", tickMinStep=1)
    value = alt.Y("value:Q", scale=scale, axis=axis)
    rows = [
        {
            "answered_on": one.answered_on.isoformat(),
            "value": one.value,
            "band": one.band or "",
            "reliable": one.reliable or "",
        }
        for one in points
    ]
    course = alt.Chart({"values": rows}).encode(x=day, y=value)
    layers = [
        *_bands(series, scale),
        *_rules(series, baseline, scale),
        course.mark_line(color=LINE),
        course.mark_point(color=LINE, filled=True, size=60, opacity=1).encode(
            tooltip=[
                alt.Tooltip("utcyearmonthdate(answered_on):T", title="Answered"),
                alt.Tooltip("value:Q", title=series.title),
                alt.Tooltip("band:N", title="Band"),
                alt.Tooltip("reliable:N", title="Reliable change"),
            ]
        ),
    ]
    unmet = [rule.required for rule in rules if not rule.met]
    title = alt.TitleParams(
        measure.title, subtitle=[f"Not on track: {one}" for one in unmet], anchor="start"
    )
    chart = alt.layer(*layers).properties(
        width=WIDTH, height=HEIGHT, title=title, description=f"{measure.title}: {series.title}"
    )
    return dict(chart.to_dict(validate=False))


def _bands(series: Series, scale: alt.Scale) -> list[alt.Chart]:
    if not series.bands:
        return []
    ends = [*(band.from_ for band in series.bands[1:]), series.highest]
    rows = [
        {"from": band.from_, "to": end, "label": band.label, "shade": SHADES[n % len(SHADES)]}
        for n, (band, end) in enumerate(zip(series.bands, ends, strict=True))
    ]
    chart = alt.Chart({"values": rows}).encode(y=alt.Y("from:Q", scale=scale))
    return [
        chart.mark_rect().encode(y2="to:Q", color=alt.Color("shade:N", scale=None)),
        chart.mark_text(
            align="left", baseline="bottom", dx=4, dy=-2, fontSize=9, color="#555"
        ).encode(text="label:N", x=alt.value(0)),
    ]


def _rules(series: Series, baseline: CoursePoint | None, scale: alt.Scale) -> list[alt.Chart]:
    found = []
    if series.caseness is not None:
        found.append({"at": series.caseness.at, "label": "cut", "color": CUT})
    if baseline is not None:
        found.append({"at": baseline.value, "label": "baseline", "color": LINE})
    if not found:
        return []
    chart = alt.Chart({"values": found}).encode(
        y=alt.Y("at:Q", scale=scale), color=alt.Color("color:N", scale=None)
    )
    return [
        chart.mark_rule(strokeDash=[4, 4]),
        chart.mark_text(align="right", baseline="bottom", dx=-4, dy=-2, fontSize=9).encode(
            text="label:N", x=alt.value(WIDTH)
        ),
    ]
