"""Which pods of a service may reach which others: its database, and the publishers whose journals
it reads. What is the same for all services stands in `deploy/k8s/base/network`."""

from collections.abc import Sequence

from shared.settings import SERVICES
from stepwell.kubernetes.objects import COMPONENT, NAME, Object, made, publishers_for

API = "networking.k8s.io/v1"
HTTP = 8000
POSTGRES = 5432
INSTANCE = 8000
"""Where the instances of a database tell each other and their operator how they are."""
OF_DATABASE = "cnpg.io/cluster"
SERVERS = ("api", "worker")
"""The roles that apply events, and so read the database and other journals."""


def policies() -> list[Object]:
    """The paths of each service; all others are closed."""
    return [
        policy
        for service in SERVICES
        for policy in (
            _database_clients(service),
            _database(service),
            _to_journals(service),
            *_journal(service),
        )
    ]


def _database_clients(service: str) -> Object:
    to = {"to": [_pods({OF_DATABASE: f"{service}-database"})], "ports": [_tcp(POSTGRES)]}
    return _policy(
        f"{service}-to-database", service, _of(service, *SERVERS, "migrations"), egress=[to]
    )


def _database(service: str) -> Object:
    own = {OF_DATABASE: f"{service}-database"}
    instances = {"ports": [_tcp(POSTGRES), _tcp(INSTANCE)]}
    return _policy(
        f"{service}-database",
        service,
        {"matchLabels": own},
        ingress=[
            {
                "from": [{"podSelector": _of(service, *SERVERS, "migrations")}],
                "ports": [_tcp(POSTGRES)],
            },
            {"from": [_pods(own)], **instances},
        ],
        egress=[{"to": [_pods(own)], **instances}],
    )


def _to_journals(service: str) -> Object:
    """From this service to the journals of those whose events it applies."""
    to = [_pods({NAME: other, COMPONENT: "api"}) for other in publishers_for(service)]
    return _policy(
        f"{service}-to-journals",
        service,
        _of(service, *SERVERS),
        egress=[{"to": to, "ports": [_tcp(HTTP)]}],
    )


def _journal(service: str) -> list[Object]:
    """To this service's journal from those that apply its events, if there are any."""
    readers = [other for other in SERVICES if service in publishers_for(other)]
    if not readers:
        return []
    rule = {
        "from": [{"podSelector": _of(other, *SERVERS)} for other in readers],
        "ports": [_tcp(HTTP)],
    }
    return [_policy(f"{service}-journal", service, _of(service, "api"), ingress=[rule])]


def _policy(
    name: str,
    service: str,
    pods: Object,
    *,
    ingress: Sequence[Object] | None = None,
    egress: Sequence[Object] | None = None,
) -> Object:
    ways = {"ingress": ingress, "egress": egress}
    spec = {
        "podSelector": pods,
        "policyTypes": [way.capitalize() for way, rules in ways.items() if rules is not None],
        **{way: list(rules) for way, rules in ways.items() if rules is not None},
    }
    return made(API, "NetworkPolicy", name, spec, stage="data", service=service)


def _of(service: str, *components: str) -> Object:
    return {
        "matchLabels": {NAME: service},
        "matchExpressions": [
            {"key": COMPONENT, "operator": "In", "values": list(components)},
        ],
    }


def _pods(labels: dict[str, str]) -> Object:
    return {"podSelector": {"matchLabels": labels}}


def _tcp(port: int) -> Object:
    return {"protocol": "TCP", "port": port}
