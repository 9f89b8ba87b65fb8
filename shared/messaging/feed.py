"""What a subscriber asks its publishers: events that it missed, and how many there are."""

from datetime import datetime
from typing import Any

import httpx

from shared.access.client import ServiceToken
from shared.authorities import trusted
from shared.contracts.topics import BY_STREAM
from shared.messaging.envelope import Envelope, headers_of
from shared.settings import Settings

PAGE = 500
NO_FEED = (ValueError, LookupError, TypeError, AttributeError)
"""What is raised by an answer that is none of a feed, such as a proxy's page."""


class FeedUnavailable(RuntimeError):
    """The publisher did not give the events now."""


class PublisherAway(FeedUnavailable):
    """It gives events of no key now."""


class Feed:
    """Asks the services that publish over HTTP, with a token of this service."""

    def __init__(self, settings: Settings, token: ServiceToken) -> None:
        self._settings = settings
        self._token = token
        self._http = httpx.AsyncClient(timeout=5.0, verify=trusted())

    async def close(self) -> None:
        await self._http.aclose()

    async def events(self, stream: str, key: str, first: int, last: int) -> list[Envelope]:
        """Events `first` to `last` of a key, in order; fewer when the journal has not all of them.

        Raises:
            PublisherAway: the publisher cannot be reached or refuses.
            FeedUnavailable: what it answers are no events.
        """
        publisher = BY_STREAM[stream].producer
        found: list[Envelope] = []
        after = first - 1
        while after < last:
            limit = min(PAGE, last - after)
            query: dict[str, str | int] = {
                "topic": stream,
                "key": key,
                "after": after,
                "limit": limit,
            }
            try:
                answer = await self._get(publisher, "/events", **query)
                page = [_envelope(stream, item) for item in answer["items"]]
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise PublisherAway(f"{stream}: {type(error).__name__}") from error
            except NO_FEED as error:
                raise FeedUnavailable(f"{stream}: {type(error).__name__}") from error
            expected = range(after + 1, after + 1 + limit)
            fitting = [e for e, number in zip(page, expected, strict=False) if e.sequence == number]
            found += fitting
            if len(fitting) < limit:
                break
            after += limit
        return found

    async def published(self, publisher: str) -> dict[str, int] | None:
        """Stream → events that a service published; None while it does not say."""
        try:
            answer = await self._get(publisher, "/operations/published")
            return {one["stream"]: int(one["events"]) for one in answer["items"]}
        except (httpx.HTTPError, httpx.InvalidURL, *NO_FEED):
            return None

    async def _get(self, service: str, path: str, **query: str | int) -> Any:
        """What a service answers to this one.

        Raises:
            httpx.HTTPError, httpx.InvalidURL: it cannot be reached or refuses.
            ValueError: it is no JSON.
        """
        answer = await self._http.get(
            f"{self._settings.url_of(service)}{path}",
            params=query,
            headers={"Authorization": f"Bearer {await self._token.get()}"},
        )
        answer.raise_for_status()
        return answer.json()


def _envelope(stream: str, item: dict[str, Any]) -> Envelope:
    time = datetime.fromisoformat(item["time"])
    payload = item["data"].encode()
    return Envelope(
        id=item["id"],
        source=item["source"],
        type=item["type"],
        stream=stream,
        key=item["subject"],
        sequence=item["sequence"],
        time=time,
        dataschema=item["dataschema"],
        traceparent=item["traceparent"],
        payload=payload,
        headers=headers_of(
            stream=stream,
            key=item["subject"],
            sequence=item["sequence"],
            event_id=item["id"],
            type=item["type"],
            dataschema=item["dataschema"],
            occurred_at=time,
            traceparent=item["traceparent"],
        ),
    )
