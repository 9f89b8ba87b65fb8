"""Query parameters that a route does not declare are refused, on every route.

A caller whose filter is misspelt, or not known here, would otherwise be shown everything and take
it for the filtered list. The same goes for a parameter that is given twice and read once.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

from fastapi import Request, params
from fastapi._compat import ModelField, field_annotation_is_sequence
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params, get_parameterless_sub_dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

MOST_NAMED = 20
"""Parameters that one refusal names: enough to see what is wrong."""


def refuse_undeclared(route: Route) -> None:
    """Let `route` take no query parameters but those that it declares.

    Who calls is asked first. Routes belong to their module and are given to several applications,
    so that this may be said of one more than once.
    """
    if not isinstance(route, APIRoute):
        route.app = _without_parameters(route.app)
        return
    if any(getattr(below.call, "asks_for_parameters", False) for below in _below(route)):
        return
    check = _check(*_declared(route.dependant))
    depends = params.Depends(check)
    _below(route).append(get_parameterless_sub_dependant(depends=depends, path=route.path_format))


def _below(route: APIRoute) -> list[Dependant]:
    return route.dependant.dependencies


def _declared(dependant: Dependant) -> tuple[frozenset[str], frozenset[str]]:
    """The query parameters of a route, and those of them that may be given several times."""
    fields = list(_query_fields(dependant))
    several = [f for f in fields if field_annotation_is_sequence(f.field_info.annotation)]
    return frozenset(f.alias for f in fields), frozenset(f.alias for f in several)


def _query_fields(dependant: Dependant) -> Iterator[ModelField]:
    """What a route and its dependencies read from the query; of a model, its fields."""
    yield from get_flat_params(Dependant(query_params=dependant.query_params))
    for below in dependant.dependencies:
        yield from _query_fields(below)


def _check(
    declared: frozenset[str], several: frozenset[str]
) -> Callable[[Request], Awaitable[None]]:
    async def check(request: Request) -> None:
        _refuse(request, declared, several)

    check.asks_for_parameters = True  # type: ignore[attr-defined]
    return check


def _without_parameters(app: ASGIApp) -> ASGIApp:
    async def refusing(scope: Scope, receive: Receive, send: Send) -> None:
        _refuse(Request(scope))
        await app(scope, receive, send)

    return refusing


def _refuse(
    request: Request,
    declared: frozenset[str] = frozenset(),
    several: frozenset[str] = frozenset(),
) -> None:
    """Refuse the query parameters that are not declared, or given more often than they are read.

    Raises:
        RequestValidationError: naming them.
    """
    if not request.scope["query_string"]:
        return
    given = Counter(name for name, _ in request.query_params.multi_items())
    wrong = [
        {"type": "undeclared", "loc": ("query", name), "msg": _known(declared)}
        if name not in declared
        else {"type": "repeated", "loc": ("query", name), "msg": "Give this parameter once."}
        for name, times in given.items()
        if name not in declared or (times > 1 and name not in several)
    ]
    if wrong:
        raise RequestValidationError(wrong[:MOST_NAMED])


def _known(declared: frozenset[str]) -> str:
    if not declared:
        return "There is no such parameter: this address takes none."
    return f"There is no such parameter; there are: {', '.join(sorted(declared))}."
