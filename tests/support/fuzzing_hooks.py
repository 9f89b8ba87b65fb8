"""Loaded by schemathesis: who calls each operation, and with the ids of what is there.

The test that starts schemathesis names a file in `FUZZED` that says both; see
`tests.support.fuzzing`.
"""

import json
import os
import zlib
from pathlib import Path
from typing import Any
from uuid import uuid4

import schemathesis
from schemathesis.core.parameters import ParameterLocation

known = json.loads(Path(os.environ["FUZZED"]).read_text())
CALLERS: dict[str, list[str]] = known["callers"]
"""Values of the header Authorization by operation id."""
IDS: dict[str, list[str]] = known["ids"]
"""Ids of rows, by the name of a parameter or of a field of a body."""


def chosen(case: Any, salt: str) -> int:
    """A number that is the same for the same case in every run."""
    said = f"{salt} {case.method} {case.path} {case.path_parameters} {case.query} {case.body!r}"
    return zlib.crc32(said.encode("utf-8", "replace"))


@schemathesis.auth(refresh_interval=None)
class Callers:
    """One of the callers that may call the operation."""

    def get(self, case: Any, context: Any) -> str | None:
        given = CALLERS.get(context.operation.definition.raw["operationId"])
        return given[chosen(case, "caller") % len(given)] if given else None

    def set(self, case: Any, data: str | None, context: Any) -> None:
        if data is not None:
            case.headers["Authorization"] = data


def wanted(case: Any, where: ParameterLocation) -> bool:
    """Whether a part of the request is one that the service should take."""
    part = case.meta.components.get(where) if case.meta is not None else None
    return part is not None and not part.mode.is_negative


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Lead three of four calls to rows that are there, and to the version that most of them have.

    What schemathesis made wrong on purpose stays as it is.
    """
    number = chosen(case, "ids")
    case.headers["traceparent"] = f"00-{uuid4().hex}-1234567812345678-01"
    if number % 4 == 3:
        return
    if wanted(case, ParameterLocation.PATH):
        for name in case.path_parameters or ():
            if name in IDS:
                case.path_parameters[name] = IDS[name][number // 4 % len(IDS[name])]
    if wanted(case, ParameterLocation.HEADER) and "If-Match" in case.headers:
        case.headers["If-Match"] = f'"{1 + number // 4 % 2}"'
    if wanted(case, ParameterLocation.HEADER) and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"key-{number}"
    if wanted(case, ParameterLocation.BODY) and isinstance(case.body, dict):
        for name in case.body:
            if name in IDS:
                case.body[name] = IDS[name][number // 4 % len(IDS[name])]


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Note what was answered to which trace: a refused request may have left nothing."""
    operation = case.operation.definition.raw["operationId"]
    trace = response.request.headers["traceparent"].split("-")[1]
    with Path(known["answers"]).open("a") as answers:
        answers.write(f"{operation} {case.meta.phase.name} {response.status_code} {trace}\n")
