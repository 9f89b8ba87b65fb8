"""Who calls, by the bearer token; and routes that are open to everybody."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Depends, Request

from shared.access.caller import Caller
from shared.access.roles import Role
from shared.access.tokens import InvalidToken, IssuerUnavailable, Verifier
from shared.errors import ServiceUnavailable, Unauthorized


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
