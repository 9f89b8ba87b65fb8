"""The span that holds one client's way together in the trace viewer."""

import time
from collections.abc import Mapping

import httpx

from stepwell.region.api import Trace

TRIES = 5
"""How often a viewer that is still starting is asked again, after pauses of 8 s together."""


def viewer_address(environment: Mapping[str, str], trace: Trace) -> str | None:
    """Where the trace is shown; None when no local viewer runs."""
    endpoint = environment.get("ZIPKIN_ENDPOINT")
    if environment.get("TRACES") != "zipkin" or not endpoint:
        return None
    return f"{endpoint.partition('/api/')[0]}/zipkin/traces/{trace.trace_id}"


async def send_root(environment: Mapping[str, str], trace: Trace, began: float) -> None:
    """Give the viewer the span that all requests with `trace` are below.

    `began` is the real time, in seconds since the epoch, when the first of them was sent. Without
    a viewer nothing is sent; a viewer that does not take it costs just the frame of the picture.
    """
    endpoint = environment.get("ZIPKIN_ENDPOINT")
    if environment.get("TRACES") != "zipkin" or not endpoint:
        return
    span = {
        "traceId": trace.trace_id,
        "id": trace.root_id,
        "name": "one client's way",
        "timestamp": int(began * 1e6),
        "duration": max(1, int((time.time() - began) * 1e6)),
        "localEndpoint": {"serviceName": "story"},
    }
    try:
        patient = httpx.AsyncHTTPTransport(retries=TRIES)
        async with httpx.AsyncClient(timeout=2.0, transport=patient) as http:
            await http.post(endpoint, json=[span])
    except httpx.HTTPError:
        return
