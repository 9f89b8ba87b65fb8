"""Whoever an answer is about is found, and the glass is broken only as it may be."""

import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin
from uuid import UUID, uuid4

import pytest
from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel

from shared.access import Caller, Role
from shared.database import ALL_SITES
from shared.settings import SERVICES
from shared.web import Page, Shown
from shared.web.application import api_routes, is_open
from shared.web.audit import (
    CLINICIANS,
    BadBreakGlassReason,
    BreakGlassRefused,
    access,
    clients_in,
    reading,
    repeated,
)
from shared.web.writes import of_one_client
from tests.support.apis import APPS, address, caller

SITE, OTHER = UUID(int=7), UUID(int=8)
COUNSELOR = Caller("counselor-7", Role.COUNSELOR, frozenset((SITE,)))
REGION = Caller("region-1", Role.COUNSELOR, frozenset((SITE, OTHER)))


def example(kind: Any, clients: set[UUID], named: str = "") -> Any:
    """A value of a type, made as full as it can be; `clients` gets the ids that name a client."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        key = getattr(kind, "client_key", "client_id")
        return kind.model_construct(
            **{
                name: example(field.annotation, clients, "client_id" if name == key else f"_{name}")
                for name, field in kind.model_fields.items()
            }
        )
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return example(next(p for p in parts if p is not type(None)), clients, named)
    if origin in (list, tuple):
        return [example(parts[0], clients, named)]
    if origin is dict:
        return {"key": example(parts[1], clients, named)}
    if kind is not UUID:
        return None
    made = uuid4()
    if "client" in named:
        clients.add(made)
    return made


def answers() -> Iterator[Any]:
    """Every route with what it answers, and the clients in a full example of it."""
    for name, app in APPS.items():
        for route in api_routes(app):
            clients: set[UUID] = set()
            made = example(route.response_model, clients)
            yield pytest.param(route, made, clients, id=f"{name}-{route.operation_id}")


EVERY = list(answers())
ABOUT_CLIENTS = [
    pytest.param(route, id=str(one.id))
    for one in EVERY
    for route, _, clients in [one.values]
    if clients or "client_id" in route.param_convertors
]


@pytest.mark.parametrize(("route", "made", "clients"), EVERY)
def test_every_client_that_an_answer_names_is_found(route: APIRoute, made: Any, clients: set[UUID]):
    assert {client for client, _ in clients_in(made)} == clients


@pytest.mark.parametrize(("route", "made", "clients"), EVERY)
def test_an_open_route_tells_nobody_which_client_it_is_about(
    route: APIRoute, made: Any, clients: set[UUID]
):
    if is_open(route) and isinstance(made, BaseModel):
        field = type(made).model_fields.get("client_id")
        assert field is None or field.exclude


def test_the_walk_finds_answers_about_clients_in_every_service():
    assert {str(one.id).partition("-")[0] for one in ABOUT_CLIENTS} == set(SERVICES)
    assert len(ABOUT_CLIENTS) > 25


@pytest.mark.parametrize("route", ABOUT_CLIENTS)
def test_every_route_about_clients_reads_and_changes_where_it_is_noted(route: APIRoute):
    within = route.endpoint.__code__
    nested = [one for one in within.co_consts if isinstance(one, types.CodeType)]
    called = {name for code in (within, *nested) for name in code.co_names}
    noting = {"show", "create", "update", "answer", "access"}  # `tx.access = audit.access(…)`
    assert called & noting, "who looked would not be noted"


class Entry(Shown):
    client_id: UUID
    site_id: UUID | None = None


class Merge(Shown):
    kept_client_id: UUID
    other_client_ids: list[UUID]
    site_id: UUID


class Group(Shown):
    site_id: UUID
    entries: list[Entry]
    by_name: dict[str, Entry]


class Summary(Shown):
    client_id: UUID
    site_ids: list[UUID]


A, B, C, D = (UUID(int=n) for n in range(1, 5))


def test_clients_are_found_in_lists_and_tables_with_the_site_of_what_holds_them():
    group = Group(
        site_id=SITE,
        entries=[Entry(client_id=A), Entry(client_id=B, site_id=OTHER)],
        by_name={"c": Entry(client_id=C)},
    )
    assert list(clients_in(group)) == [(A, SITE), (B, OTHER), (C, SITE)]
    merge = Merge(kept_client_id=A, other_client_ids=[B, C], site_id=SITE)
    assert list(clients_in(merge)) == [(A, SITE), (B, SITE), (C, SITE)]
    assert list(clients_in([merge, Entry(client_id=D)]))[-1] == (D, None)


def request(break_glass: str | None = None, **path: object) -> Request:
    """A request for one client's record where the path names a client."""

    def show_client() -> None: ...

    headers = [] if break_glass is None else [(b"break-glass", break_glass.encode("latin-1"))]
    endpoint = of_one_client(show_client) if "client_id" in path else show_client
    route = types.SimpleNamespace(operation_id="show_client", name="show_client", endpoint=endpoint)
    scope = {"type": "http", "headers": headers, "path_params": path, "route": route}
    return Request(scope)


