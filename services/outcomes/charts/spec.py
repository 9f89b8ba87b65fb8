"""The chart of a course as a Vega-Lite spec: bands, cuts, baseline and points.

Written out as the format has it (https://vega.github.io/vega-lite/docs/spec.html), as a library
that builds specs takes 40 ms for one, and a course has many. Dates are days of a calendar, so time
units and scale are those of UTC: with local ones a viewer west of it would draw each day one too
early.
"""

from collections.abc import Sequence
from typing import Any

from services.outcomes.charts.schemas import CoursePoint
from services.outcomes.measures.policy import Measure, Series
from shared.contracts.base import Criterion

Spec = dict[str, Any]
"""A part of a spec."""
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
WIDTH, HEIGHT = 520, 240
SHADES = ("#f7f7f7", "#ececec", "#e0e0e0", "#d4d4d4", "#c8c8c8")
LINE, CUT = "#1f5a96", "#a33b20"
DAY = {"field": "answered_on", "timeUnit": "utcyearmonthdate", "type": "temporal"}
AXIS = {"title": None, "format": "%b %-d, %Y", "labelOverlap": True, "labelAngle": 0}
X = {**DAY, "scale": {"type": "utc", "padding": 12}, "axis": AXIS}
POINT = {"type": "point", "stroke": LINE, "size": 60, "opacity": 1}
LABEL = {"type": "text", "baseline": "bottom", "dy": -2, "fontSize": 9}


def chart_of(
    measure: Measure,
    series: Series,
    points: Sequence[CoursePoint],
    baseline: CoursePoint | None,
    rules: Sequence[Criterion] = (),
) -> Spec:
    """The spec, with its data; it names nobody."""
    scale = {"domain": [series.lowest, series.highest], "nice": False}
    axis = {"title": f"{series.title} ({series.better} is better)", "tickMinStep": 1}
    course = {"x": X, "y": _number("value", scale=scale, axis=axis)}
    prorated = {"test": "datum.prorated === 'yes'", "value": "white"}
    told = {"band": "Band", "reliable": "Reliable change", "prorated": "Prorated"}
    tooltip = [
        {**DAY, "title": "Answered"},
        _number("value", title=series.title),
        *({"field": field, "type": "nominal", "title": title} for field, title in told.items()),
    ]
    drawn = {"fill": {"condition": prorated, "value": LINE}, "tooltip": tooltip}
    datasets = {
        "bands": _bands(series),
        "lines": _lines(series, baseline),
        "points": [
            {
                "answered_on": one.answered_on.isoformat(),
                "value": one.value,
                "band": one.band or "",
                "reliable": one.reliable or "",
                "prorated": "yes" if one.prorated else "no",
            }
            for one in points
        ],
    }
    layers = [
        *(_layers_of_bands(scale) if datasets["bands"] else ()),
        *(_layers_of_lines(scale) if datasets["lines"] else ()),
        _layer("points", {"type": "line", "color": LINE}, course),
        _layer("points", POINT, course | drawn),
    ]
    unmet = [f"Not on track: {rule.required}" for rule in rules if not rule.met]
    return {
        "$schema": SCHEMA,
        "description": f"{measure.title}: {series.title}",
        "title": {"text": measure.title, "subtitle": unmet, "anchor": "start"},
        "width": WIDTH,
        "height": HEIGHT,
        "layer": layers,
        "datasets": datasets,
    }


def _number(field: str, **more: Any) -> Spec:
    return {"field": field, "type": "quantitative", **more}


def _color(field: str) -> Spec:
    return {"field": field, "type": "nominal", "scale": None}


def _label_at(x: int) -> Spec:
    return {"text": {"field": "label", "type": "nominal"}, "x": {"value": x}}


def _layer(data: str, mark: Spec, encoding: Spec) -> Spec:
    return {"data": {"name": data}, "mark": mark, "encoding": encoding}


def _bands(series: Series) -> list[Spec]:
    ends = [*(band.from_ for band in series.bands[1:]), series.highest] if series.bands else []
    return [
        {"from": band.from_, "to": end, "label": band.label, "shade": SHADES[n % len(SHADES)]}
        for n, (band, end) in enumerate(zip(series.bands, ends, strict=True))
    ]


def _layers_of_bands(scale: Spec) -> list[Spec]:
    y = {"y": _number("from", scale=scale)}
    color = {"color": _color("shade"), "y2": {"field": "to"}}
    label = LABEL | {"align": "left", "dx": 4, "color": "#555"}
    return [_layer("bands", {"type": "rect"}, y | color), _layer("bands", label, y | _label_at(0))]


def _lines(series: Series, baseline: CoursePoint | None) -> list[Spec]:
    found = []
    if series.caseness is not None:
        found.append({"at": series.caseness.at, "label": "cut", "color": CUT})
    if baseline is not None:
        found.append({"at": baseline.value, "label": "baseline", "color": LINE})
    return found


def _layers_of_lines(scale: Spec) -> list[Spec]:
    at = {"y": _number("at", scale=scale), "color": _color("color")}
    return [
        _layer("lines", {"type": "rule", "strokeDash": [4, 4]}, at),
        _layer("lines", LABEL | {"align": "right", "dx": -4}, at | _label_at(WIDTH)),
    ]
