"""Whether a process lives and may get traffic, and its metrics: public, without personal data."""

import asyncio
from typing import Literal

import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field

from shared.database import ALL_SITES
from shared.database.pool import MISSING
from shared.telemetry import metrics
from shared.web.models import Shown
from shared.web.problems import problem

log = structlog.get_logger()

PATIENCE_SECONDS = 2.0
WAITING = """
SELECT (SELECT count(*) FROM platform.outbox), (SELECT count(*) FROM platform.set_aside),
  (SELECT count(*) FROM platform.dead_letters WHERE resolution IS NULL)
"""

router = APIRouter(tags=["Health"])


class Health(Shown):
    """The state of the process."""

    status: Literal["ok"] = Field("ok", examples=["ok"])


@router.get("/health/live", operation_id="get_liveness", summary="The process runs")
async def live() -> Health:
    """Answers as long as the process can answer at all."""
    return Health()


@router.get(
    "/health/ready",
    operation_id="get_readiness",
    summary="Ready for traffic",
    response_model=Health,
)
async def ready(request: Request) -> Health | Response:
    """Ready when the database answers and knows the rules of the sites' time zones as this process
    does, and the worker, where this process has one, is at work."""
    running = request.app.state.running
    complaint: str | None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            complaint = await running.complaint()
    except (*MISSING, TimeoutError):
        complaint = "The database does not answer."
    if complaint is None and "worker" in request.app.state.roles:
        complaint = running.worker.complaint()
    return Health() if complaint is None else problem(503, "not-ready", "Not ready", complaint)


@router.get(
    "/metrics", operation_id="get_metrics", summary="Prometheus metrics", response_class=Response
)
async def show_metrics(request: Request) -> Response:
    """Counters, histograms and what waits in the database, in Prometheus' text format."""
    service: str = request.app.state.service.name
    pending = aside = letters = float("nan")
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            pending, aside, letters = await request.app.state.database.run(
                ALL_SITES, lambda tx: tx.fetchrow(WAITING)
            )
    except (*MISSING, TimeoutError):
        log.warning("metrics_without_database")
    metrics.outbox_pending.labels(service).set(pending)
    metrics.set_aside_held.labels(service).set(aside)
    metrics.dead_letters_open.labels(service).set(letters)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
