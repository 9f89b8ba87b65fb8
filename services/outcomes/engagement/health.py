"""Health and metrics of the engagement worker, at the addresses that all processes have."""

from collections.abc import Callable

import orjson
from aiohttp import web
from mode import Service
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.settings import Settings


class Health(Service):
    """Serves them from the first moment of the worker to its last, on the port of `settings`.

    By the library that Faust brings along, so that the worker needs no second one.

    Args:
        complaint: why the worker is not ready; None when it is.
    """

    def __init__(self, settings: Settings, complaint: Callable[[], str | None]) -> None:
        super().__init__()
        self._settings = settings
        self._complaint = complaint
        server = web.Application()
        server.router.add_get("/health/live", self._live)
        server.router.add_get("/health/ready", self._ready)
        server.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(server, access_log=None, shutdown_timeout=1)

    async def on_start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, self._settings.host, self._settings.port).start()

    async def on_stop(self) -> None:
        await self._runner.cleanup()

    async def _live(self, _: web.Request) -> web.Response:
        return _json(200, {"status": "ok"})

    async def _ready(self, request: web.Request) -> web.Response:
        if (told := self._complaint()) is None:
            return await self._live(request)
        problem = {"type": "/problems/not-ready", "title": "Not ready", "status": 503}
        return _json(503, problem | {"detail": told}, "application/problem+json")

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _json(
    status: int, body: dict[str, object], media_type: str = "application/json"
) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type=media_type)
