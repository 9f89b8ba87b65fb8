"""Loaded by schemathesis: who calls each operation, and with the ids of what is there.

The test that starts schemathesis names a file in `FUZZED` that says both; see
`tests.support.fuzzing`.
"""

import ast
import gc
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
import schemathesis
from schemathesis.core.parameters import ParameterLocation

gc.freeze()
gc.set_threshold(50_000, 20, 50)
"""Much is made here and little is garbage: collecting as often as usual takes a tenth more."""
requests.Session.trust_env = property(lambda _: False, lambda *_: None)  # type: ignore[assignment]
"""The service is on this machine: neither proxies nor passwords are looked up for each request."""
known = json.loads(Path(os.environ["FUZZED"]).read_text())
CALLERS: dict[str, list[str]] = known["callers"]
"""Values of the header Authorization by operation id."""
IDS: dict[str, list[tuple[str, str | None]]] = known["ids"]
"""By the name of a parameter or of a field of a body: ids of rows, and of the row's client."""
VALUES: dict[str, str] = known["values"]
"""What makes a query or path sensible, by the name of a parameter."""
called: Counter[str] = Counter()
asked: Counter[str] = Counter()
"""How often a caller was chosen for each operation, and how often it was called."""


def operation_of(case: Any) -> str:
    return str(case.operation.definition.raw["operationId"])


_parse = ast.parse


def _parse_in_peace(*source: Any, **how: Any) -> Any:
    """Parse without a collection of garbage amid it: CPython 3.11 then ends with "AST constructor
    recursion depth mismatch" (python/cpython#106905), which hypothesis meets as it reads lambdas of
    long modules."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return _parse(*source, **how)
    finally:
        if collects:
            gc.enable()


ast.parse = _parse_in_peace


@schemathesis.auth(refresh_interval=None)
class Callers:
    """The callers that may call the operation, in turn."""

    def get(self, case: Any, context: Any) -> str | None:
        operation = operation_of(case)
        called[operation] += 1
        given = CALLERS.get(operation)
        return given[called[operation] % len(given)] if given else None

    def set(self, case: Any, data: str | None, context: Any) -> None:
        if data is not None:
            case.headers["Authorization"] = data


def wanted(case: Any, where: ParameterLocation) -> bool:
    """Whether a part of the request is one that the service should take."""
    part = case.meta.components.get(where) if case.meta is not None else None
    return part is not None and not part.mode.is_negative


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Lead four of five calls to rows that are there, in versions that they may have.

    What schemathesis made wrong on purpose stays as it is.
    """
    number = asked[operation_of(case)]
    asked[operation_of(case)] += 1
    case.headers["traceparent"] = f"00-{uuid4().hex}-1234567812345678-01"
    if number % 5 == 4:
        return
    if wanted(case, ParameterLocation.PATH):
        of_rows(case.path_parameters or {}, number)
    if wanted(case, ParameterLocation.QUERY):
        case.query.pop("cursor", None)
        of_rows(case.query, number)
    if wanted(case, ParameterLocation.HEADER):
        if "If-Match" in case.headers:
            case.headers["If-Match"] = f'"{1 + number // 2 % 3}"'
        if "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = f"{operation_of(case)}-{number}"
        if number % 2:
            case.headers.pop("Break-Glass", None)
    if wanted(case, ParameterLocation.BODY) and isinstance(case.body, dict):
        of_rows(case.body, number)


def of_rows(named: dict[str, Any], number: int) -> None:
    """Put ids of rows in the place of made-up ones; those of one request belong together."""
    client = None
    for place, name in enumerate(named):
        if name in VALUES:
            named[name] = VALUES[name]
        elif name in IDS and name != "client_id":
            named[name], client = IDS[name][(number + place) % len(IDS[name])]
    if "client_id" in named:
        clients = IDS["client_id"]  # in turn with each row of another kind
        named["client_id"] = client or clients[number // len(clients) % len(clients)][0]


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Note what was answered to which trace: a refused request may have left nothing."""
    trace = response.request.headers["traceparent"].split("-")[1]
    with Path(known["answers"]).open("a") as answers:
        answers.write(
            f"{operation_of(case)} {case.meta.phase.name} {response.status_code} {trace}\n"
        )
