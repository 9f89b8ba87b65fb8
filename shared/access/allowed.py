"""`Allowed(...)`: the dependency by which a route names the roles that may call it."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Depends, Request

from shared.access.caller import Caller
from shared.access.roles import Role
from shared.access.tokens import InvalidToken, IssuerUnavailable, Verifier
from shared.database.transaction import ALL_SITES
from shared.errors import Forbidden, ServiceUnavailable, Unauthorized


def Allowed(*roles: Role, everywhere: bool = False) -> Any:
    """The caller of the request, who must have one of `roles`.

    Use it as `caller: Annotated[Caller, Allowed(Role.COUNSELOR)]`. A route without it does not
    start: nothing is allowed by default. `everywhere` asks for a token for all sites, where what
    is shown or done belongs to no single one.
    """
    if not roles:
        raise ValueError("Allowed() needs at least one role.")
    permitted = frozenset(roles)

    async def check(request: Request) -> Caller:
        caller = await bearer(request)
        if caller.role not in permitted:
            names = ", ".join(sorted(permitted))
            raise Forbidden(f"This needs one of the roles: {names}.")
        if everywhere and caller.sites != ALL_SITES:
            raise Forbidden("This needs a token for all sites.")
        return caller

    check.allowed_roles = permitted  # type: ignore[attr-defined]
    return Depends(check)


def Open(why: str, *, traced: bool = True) -> Any:
    """No caller: the route is open to everybody, for the reason given.

    Use it as `nobody: Annotated[None, Open("…")]`, where a token cannot be asked for. Such a route
    shows and changes nothing of a client but by a secret that the request carries. Where not even
    the request may be known, `traced=False` lets requests to the route's address go without a span
    and without carrying on the trace that they name; the address has no parameters then.
    """

    async def nobody() -> None: ...

    nobody.open_because = why  # type: ignore[attr-defined]
    nobody.traced = traced  # type: ignore[attr-defined]
    return Depends(nobody)


def roles_of(call: Callable[..., Awaitable[Any]] | None) -> frozenset[Role]:
    """The roles that a dependency allows; empty when it is none of ours."""
    return getattr(call, "allowed_roles", frozenset())


async def bearer(request: Request) -> Caller:
    """The caller by the request's bearer token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("Send an access token: `Authorization: Bearer …`.")
    verifier: Verifier = request.app.state.verifier
    known = verifier.remembered(token)
    if known is not None:
        return known
    try:
        return await verifier.verify(token)
    except InvalidToken as error:
        raise Unauthorized(f"The access token is not accepted: {error}.") from None
    except IssuerUnavailable:
        raise ServiceUnavailable(
            "The token issuer cannot be reached. Nothing was changed: repeat the request."
        ) from None
