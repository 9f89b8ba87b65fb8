"""Models that take truth values and numbers as they are written."""

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema

LITERALLY = ("bool", "int", "float")


def _take_literally(schema: object) -> None:
    """Let the truth values and numbers in a core schema be of their own type only."""
    if isinstance(schema, dict):
        if schema.get("type") in LITERALLY:
            schema.setdefault("strict", True)
        for name, part in schema.items():
            if name not in ("metadata", "serialization"):
                _take_literally(part)
    elif isinstance(schema, list | tuple):
        for part in schema:
            _take_literally(part)


class Literally(BaseModel):
    """A truth value is `true` or `false` and a number is a number, as schemas say.

    Nothing is made of `"yes"`, of `"3"`, or of a 0 in the place of `false`. Ids and dates are
    texts in JSON and are read as such, for which pydantic's own strict mode has no room.
    """

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler(source)
        _take_literally(schema)
        return schema
