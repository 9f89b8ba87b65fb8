"""Who looked: every read or change of a client's record is noted in the transaction that did it.

Nothing has to be declared for it: whoever an answer is about, or a path names, was looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
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
NAMES_CLIENTS = ("client_id", "client_ids")
PLAIN = frozenset((str, int, float, bool, type(None), datetime, date))
"""What most fields hold, and what can neither be a client nor hold one."""
DEEPER = (BaseModel, Mapping, list, tuple)
"""What parts of an answer may lie in."""


class BreakGlassRefused(Forbidden, title="The glass may not be broken here"):
    """The glass is broken by a clinician, for one client, with a reason that can be read."""


class BadBreakGlassReason(Invalid, title="Bad reason for breaking the glass"):
    """A reason has 1 to 500 printable characters."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a read may see, and why it may see more than the caller's sites."""

    sites: Sites
    reason: str | None


def is_of_one_client(route: Any) -> bool:
    """Whether a route says that it reads the record of one client (`writes.of_one_client`)."""
    return getattr(route.endpoint, "of_one_client", False)


def reading(request: Request, caller: Caller) -> Reading:
    """The caller's sites, or all of them for one client when the glass is broken.

    Raises:
        BreakGlassRefused, BadBreakGlassReason: the header is given and cannot be followed.
    """
    given = request.headers.get(BREAK_GLASS)
    if given is None:
        return Reading(caller.sites, None)
    if caller.role not in CLINICIANS or not is_of_one_client(request.scope["route"]):
        raise BreakGlassRefused("Only clinicians break the glass, and only for one client.")
    reason = _as_written(given).strip()
    if not 0 < len(reason) <= LONGEST_REASON or not reason.isprintable():
        raise BadBreakGlassReason("Say why in 1 to 500 printable characters.", pointer=BREAK_GLASS)
    return Reading(ALL_SITES, reason)


def _as_written(header: str) -> str:
    """The text of a header, which is read as Latin-1 and sent as UTF-8 by whoever writes more."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeDecodeError:
        return header


def access(
    request: Request,
    caller: Caller,
    kind: Literal["read", "change"],
    shown: BaseModel,
    reason: str | None = None,
) -> Access:
    """The note that `caller` saw or changed what `shown` is about."""
    found = list(dict.fromkeys(clients_in(shown)))
    clients = {client for client, _ in found}
    named = request.path_params.get("client_id")
    if named is not None and UUID(str(named)) not in clients:
        found.append((UUID(str(named)), getattr(shown, "site_id", None)))
    told = {client for client, site in found if site is not None}
    elsewhere = None if reason is not None else _only_site(caller)
    pairs = [
        (client, elsewhere if site is None else site)
        for client, site in found
        if site is not None or client not in told
    ]
    return Access(caller.subject, caller.role, _operation(request), kind, pairs, reason)


def repeated(
    request: Request, caller: Caller, clients: Sequence[UUID], sites: Sequence[UUID | None]
) -> Access:
    """The note that `caller` was shown an answer once more that was about these clients."""
    pairs = list(zip(clients, sites, strict=True))
    return Access(caller.subject, caller.role, _operation(request), "read", pairs, None)


def tell(noted: Access) -> None:
    """Log that the glass was broken; who it was, and for whom, is in the note alone."""
    if noted.reason is not None:
        log.warning("glass_broken", operation=noted.operation, role=noted.role)


def clients_in(shown: object, site: UUID | None = None) -> Iterator[tuple[UUID, UUID | None]]:
    """The clients that an answer is about, however deep, each with its site if that is told.

    A field holds clients when it is the `client_key` of its model or its name ends in `client_id`
    or `client_ids`. `site_id` of a part counts for what is below it, too; a part with `site_ids` is
    about all of them.
    """
    if isinstance(shown, BaseModel):
        site = getattr(shown, "site_id", None) or site
        sites = getattr(shown, "site_ids", None) or (site,)
        key = shown.client_key if isinstance(shown, Shown) else "client_id"
        for name, value in shown.__dict__.items():
            if type(value) in PLAIN:
                continue
            if name == key or name.endswith(NAMES_CLIENTS):
                for client in value if isinstance(value, list | tuple) else (value,):
                    if isinstance(client, UUID):
                        yield from ((client, one) for one in sites)
            if isinstance(value, DEEPER):
                yield from clients_in(value, site)
    elif isinstance(shown, Mapping):
        for value in shown.values():
            yield from clients_in(value, site)
    elif isinstance(shown, list | tuple):
        for value in shown:
            if type(value) not in PLAIN:
                yield from clients_in(value, site)


def _only_site(caller: Caller) -> UUID | None:
    """Where an answer must belong that tells no site: the caller sees no other one."""
    if caller.sites == ALL_SITES or len(caller.sites) != 1:
        return None
    return next(iter(caller.sites))


def _operation(request: Request) -> str:
    route = request.scope["route"]
    return str(route.operation_id or route.name)
