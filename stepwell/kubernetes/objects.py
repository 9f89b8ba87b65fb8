"""What the generated objects have in common: their names, labels, and where the brokers are."""

import importlib
from typing import Any, Literal

from shared.contracts.topics import BY_STREAM
from shared.messaging.handlers import Registry

Object = dict[str, Any]
Stage = Literal["data", "migrations", "services"]
"""What is applied first, second and last (docs/operations/kubernetes.md)."""

NAMESPACE = "stepwell"
BROKERS = f"stepwell-kafka-bootstrap.{NAMESPACE}.svc:9093"
SECRETS = "/run/secrets/stepwell"
NAME = "app.kubernetes.io/name"
COMPONENT = "app.kubernetes.io/component"


def made(
    api_version: str,
    kind: str,
    name: str,
    spec: Object,
    *,
    stage: Stage,
    service: str | None = None,
    labels: dict[str, str] | None = None,
) -> Object:
    """An object that belongs to a service, or to the platform when there is none."""
    own = {NAME: service} if service else {}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "labels": {**own, "stage": stage, **(labels or {})}},
        "spec": spec,
    }


def streams_of(service: str) -> list[str]:
    """The streams that a service reacts to."""
    declared = importlib.import_module(f"services.{service}.service").service
    return Registry(service, declared.consumers).streams


def publishers_for(service: str) -> list[str]:
    """The services whose journals it asks for events that it missed; never its own."""
    found = {BY_STREAM[stream].producer for stream in streams_of(service)}
    return sorted(found - {service})
