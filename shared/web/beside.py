"""Health and metrics of a process that is no web server, at the addresses that all have."""

import contextlib
from collections.abc import Callable, Iterator

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.settings import Settings
from shared.web.problems import problem


class Beside(uvicorn.Server):
    """A server in the event loop of another program, which is the one that takes signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def beside(settings: Settings, complaint: Callable[[], str | None]) -> Beside:
    """A server on the port of `settings`; ready while there is no complaint.

    It is at work while its `serve()` runs, and ends after `should_exit` was set.
    """

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(request: Request) -> Response:
        told = complaint()
        if told is not None:
            return problem(503, "not-ready", "Not ready", told)
        return await live(request)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    routes = {"/health/live": live, "/health/ready": ready, "/metrics": metrics}
    return Beside(
        uvicorn.Config(
            Starlette(routes=[Route(path, answer) for path, answer in routes.items()]),
            host=settings.host,
            port=settings.port,
            http="httptools",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )
