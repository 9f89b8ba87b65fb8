"""The public HTTP APIs of the four services, called as the people who work with them."""

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

from shared.settings import SERVICES
from stepwell.runtime.keys import ALL_SITES, Issuer
from stepwell.runtime.problem import CHECK_FAILED, Problem
from stepwell.runtime.state import State

TIMEOUT_SECONDS = 30.0
UNAVAILABLE = 503
PATIENCE_SECONDS = 10.0
"""How long a request is repeated that was not answered, or whose answer says that nothing was
changed."""
REPEAT_SECONDS = 0.25
IDLE_SECONDS = 2.0
"""How long a connection is kept for another request: less than the 5 s after which a service closes
it, so that no request is sent into a connection that is being closed."""


@dataclass(frozen=True)
class Trace:
    """One trace that several requests belong to, all below the span `root_id`."""

    sampled: bool = True
    trace_id: str = field(default_factory=lambda: secrets.token_hex(16))
    root_id: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def traceparent(self) -> str:
        """The W3C header, which decides on sampling whatever the services' own ratio is."""
        return f"00-{self.trace_id}-{self.root_id}-{self.sampled:02d}"


UNTRACED = Trace(sampled=False)
"""Most requests are nothing to look at in a trace viewer."""


@dataclass(frozen=True)
class Who:
    """A role at a site; without a site, at all of them."""

    role: str
    site: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a service answered."""

    status: int
    body: Any
    etag: str | None
    replayed: bool

    @property
    def problem(self) -> str:
        """The last part of the problem's type, such as `stale-version`; empty for a success."""
        told = self.body.get("type", "") if isinstance(self.body, dict) else ""
        return str(told).rpartition("/")[2] if self.status >= 400 else ""


class Refused(Problem):
    """A service refused what it should have done."""

    def __init__(self, method: str, service: str, path: str, answer: Answer) -> None:
        told = answer.body if isinstance(answer.body, dict) else {}
        reason = f"{told.get('title', '')} {told.get('detail', '')} {told.get('errors') or ''}"
        super().__init__(
            f"{service} answered {answer.status} to {method} {path}: {' '.join(reason.split())}",
            exit_code=CHECK_FAILED,
        )
        self.answer = answer


class Services:
    """A client of the four services, with tokens of the local issuer. An async context."""

    def __init__(self, environment: Mapping[str, str], *, subject: str = "story") -> None:
        """`environment` describes a running local system; see `stepwell.runtime.environment`."""
        state = State(Path(environment["STEPWELL_CLOCK_FILE"]).parent)
        self.clock_file = state.clock
        self._issuer = Issuer(environment["OIDC_ISSUER"], state.issuer_key)
        self._subject = subject
        self._urls = {s: environment[f"STEPWELL_URL_{s.upper()}"].rstrip("/") for s in SERVICES}
        self._tokens: dict[Who, str] = {}
        self._http: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(TIMEOUT_SECONDS),
            connector=aiohttp.TCPConnector(keepalive_timeout=IDLE_SECONDS),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.close()

    async def get(
        self, service: str, path: str, who: Who, *, trace: Trace | None = None, **params: Any
    ) -> Any:
        """The body of the answer.

        Raises:
            Refused: it is not a success.
        """
        given = {name: value for name, value in params.items() if value is not None}
        return (await self._must("GET", service, path, who, params=given, trace=trace)).body

    async def all(self, service: str, path: str, who: Who, **params: Any) -> list[Any]:
        """All items of a list."""
        found: list[Any] = []
        cursor = None
        while True:
            page = await self.get(service, path, who, cursor=cursor, limit=200, **params)
            found += page["items"]
            if (cursor := page["next"]) is None:
                return found

    async def create(
        self,
        service: str,
        path: str,
        who: Who,
        body: Mapping[str, Any],
        *,
        key: str,
        trace: Trace | None = None,
    ) -> Any:
        """The body of what was created. Raises Refused."""
        return (await self._must("POST", service, path, who, json=body, key=key, trace=trace)).body

    async def attempt(
        self, service: str, path: str, who: Who, body: Mapping[str, Any], *, key: str
    ) -> Answer:
        """The answer to a POST, whatever it is."""
        return await self._send("POST", service, path, who, json=body, key=key)

    async def decide(
        self,
        service: str,
        path: str,
        who: Who,
        body: Mapping[str, Any],
        *,
        key: str,
        version: int,
        trace: Trace | None = None,
    ) -> Any:
        """The body of the answer to a POST that needs the version that was read. Raises Refused."""
        return (
            await self._must(
                "POST", service, path, who, json=body, key=key, trace=trace, version=version
            )
        ).body

    async def replace(
        self, service: str, path: str, who: Who, body: Mapping[str, Any], *, version: int
    ) -> Any:
        """The body of the answer to a PUT that needs the version that was read. Raises Refused."""
        return (await self._must("PUT", service, path, who, json=body, version=version)).body

    async def _must(self, method: str, service: str, path: str, who: Who, **more: Any) -> Answer:
        answer = await self._send(method, service, path, who, **more)
        if answer.status >= 400:
            raise Refused(method, service, path, answer)
        return answer

    async def _send(
        self,
        method: str,
        service: str,
        path: str,
        who: Who,
        *,
        params: Mapping[str, Any] | None = None,
        json: Mapping[str, Any] | None = None,
        key: str | None = None,
        trace: Trace | None = None,
        version: int | None = None,
    ) -> Answer:
        headers = {
            "Authorization": f"Bearer {self._token(who)}",
            "traceparent": (trace or UNTRACED).traceparent,
        }
        if key is not None:
            headers["Idempotency-Key"] = key
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        if json is not None:
            headers["Content-Type"] = "application/json"
        body = None if json is None else orjson.dumps(json)
        url = f"{self._urls[service]}{path}"
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                async with self._http.request(
                    method, url, params=params, data=body, headers=headers, allow_redirects=False
                ) as answer:
                    told = await answer.read()
                if answer.status != UNAVAILABLE or time.monotonic() > deadline:
                    break
            except (aiohttp.ClientError, TimeoutError) as error:
                # A service that died is started again; what has a key is done once however often
                # it is asked for.
                again = (
                    method == "GET"
                    or key is not None
                    or isinstance(error, aiohttp.ClientConnectorError)
                )
                if not again or time.monotonic() > deadline:
                    raise Problem(
                        f"{service} does not answer at {self._urls[service]} "
                        f"({type(error).__name__}): look into its log.",
                        exit_code=CHECK_FAILED,
                    ) from None
            await asyncio.sleep(REPEAT_SECONDS)
        return Answer(
            answer.status,
            orjson.loads(told) if told else None,
            answer.headers.get("etag"),
            answer.headers.get("idempotency-replayed") == "true",
        )

    def _token(self, who: Who) -> str:
        if who not in self._tokens:
            self._tokens[who] = self._issuer.token(
                who.role,
                [who.site or ALL_SITES],
                subject=f"{self._subject}-{who.role.replace('_', '-')}",
            )
        return self._tokens[who]
