"""Who looked: every read or change of a client's record is noted in the transaction that did it.

Nothing has to be declared for it: whoever an answer is about, or a path names, was looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import structlog
from fastapi import Request
from pydantic import BaseModel

from shared.access.caller import Caller
from shared.access.roles import Role
from shared.database.transaction import ALL_SITES, Access, Sites
from shared.errors import Forbidden, Invalid
from shared.web.models import Shown

log = structlog.get_logger()

BREAK_GLASS = "break-glass"
"""The header that gives the reason for reading a client of another site."""
CLINICIANS = frozenset((Role.COUNSELOR, Role.CLINICAL_LEAD))
LONGEST_REASON = 500


class BreakGlassRefused(Forbidden):
    """The glass is broken by a clinician, for one client, with a reason that can be read."""

    title = "The glass may not be broken here"


class BadBreakGlassReason(Invalid):
    """A reason has 1 to 500 printable characters."""

    title = "Bad reason for breaking the glass"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a read may see, and why it may see more than the caller's sites."""

    sites: Sites
    reason: str | None


def reading(request: Request, caller: Caller) -> Reading:
    """The caller's sites, or all of them for one client when the glass is broken.

    Raises:
        BreakGlassRefused, BadBreakGlassReason: the header is given and cannot be followed.
    """
    given = request.headers.get(BREAK_GLASS)
    if given is None:
        return Reading(caller.sites, None)
    if caller.role not in CLINICIANS or "client_id" not in request.path_params:
        raise BreakGlassRefused("Only clinicians break the glass, and only for one client.")
    reason = given.strip()
    if not 0 < len(reason) <= LONGEST_REASON or not reason.isprintable():
        raise BadBreakGlassReason("Say why in 1 to 500 printable characters.", pointer=BREAK_GLASS)
    log.warning("glass_broken", operation=_operation(request), role=caller.role)
    return Reading(ALL_SITES, reason)


def access(
    request: Request,
    caller: Caller,
    kind: Literal["read", "change"],
    shown: BaseModel,
    reason: str | None = None,
) -> Access:
    """The note that `caller` saw or changed what `shown` is about."""
    clients = dict(clients_in(shown))
    named = request.path_params.get("client_id")
    if named is not None:
        clients.setdefault(UUID(str(named)), getattr(shown, "site_id", None))
    return Access(caller.subject, caller.role, _operation(request), kind, clients, reason)


def clients_in(shown: BaseModel, site: UUID | None = None) -> Iterator[tuple[UUID, UUID | None]]:
    """The clients that an answer is about, however deep, each with its site if that is told."""
    site = getattr(shown, "site_id", None) or site
    key = shown.client_key if isinstance(shown, Shown) else "client_id"
    client = getattr(shown, key, None)
    if isinstance(client, UUID):
        yield client, site
    for value in shown.__dict__.values():
        for part in value if isinstance(value, list | tuple) else (value,):
            if isinstance(part, BaseModel):
                yield from clients_in(part, site)


def _operation(request: Request) -> str:
    route = request.scope["route"]
    return str(route.operation_id or route.name)
