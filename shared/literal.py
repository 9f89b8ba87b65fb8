"""Models that take truth values, numbers and dates as they are written."""

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, GetCoreSchemaHandler
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_before_validator_function

LITERALLY = ("bool", "int", "float")
FULL_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def full_date(value: object) -> object:
    """Refuse what would be read as days or seconds since 1970, and an instant at midnight."""
    if type(value) is date or (isinstance(value, str) and FULL_DATE.fullmatch(value)):
        return value
    raise ValueError("Send a date such as 2026-03-02.")


Day = Annotated[date, BeforeValidator(full_date)]
"""A date in a query, as RFC 3339 writes it. In a body every date is one."""


def _no_truth_value(value: object) -> object:
    """Refuse `false` where one of some numbers is expected, which Python takes for 0."""
    if isinstance(value, bool):
        raise ValueError("Send a number.")
    return value


def _check_of(schema: CoreSchema | dict[str, Any]) -> Callable[[object], object] | None:
    """What has to be asked of a value before the part of a core schema is."""
    if schema.get("type") == "date":
        return full_date
    numbers = schema.get("type") == "literal" and any(type(n) is int for n in schema["expected"])
    return _no_truth_value if numbers else None


def _take_literally(schema: object) -> None:
    """Let the truth values, numbers and dates in a core schema be of their own type only."""
    if isinstance(schema, dict):
        if schema.get("type") in LITERALLY:
            schema.setdefault("strict", True)
        if (check := _check_of(schema)) is not None:
            plain = dict(schema)
            schema.clear()
            schema.update(no_info_before_validator_function(check, plain))
            return
        for name, part in schema.items():
            if name not in ("metadata", "serialization"):
                _take_literally(part)
    elif isinstance(schema, list | tuple):
        for part in schema:
            _take_literally(part)


class Literally(BaseModel):
    """A truth value is `true` or `false` and a number is a number, as schemas say.

    Nothing is made of `"yes"`, of `"3"`, or of a 0 in the place of `false`. Ids and dates are
    texts in JSON and are read as such, for which pydantic's own strict mode has no room; a date is
    never a number of seconds in a text.
    """

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler(source)
        _take_literally(schema)
        return schema
