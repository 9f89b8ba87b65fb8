"""The way from outside to each API, by the Gateway API: a host name a service, as their paths are
the same. Overlays name the real hosts."""

from shared.settings import SERVICES
from stepwell.kubernetes.objects import Object, made

API = "gateway.networking.k8s.io/v1"
DOMAIN = "stepwell.example.org"


def routes() -> list[Object]:
    """An HTTPRoute for each service."""
    return [_route(service) for service in SERVICES]


def _route(service: str) -> Object:
    spec = {
        "parentRefs": [{"name": "stepwell", "sectionName": "https"}],
        "hostnames": [f"{service}.{DOMAIN}"],
        "rules": [{"backendRefs": [{"name": f"{service}-api", "port": 8000}]}],
    }
    return made(API, "HTTPRoute", f"{service}-api", spec, stage="services", service=service)
