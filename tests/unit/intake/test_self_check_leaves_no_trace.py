"""Who asks stays unknown: nothing is stored, logged, traced, or counted by who they are."""

import io
import json
from collections.abc import Iterator
from typing import Any, Never

import pytest
from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import generate_latest

from services.intake.self_check import routes
from shared.database import Sites
from shared.telemetry import statements, tracing
from shared.web import middleware
from tests.support.apis import app_of, caller, service
from tests.support.logs import captured

SAMPLED = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ANSWERS: dict[str, Any] = {
    "safety": {"thoughts": True, "pregnant": True},
    "audit_c": [4, 4, 4],
    "dast_10": [1, 1, 0, 0, 1, 0, 0, 0, 1, 0],
    "phq_2": [3, 3],
    "gad_2": [None, 2],
}
REQUESTS: list[tuple[str, str, Any, int]] = [
    ("POST", "/self-check", ANSWERS, 200),
    ("POST", "/self-check", {"audit_c": [5, 0, 0]}, 422),
    ("POST", "/self-check", {"secret": "Client 01"}, 422),
    ("GET", "/self-check", None, 200),
    ("GET", "/self-check?language=es", None, 200),
    ("GET", "/self-check/page.css", None, 200),
    ("GET", "/self-check/page.js", None, 200),
    ("DELETE", "/self-check", None, 405),
]


class Untouched:
    """A database that nobody may even ask for."""

    def transaction(self, sites: Sites) -> Never:
        raise AssertionError("The self-check asked for the database.")

    def __getattr__(self, name: str) -> Never:
        raise AssertionError(f"The self-check asked the database for {name}.")


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for module in (tracing, statements, middleware):
        monkeypatch.setattr(module, "tracer", provider.get_tracer("stepwell"))
    return exporter


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the process writes, whichever library writes it."""
    with captured(monkeypatch, middleware) as stream:
        yield stream


@pytest.fixture
def app() -> FastAPI:
    app = app_of(service("intake"))
    app.state.database = Untouched()
    return app


@pytest.mark.parametrize(("method", "path", "body", "status"), REQUESTS)
async def test_no_request_leaves_a_span_a_line_a_cookie_or_a_word_with_the_database(
    app, spans, written, method, path, body, status
):
    async with caller(app) as browser:
        answer = await browser.request(method, path, json=body, headers={"traceparent": SAMPLED})
    assert answer.status_code == status, answer.text
    assert spans.get_finished_spans() == ()
    assert written.getvalue() == ""
    assert "set-cookie" not in answer.headers
    assert "traceparent" not in answer.headers
    assert "etag" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert "trace_id" not in answer.text
    assert "Client 01" not in answer.text


async def test_too_many_requests_leave_no_trace_either(app, spans, written):
    async with caller(app) as browser:
        answers = [await browser.post("/self-check", json=ANSWERS) for _ in range(11)]
    assert answers[-1].status_code == 429
    assert (spans.get_finished_spans(), written.getvalue()) == ((), "")


async def test_a_defect_is_logged_without_answers_and_without_a_trace(
    app, spans, written, monkeypatch
):
    def fail(given: object) -> Never:
        raise ValueError(f"{given} cannot be handled")

    monkeypatch.setattr(routes, "answer", fail)
    async with caller(app) as browser:
        answer = await browser.post("/self-check", json=ANSWERS, headers={"traceparent": SAMPLED})
    assert answer.status_code == 500
    (line,) = (json.loads(one) for one in written.getvalue().splitlines())
    assert (line["event"], line["error"]) == ("request_failed", "ValueError")
    assert line.keys() <= {
        "event", "error", "frames", "level", "timestamp", "service", "method", "route", "status",
    }  # fmt: skip
    assert "thoughts" not in written.getvalue()
    assert spans.get_finished_spans() == ()


async def test_another_route_of_the_same_service_is_traced(app, spans):
    async with caller(app) as browser:
        await browser.get("/clients", headers={"traceparent": SAMPLED})
    assert [one.name for one in spans.get_finished_spans()] == ["GET /clients"]


async def test_metrics_count_requests_by_route_and_by_nothing_else(app):
    async with caller(app) as browser:
        await browser.post("/self-check", json=ANSWERS)
    lines = [
        line
        for line in generate_latest().decode().splitlines()
        if 'route="/self-check"' in line and "_count" in line
    ]
    assert lines
    for line in lines:
        names = {part.partition("=")[0] for part in line[line.index("{") + 1 :].split(",")}
        assert names == {"method", "route", "status"}


async def test_the_answer_does_not_need_the_database(app):
    async with caller(app) as browser:
        answer = await browser.post("/self-check", json=ANSWERS)
    assert answer.json()["outcome"] == "emergency"
    assert answer.json()["help_first"][0]["answer"] == "thoughts"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"audit_c": [5, None, None]}, "/audit_c/0"),
        ({"audit_c": [None, None, "3"]}, "/audit_c/2"),
        ({"audit_c": [True, None, None]}, "/audit_c/0"),
        ({"audit_c": [1, 1]}, "/audit_c"),
        ({"dast_10": [None] * 9 + [2]}, "/dast_10/9"),
        ({"phq_2": [0, 4]}, "/phq_2/1"),
        ({"gad_2": [-1, 0]}, "/gad_2/0"),
        ({"safety": {"plan": "yes"}}, "/safety/plan"),
        ({"safety": {"name": True}}, "/safety/name"),
        ({"language": "xx"}, "/language"),
        ({"name": "Client 01"}, "/name"),
    ],
)
async def test_an_answer_out_of_range_is_refused_with_its_pointer(app, body, pointer):
    async with caller(app) as browser:
        answer = await browser.post("/self-check", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


async def test_every_field_can_be_left_out(app):
    async with caller(app) as browser:
        for body in ({}, {"safety": {}}, {"audit_c": [None] * 3}):
            assert (await browser.post("/self-check", json=body)).status_code == 200