def test_a_record_of_several_sites_is_noted_at_each_of_them_once():
    page = Page[Entry](
        items=[
            Entry(client_id=A, site_id=SITE),
            Entry(client_id=A, site_id=OTHER),
            Entry(client_id=A, site_id=SITE),
            Entry(client_id=A),
        ],
        next=None,
    )
    noted = access(request(client_id=A), REGION, "read", page)
    assert noted.clients == [(A, SITE), (A, OTHER)]
    both = Summary(client_id=A, site_ids=[SITE, OTHER])
    assert access(request(), REGION, "read", both).clients == [(A, SITE), (A, OTHER)]


@pytest.mark.parametrize(
    ("by", "reason", "site"),
    [
        (COUNSELOR, None, SITE),
        (REGION, None, None),
        (Caller("auditor", Role.AUDITOR, ALL_SITES), None, None),
        (COUNSELOR, "Found unconscious.", None),
    ],
)
def test_an_answer_that_tells_no_site_is_of_the_callers_only_site(by, reason, site):
    nothing = Page[Entry](items=[], next=None)
    noted = access(request(client_id=A), by, "read", nothing, reason)
    assert noted.clients == [(A, site)]
    assert (noted.subject, noted.role, noted.operation) == (by.subject, by.role, "show_client")
    assert (noted.kind, noted.reason) == ("read", reason)


def test_an_answer_about_nobody_is_no_access_to_anybody():
    assert access(request(), COUNSELOR, "read", Page[Entry](items=[], next=None)).clients == []


def test_an_answer_that_is_shown_again_is_a_read_of_the_same_clients():
    noted = repeated(request(), COUNSELOR, [A, B], [SITE, None])
    assert (noted.kind, noted.clients) == ("read", [(A, SITE), (B, None)])


def test_who_breaks_the_glass_with_a_reason_sees_one_client_of_any_site():
    for role in CLINICIANS:
        seen = reading(request(" Found unconscious. ", client_id=A), Caller("x", role, frozenset()))
        assert (seen.sites, seen.reason) == (ALL_SITES, "Found unconscious.")
    plain = reading(request(client_id=A), COUNSELOR)
    assert (plain.sites, plain.reason) == (COUNSELOR.sites, None)


@pytest.mark.parametrize("role", sorted(set(Role) - CLINICIANS))
def test_nobody_but_clinicians_breaks_the_glass(role: Role):
    with pytest.raises(BreakGlassRefused):
        reading(request("Curious.", client_id=A), Caller("x", role, frozenset((SITE,))))


@pytest.mark.parametrize("path", [{}, {"referral_id": A}])
def test_the_glass_is_broken_for_one_client_and_not_for_lists(path: dict[str, UUID]):
    with pytest.raises(BreakGlassRefused):
        reading(request("Found unconscious.", **path), COUNSELOR)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "a\tb", "a\x85b"])
def test_a_reason_can_be_read(reason: str):
    with pytest.raises(BadBreakGlassReason) as refused:
        reading(request(reason, client_id=A), COUNSELOR)
    assert refused.value.pointer == "break-glass"
    assert reading(request("x" * 500, client_id=A), COUNSELOR).reason == "x" * 500


@pytest.mark.parametrize("written", ["está en el autobús", "Müller — bewusstlos", "昏迷"])
def test_a_reason_is_noted_in_the_letters_that_it_was_written_in(written: str):
    sent = request(written.encode().decode("latin-1"), client_id=A)
    assert reading(sent, COUNSELOR).reason == written
    assert reading(request("autobús", client_id=A), COUNSELOR).reason == "autobús"


async def test_a_glass_that_may_not_be_broken_is_refused_before_anything_is_read():
    route = next(r for r in api_routes(APPS["intake"]) if r.operation_id == "show_client")
    async with caller(APPS["intake"], "front_desk") as desk:
        answer = await desk.get(address(route), headers={"Break-Glass": "Curious."})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/break-glass-refused")
    async with caller(APPS["intake"], "counselor") as counselor:
        answer = await counselor.get(address(route), headers={"Break-Glass": " "})
    assert answer.json()["errors"][0]["pointer"] == "break-glass"
