"""One call of a route: who calls, and what is done for them in one transaction.

A route is its path, its roles, its documentation and one call:

    @router.get("/sessions/{session_id}/roster", summary="Show who is expected at a session")
    async def show_roster(session_id: UUID, call: Annotated[Call, Allowed(*STAFF)]) -> Roster:
        return await call.show(lambda tx: queries.show_roster(tx, session_id))

The name of the function is the operation's id, and its return type the model that is documented;
what goes back is the finished answer.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar, TypeVarTuple, cast

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from shared.access.allowed import bearer
from shared.access.caller import Caller
from shared.access.roles import CLINICIANS, EVERY_STAFF_ROLE, SITE_STAFF, Role
from shared.database import ALL_SITES, Database, Transaction
from shared.errors import Forbidden
from shared.web import audit, writes

M = TypeVar("M", bound=BaseModel)
F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")


class Router(APIRouter):
    """Routes whose operation ids are the names of their functions. `about` describes their tag
    where a capability has several; the documentation takes its own words otherwise."""

    def __init__(self, *, about: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.about = about

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        endpoint.about = self.about  # type: ignore[attr-defined]
        options["operation_id"] = options.get("operation_id") or endpoint.__name__
        super().add_api_route(path, endpoint, **options)

    def create(self, path: str, **options: Any) -> Callable[[F], F]:
        """A POST that makes something, which is answered with 201."""
        return self.post(path, status_code=201, **options)


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose caller may make it."""

    request: Request
    caller: Caller

    @property
    def subject(self) -> str:
        """Who calls, as the token says."""
        return self.caller.subject

    @property
    def database(self) -> Database:
        """The database of the service."""
        database: Database = self.request.app.state.database
        return database

    async def show(self, query: Callable[[Transaction], Awaitable[M]]) -> M:
        """Answer with what `query` finds among the caller's sites; see `writes.show`."""
        return cast(M, await writes.show(self.request, self.caller, query))

    async def create(
        self,
        command: Callable[[Transaction, *Ts], Awaitable[M]],
        *args: *Ts,
        location: str | Callable[[M], str],
        status: int = 201,
    ) -> M:
        """Run `command` once for the request's Idempotency-Key, with what else it takes; see
        `writes.create`."""

        def make(tx: Transaction) -> Awaitable[M]:
            return command(tx, *args)

        made = writes.create(self.request, self.caller, make, location=location, status=status)
        return cast(M, await made)

    async def update(
        self,
        command: Callable[Concatenate[Transaction, int, P], Awaitable[M]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> M:
        """Run `command` with the version of the request's If-Match, and with what else it takes;
        see `writes.update`."""

        def change(tx: Transaction, expected: int) -> Awaitable[M]:
            return command(tx, expected, *args, **kwargs)

        return cast(M, await writes.update(self.request, self.caller, change))

    async def remove(self, command: Callable[[Transaction], Awaitable[BaseModel]]) -> None:
        """Run `command`, which takes something away, and answer without a body; see
        `writes.remove`."""
        return cast(None, await writes.remove(self.request, self.caller, command))

    async def answer(self, change: Callable[[Transaction], Awaitable[M]]) -> M:
        """Do what needs neither a key nor a version, as it is refused or changes nothing when it is
        repeated, and note it of the client whom the answer is about."""

        async def noted(tx: Transaction) -> M:
            answered = await change(tx)
            tx.access = audit.access(self.request, self.caller, "change", answered)
            return answered

        return await writes.run_again(self.database, self.caller.sites, noted)


def Allowed(*roles: Role, everywhere: bool = False) -> Any:
    """The call of a caller who must have one of `roles`.

    Use it as `call: Annotated[Call, Allowed(Role.COUNSELOR)]`. A route without it does not start:
    nothing is allowed by default. `everywhere` asks for a token for all sites, where what is shown
    or done belongs to no single one.
    """
    if not roles:
        raise ValueError("Allowed() needs at least one role.")
    permitted = frozenset(roles)

    async def check(request: Request) -> Call:
        caller = await bearer(request)
        if caller.role not in permitted:
            names = ", ".join(sorted(permitted))
            raise Forbidden(f"This needs one of the roles: {names}.")
        if everywhere and caller.sites != ALL_SITES:
            raise Forbidden("This needs a token for all sites.")
        return Call(request, caller)

    check.allowed_roles = permitted  # type: ignore[attr-defined]
    return Depends(check)


AnyStaff = Annotated[Call, Allowed(*EVERY_STAFF_ROLE)]
Reader = Annotated[Call, Allowed(*EVERY_STAFF_ROLE, Role.SERVICE)]
"""Whoever may read what names nobody, or one client: all of the staff, and the other services."""
SiteStaff = Annotated[Call, Allowed(*SITE_STAFF)]
Clinician = Annotated[Call, Allowed(*CLINICIANS)]
