"""What a person's data meets on its way: it is in no log line, no span and no metric."""

import asyncio
import contextlib
import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import asyncpg
import pytest
import structlog
from fastapi import APIRouter
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from prometheus_client import generate_latest
from pydantic import Field

from shared.access import Role
from shared.service import Service
from shared.telemetry import statements, tracing
from shared.web import Allowed, Call, Strict, middleware
from tests.support.apis import app_of, caller
from tests.support.logs import captured

NAME, EMAIL, PHONE, BORN = "Ottilie Sample", "ottilie@example.test", "+13035550199", "1988-04-17"
PERSON = {"name": NAME, "email": EMAIL, "phone": PHONE, "born": BORN}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SAMPLED, UNSAMPLED = (f"00-{TRACE}-00f067aa0ba902b7-{flag}" for flag in ("01", "00"))

router = APIRouter()


class Person(Strict):
    name: str
    email: str = Field(max_length=10)
    phone: str
    born: str


@router.post("/people/{name}")
async def fail(
    name: str, body: dict[str, str], caller: Annotated[Call, Allowed(Role.COUNSELOR)]
) -> None:
    with statements.statement("INSERT INTO people (email) VALUES ($1)"):
        if name == "unique":
            raise unique_violation()
        raise ValueError(f"{body} cannot be handled")


@router.post("/checked")
async def check(body: Person, caller: Annotated[Call, Allowed(Role.COUNSELOR)]) -> None: ...


def unique_violation() -> asyncpg.UniqueViolationError:
    error = asyncpg.UniqueViolationError('duplicate key value violates unique constraint "people"')
    error.detail = f"Key (email)=({EMAIL}) already exists."
    error.constraint_name = "people_email_key"
    return error


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(1.0)))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("stepwell")
    for module in (tracing, statements, middleware):
        monkeypatch.setattr(module, "tracer", tracer)
    return exporter


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the process writes."""
    with captured(monkeypatch, middleware) as stream:
        yield stream


@pytest.fixture
def api() -> Any:
    return caller(app_of(Service("intake", "People", "", routers=[router])), "counselor")


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def assert_nobody_is_named(*texts: str) -> None:
    for text in texts:
        for secret in (*PERSON.values(), "Ottilie", "3035550199"):
            assert secret not in text


def seen(spans: InMemorySpanExporter) -> str:
    return "".join(span.to_json() for span in spans.get_finished_spans())


@pytest.mark.parametrize("kind", ["unique", "defect"])
async def test_a_failing_request_tells_its_kind_and_nobody(api, spans, written, kind):
    answer = await api.post(f"/people/{kind}", json=PERSON, headers={"traceparent": SAMPLED})
    assert answer.status_code == 500
    assert answer.json()["trace_id"] == TRACE
    (failed,) = lines(written)
    assert failed["error"] == ("UniqueViolationError" if kind == "unique" else "ValueError")
    assert failed["trace_id"] == TRACE
    assert failed.get("constraint") == ("people_email_key" if kind == "unique" else None)
    assert [span.name for span in spans.get_finished_spans()] == ["INSERT", "POST /people/{name}"]
    server = spans.get_finished_spans()[1]
    assert server.attributes["error.type"] == failed["error"]
    assert server.attributes["http.response.status_code"] == 500
    assert_nobody_is_named(answer.text, written.getvalue(), seen(spans), generate_latest().decode())


async def test_a_refused_body_is_described_without_what_it_says(api, spans, written):
    for body in ({**PERSON, "born": 7}, {**PERSON, "extra": NAME}, [NAME]):
        answer = await api.post("/checked", json=body, headers={"traceparent": SAMPLED})
        assert answer.status_code == 422
        assert_nobody_is_named(answer.text, written.getvalue(), seen(spans))


async def test_a_failing_handler_tells_its_kind_and_nobody(spans, written):
    with contextlib.suppress(ValueError), tracing.span_from(SAMPLED, "apply"):
        try:
            raise ValueError(f"{PERSON} cannot be handled")
        except ValueError:
            structlog.get_logger().exception("handler_failed")
            raise
    (failed,) = lines(written)
    assert (failed["error"], failed["trace_id"]) == ("ValueError", TRACE)
    assert_nobody_is_named(written.getvalue(), seen(spans))
    assert not spans.get_finished_spans()[0].events


async def test_reports_of_libraries_are_lines_of_the_same_kind_and_name_nobody(written):
    async def fail() -> None:
        raise ValueError(EMAIL)

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_exception_handler(
        {"message": "Task was lost", "task": task, "exception": task.exception()}
    )
    for name in ("uvicorn.error", "aiokafka.consumer", "faust.app", "mode.services"):
        try:
            raise unique_violation()
        except asyncpg.UniqueViolationError as error:
            logging.getLogger(name).exception("Crashed reason=%r", error)
            logging.getLogger(name).error(error)
    sys.excepthook(ValueError, ValueError(EMAIL), None)
    assert len(lines(written)) == 10
    assert {line["service"] for line in lines(written)} == {"intake"}
    assert_nobody_is_named(written.getvalue())


async def test_an_unsampled_trace_is_carried_on_and_not_recorded(api, spans):
    answer = await api.post("/people/x", json=PERSON, headers={"traceparent": UNSAMPLED})
    assert answer.json()["trace_id"] == TRACE
    assert spans.get_finished_spans() == ()


@pytest.mark.parametrize(
    "malformed", ["", "x", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"ff-{TRACE}-00f067aa0ba902b7-01"]
)
async def test_a_malformed_trace_context_begins_a_new_trace(api, spans, malformed):
    await api.post("/people/x", json=PERSON, headers={"traceparent": malformed})
    assert f"{spans.get_finished_spans()[-1].context.trace_id:032x}" != TRACE
    assert trace.get_current_span() is trace.INVALID_SPAN


async def test_addresses_that_do_not_exist_share_one_label(api):
    for number in range(5):
        assert (await api.get(f"/clients-{number}-{NAME}")).status_code == 404
    assert (await api.request("PROPFIND", "/elsewhere")).status_code == 404
    metrics = generate_latest().decode()
    assert 'method="GET",route="unmatched",status="404"' in metrics
    assert 'method="_OTHER",route="unmatched"' in metrics
    assert_nobody_is_named(metrics)
