"""The way from outside to each API, by the Gateway API: a host name a service, as their paths are
the same. Overlays name the real hosts. What is for the inside only is led nowhere: the gateway
answers it by itself, with 500, as the Gateway API says of a rule without backends."""

from typing import Any

from shared.settings import SERVICES
from stepwell.kubernetes.objects import Object, made

API = "gateway.networking.k8s.io/v1"
DOMAIN = "stepwell.example.org"
INSIDE = ("/events", "/metrics", "/operations")
"""Paths that nobody outside has a reason to reach, with all below them."""


def routes() -> list[Object]:
    """An HTTPRoute for each service."""
    return [_route(service) for service in SERVICES]


def _route(service: str) -> Object:
    inside: dict[str, Any] = {
        "matches": [{"path": {"type": "PathPrefix", "value": path}} for path in INSIDE]
    }
    spec = {
        "parentRefs": [{"name": "stepwell", "sectionName": "https"}],
        "hostnames": [f"{service}.{DOMAIN}"],
        "rules": [inside, {"backendRefs": [{"name": f"{service}-api", "port": 8000}]}],
    }
    return made(API, "HTTPRoute", f"{service}-api", spec, stage="services", service=service)
