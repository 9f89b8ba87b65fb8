"""Who can reach whom by the network policies of an overlay."""

from dataclasses import dataclass
from typing import Any

from shared.settings import SERVICES
from tests.support.kubernetes.rendered import Object, of_kind, selects, workloads

POSTGRES, INSTANCE, HTTP, KAFKA = 5432, 8000, 8000, 9093
CONTROLLER = 9090


@dataclass(frozen=True)
class Place:
    """Pods that are alike, in our namespace or in another one."""

    name: str
    labels: tuple[tuple[str, str], ...]
    ports: tuple[int, ...]
    namespace: str = "stepwell"


def place(name: str, labels: dict[str, str], *ports: int, namespace: str = "stepwell") -> Place:
    return Place(name, tuple(sorted(labels.items())), ports, namespace)


def ours(overlay: str) -> list[Place]:
    """The pods of our workloads, and those that operators make of our objects."""
    return [
        *(place(one.name, one.labels, *one.ports.values()) for one in workloads(overlay)),
        *(
            place(f"{service}-database", {"cnpg.io/cluster": f"{service}-database"}, 5432, 8000)
            for service in SERVICES
        ),
        place("kafka", {"strimzi.io/cluster": "stepwell"}, CONTROLLER, KAFKA),
    ]


def ways(overlay: str, places: list[Place]) -> set[tuple[str, str, int]]:
    """From whom to whom at which port, among these."""
    policies = [one["spec"] for one in of_kind(overlay, "NetworkPolicy")]
    return {
        (start.name, end.name, port)
        for start in places
        for end in places
        for port in end.ports
        if lets("Egress", policies, start, end, port)
        and lets("Ingress", policies, end, start, port)
    }


def lets(way: str, policies: list[Object], at: Place, other: Place, port: int) -> bool:
    """Whether the policies that hold at a pod let it speak with the other one, in this way."""
    if at.namespace != "stepwell":
        return True
    holding = [
        one
        for one in policies
        if way in one["policyTypes"] and selects(one["podSelector"], dict(at.labels))
    ]
    side = "to" if way == "Egress" else "from"
    return not holding or any(
        any(_meant(peer, other) for peer in rule[side])
        and ("ports" not in rule or any(one["port"] == port for one in rule["ports"]))
        for one in holding
        for rule in one.get(way.lower(), [])
    )


def _meant(peer: dict[str, Any], other: Place) -> bool:
    """Addresses outside of the cluster are nobody's here."""
    if "ipBlock" in peer:
        return False
    space = {"kubernetes.io/metadata.name": other.namespace}
    here = {"matchLabels": {"kubernetes.io/metadata.name": "stepwell"}}
    return selects(peer.get("namespaceSelector", here), space) and selects(
        peer.get("podSelector", {}), dict(other.labels)
    )
