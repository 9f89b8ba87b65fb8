"""Audit: who looked at a client's record, and who broke the glass."""

import re
from typing import Any

from portal.settings import SERVICES
from portal.views.registry import Page, view

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@view("/audit", "audit.html", "intake.list_accesses")
async def audit(page: Page) -> dict[str, Any]:
    service = page.query("service") if page.query("service") in SERVICES else SERVICES[0]
    client = page.query("client")
    listed: Any = ()
    if ID.fullmatch(client):
        listed = await page.need(
            f"{service}.list_accesses", client_id=client, cursor=page.query("cursor")
        )
    return {
        "service": service,
        "services": SERVICES,
        "client": client,
        "listed": listed,
        "wrong": bool(client) and not ID.fullmatch(client),
    }
