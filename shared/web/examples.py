"""Examples in the OpenAPI document: request bodies made from the examples of their fields."""

from typing import Any

BY_FORMAT: dict[str, object] = {
    "uuid": "01a20e20-97d3-779f-8fac-673dd9f7f455",
    "date-time": "2026-03-02T14:30:00Z",
    "date": "2026-03-02",
    "time": "17:30:00",
}
"""Examples of fields that name none, where the format says enough."""

Schema = dict[str, Any]


class NoExample(LookupError):
    """A field of a request names no example and none can be made; the message says which."""


def complete(document: Schema) -> None:
    """Give every field that can have one an example, and every JSON request body a whole one."""
    schemas: dict[str, Schema] = document["components"]["schemas"]
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            if "examples" not in field and (found := _by_type(field)) is not None:
                field["examples"] = [found]
    for path in document["paths"].values():
        for operation in path.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is not None and "example" not in content:
                content["example"] = example(content["schema"], schemas)


def example(schema: Schema, schemas: dict[str, Schema], at: str = "") -> Any:
    """An example of what a schema describes.

    Raises:
        NoExample: a required field names none and its type does not say enough.
    """
    if schema.get("examples"):
        return schema["examples"][0]
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return example(schemas[name], schemas, at or name)
    for key in ("example", "default"):
        if key in schema:
            return schema[key]
    if schema.get("type") == "object" and "properties" in schema:
        return _object(schema, schemas, at)
    if schema.get("type") == "array" and isinstance(schema.get("items"), dict):
        return [example(schema["items"], schemas, f"{at}/0")]
    for choice in (*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ())):
        if choice.get("type") != "null":
            return example(choice, schemas, at)
    if (found := _by_type(schema)) is None:
        raise NoExample(f"{at} needs an example")
    return found


def _object(schema: Schema, schemas: dict[str, Schema], at: str) -> Schema:
    required = schema.get("required", ())
    made = {}
    for name, field in schema["properties"].items():
        try:
            made[name] = example(field, schemas, f"{at}/{name}")
        except NoExample:
            if name in required:
                raise
    return made


def _by_type(schema: Schema) -> Any:
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("type") == "boolean":
        return schema.get("default", False)
    if schema.get("type") == "integer":
        return schema.get("default", max(1, schema.get("minimum", 1)))
    if "format" in schema:
        return BY_FORMAT.get(schema["format"])
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null" and (found := _by_type(choice)) is not None:
            return found
    return None
