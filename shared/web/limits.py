"""How often one address may call a route that everybody may call: token buckets in memory.

Addresses are kept as digests under a key that ends with the process, so that what is remembered
says nothing about anybody. Each process counts for itself.
"""

import hashlib
import ipaddress
import math
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from shared.errors import Refused
from shared.settings import Settings

BURST = 10
"""Calls that may come at once."""
SECONDS_A_CALL = 6.0
"""After so long one more is allowed."""
MOST_ADDRESSES = 20_000
"""The oldest is forgotten first; 20,000 of them take about 5 MB."""

WITH_PORT = re.compile(r"\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+")


class TooManyRequests(Refused):
    """The same address called too often."""

    status = 429


class Limiter:
    """Buckets of calls, one an address and route; see the module for the meaning of the figures."""

    def __init__(
        self,
        burst: int = BURST,
        seconds_a_call: float = SECONDS_A_CALL,
        most: int = MOST_ADDRESSES,
    ) -> None:
        self.burst = burst
        self.seconds = seconds_a_call
        self.most = most
        self._key = secrets.token_bytes(32)
        self._buckets: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def wait(self, route: str, address: str, now: float) -> float:
        """Seconds until a call may come; 0 when this one may, which is then counted.

        `now` is in seconds of any clock that never goes back.
        """
        self._forget(now)
        name = hashlib.blake2b(
            f"{route} {address}".encode("utf-8", "replace"), digest_size=16, key=self._key
        ).digest()
        left, at = self._buckets.get(name, (float(self.burst), now))
        left = min(float(self.burst), left + (now - at) / self.seconds)
        allowed = left >= 1
        self._buckets[name] = (left - 1 if allowed else left, now)
        self._buckets.move_to_end(name)
        return 0.0 if allowed else (1 - left) * self.seconds

    def _forget(self, now: float) -> None:
        """A bucket that is full again is like none; so is the oldest one where there are too many.

        They lie in the order of their last calls.
        """
        full_again = now - self.burst * self.seconds
        while self._buckets:
            oldest = next(iter(self._buckets))
            if self._buckets[oldest][1] > full_again and len(self._buckets) < self.most:
                return
            del self._buckets[oldest]


class LimitedRoute(APIRoute):
    """A route that one address may call `BURST` times at once and then every `SECONDS_A_CALL`.

    Use it as `APIRouter(route_class=LimitedRoute)`. What is too much is refused before the body is
    read.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def limited(request: Request) -> Response:
            settings: Settings = request.app.state.settings
            address = address_of(request, settings.trusted_proxies)
            count_call(request, self.path, address, "Too many requests came from your network.")
            return await handle(request)

        return limited


def count_call(request: Request, route: str, caller: str, told: str) -> None:
    """Count a call of a route by `caller`, whatever it is known by; `told` says what is too much.

    Raises:
        TooManyRequests: it is too soon.
    """
    limiter: Limiter = request.app.state.limiter
    seconds = limiter.wait(route, caller, time.monotonic())
    if seconds > 0:
        raise TooManyRequests(
            f"{told} Wait a little and try again.",
            headers={"Retry-After": str(math.ceil(seconds))},
        )


def address_of(request: Request, trusted_proxies: int) -> str:
    """The network whose calls are counted together.

    Each of the `trusted_proxies` before the service appends to X-Forwarded-For whom it heard; what
    stands further to the left anybody can write, and is not believed.
    """
    address = request.client.host if request.client else ""
    if trusted_proxies:
        told = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
        if len(told) >= trusted_proxies and told[-trusted_proxies].strip():
            address = told[-trusted_proxies].strip()
    return network_of(address)


def network_of(address: str) -> str:
    """An IPv4 address itself; of an IPv6 address the /64, as a subscriber has at least that."""
    if match := WITH_PORT.fullmatch(address):
        address = match[1] or match[2]
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.IPv6Network((known.packed[:8] + bytes(8), 64)))
