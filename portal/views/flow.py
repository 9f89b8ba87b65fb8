"""The way of events, for engineers: what is under way in a service, how far behind it
is, and what was set aside."""

from typing import Any

from portal.settings import SERVICES
from portal.views.registry import Page, view

ACTS = tuple(
    f"{service}.{act}"
    for service in SERVICES
    for act in ("retry_dead_letters", "skip_dead_letters", "retry_set_aside")
)


@view("/flow", "flow.html", "intake.get_flow", *ACTS)
async def flow(page: Page) -> dict[str, Any]:
    service = page.query("service") if page.query("service") in SERVICES else SERVICES[0]
    under_way, letters, aside = await page.both(
        page.ask(f"{service}.get_flow"),
        page.ask(f"{service}.list_dead_letters", cursor=page.query("cursor")),
        page.ask(f"{service}.list_set_aside"),
    )
    spans = page.request.app.state.settings.spans
    return {
        "service": service,
        "services": SERVICES,
        "flow": under_way,
        "letters": letters,
        "aside": aside,
        "traces": spans.removesuffix("/api/v2/spans") if spans else "",
    }
