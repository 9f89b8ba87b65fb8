"""What the portal knows of the APIs: `portal/operations.json`, made from their OpenAPI documents.

An operation is its address, who may call it, and what its body looks like, by service and
operation id. The portal imports nothing of a service: this file is all that it is told.
"""

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from shared.service import Service, build
from shared.settings import SERVICES, Settings
from stepwell.runtime.state import PROJECT

FILE = PROJECT / "portal" / "operations.json"
ROLES = re.compile(r"^Roles: (.+)\.$", re.MULTILINE)
Tree = Any
"""The name of a type, or {"list": tree}, {"map": tree} or {"object": {field: tree}}."""


def generated() -> str:
    """What belongs in the file: an operation a line."""
    lines = [
        f"  {json.dumps(name)}: {json.dumps(operation, ensure_ascii=False)}"
        for service in SERVICES
        for name, operation in _operations(service, document(service))
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def outdated() -> bool:
    """Whether the file is missing or no longer what is generated."""
    return not FILE.is_file() or FILE.read_text(encoding="utf-8") != generated()


def write() -> list[str]:
    """Bring the file up to date; returns its path when it changed."""
    if not outdated():
        return []
    FILE.write_text(generated(), encoding="utf-8")
    return [str(FILE.relative_to(PROJECT))]


def document(name: str) -> Mapping[str, Any]:
    """The OpenAPI document of a service, which need not run."""
    declared: Service = importlib.import_module(f"services.{name}.service").service
    settings = Settings.model_validate(
        {
            "service": name,
            "environment": "local",
            "database_url": "postgresql://nobody@127.0.0.1:1/nothing",
            "kafka_bootstrap_servers": "127.0.0.1:1",
            "oidc_issuer": "http://127.0.0.1:9",
        }
    )
    return build(declared, settings, frozenset({"api"})).openapi()


def _operations(service: str, described: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    schemas = described["components"]["schemas"]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            roles = ROLES.search(operation["description"])
            if roles is None or roles[1] in ("service", "service, subscriber", "kiosk"):
                continue
            given = [p["name"] for p in operation.get("parameters", []) if p["in"] == "header"]
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            yield (
                f"{service}.{operation['operationId']}",
                {
                    "method": method.upper(),
                    "path": path,
                    "query": [
                        p["name"] for p in operation.get("parameters", []) if p["in"] == "query"
                    ],
                    "headers": given,
                    "roles": roles[1].split(", "),
                    "body": body and _tree(body["schema"], schemas),
                },
            )


def _tree(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Tree:
    """A schema as far as text of a form needs it to become JSON."""
    if "$ref" in schema:
        return _tree(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    kinds = schema.get("anyOf") or schema.get("oneOf")
    if kinds:
        trees = [_tree(kind, schemas) for kind in kinds if kind.get("type") != "null"]
        objects = [tree["object"] for tree in trees if isinstance(tree, dict) and "object" in tree]
        if len(objects) == len(trees):
            return {"object": {name: tree for one in objects for name, tree in one.items()}}
        return trees[0]
    if schema.get("type") == "array":
        return {"list": _tree(schema.get("items", {}), schemas)}
    if "properties" in schema:
        fields = schema["properties"].items()
        return {"object": {name: _tree(field, schemas) for name, field in fields}}
    if isinstance(schema.get("additionalProperties"), dict):
        return {"map": _tree(schema["additionalProperties"], schemas)}
    if schema.get("format") == "date-time":
        return "instant"
    return schema.get("type", "string")
