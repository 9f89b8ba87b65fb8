"""Names that people read: blanks around them go, and what hides or shows nothing is refused."""

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.web.texts import Legible

NAMES = TypeAdapter(Legible)


@pytest.mark.parametrize("name", ["Cedar Ridge", "  Cedar Ridge ", "Ñuñoa 2", "北站", "O'Neil"])
def test_a_name_is_taken_without_the_blanks_around_it(name: str) -> None:
    assert NAMES.validate_python(name) == name.strip()


@pytest.mark.parametrize(
    "name", ["", " ", "\u3164", "\u2800", "\u0301", "a\u202eb", "a\u200bb", "a\nb", "a\u2028b"]
)
def test_a_name_that_hides_something_or_shows_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        NAMES.validate_python(name)
