"""Requests are taken as they are written: nothing is made of a value of another type."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import Field, ValidationError

from shared.web import Strict


class Inner(Strict):
    yes: bool = False
    many: Annotated[int, Field(ge=0)] | None = None
    some: list[int | None] = Field(default=[])
    share: float = 0.5
    of: UUID | None = None
    on: date | None = None
    fold: Literal[0, 1] | None = None


class Outer(Strict):
    inner: Inner | None = None
    named: dict[str, Inner] = Field(default={})


WRONG: list[dict[str, Any]] = [
    {"yes": 0},
    {"yes": 1},
    {"yes": "yes"},
    {"yes": 0.0},
    {"many": True},
    {"many": "3"},
    {"some": ["1"]},
    {"some": [False]},
    {"share": "0.5"},
    {"share": True},
    {"fold": False},
    {"fold": True},
    {"fold": "0"},
    {"on": "1772323200"},
    {"on": 1772323200},
    {"on": "2026-03-01T00:00:00Z"},
    {"on": "20260301"},
    {"on": "2026-3-1"},
    {"on": "2026-02-30"},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_truth_values_numbers_and_dates_are_of_their_own_type_however_deep(wrong: dict[str, Any]):
    (name,) = wrong
    for at, body in (("inner", {"inner": wrong}), ("named", {"named": {"x": wrong}})):
        with pytest.raises(ValidationError) as refused:
            Outer.model_validate(body)
        (error,) = refused.value.errors()
        assert error["loc"][0] == at
        assert name in error["loc"]


def test_what_json_writes_as_text_or_without_a_point_is_read():
    text = "01a20e20-97d3-779f-8fac-673dd9f7f455"
    inner = Inner.model_validate(
        {"yes": True, "many": 3, "some": [1, None], "share": 1, "of": text, "on": "2026-03-01"}
    )
    assert inner == Inner(
        yes=True, many=3, some=[1, None], share=1.0, of=UUID(text), on=date(2026, 3, 1)
    )
