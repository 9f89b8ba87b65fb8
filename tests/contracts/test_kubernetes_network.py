"""By the network policies nobody reaches anybody but where the code has a reason to."""

import re

import pytest
import yaml

from shared.contracts.topics import BY_STREAM
from shared.settings import SERVICES
from stepwell.kubernetes import rendering
from stepwell.kubernetes.objects import streams_of
from stepwell.runtime.state import PROJECT
from tests.support.kubernetes.network import Place, ours, place, ways
from tests.support.kubernetes.rendered import OVERLAYS, name_of, of_kind, workloads

POSTGRES, HTTP, KAFKA, METRICS = 5432, 8000, 9093, 9187
GATEWAY = place("gateway", {}, namespace="gateway")
MONITORING = place("monitoring", {}, namespace="monitoring")
KEDA = place("keda", {"app": "keda-operator"}, namespace="keda")
STRANGER = place("stranger", {"app.kubernetes.io/part-of": "stepwell"}, namespace="default")
INTRUDER = place("intruder", {"app": "intruder"})
OUTSIDE = (GATEWAY, MONITORING, KEDA, STRANGER, INTRUDER)


def of_service(name: str) -> set[tuple[str, str, int]]:
    """The ways that a service needs: its database, the broker, the journals it reads."""
    asked = {BY_STREAM[stream].producer for stream in streams_of(name)} - {name}
    both = (f"{name}-api", f"{name}-worker")
    return {
        *((start, f"{name}-database", POSTGRES) for start in (*both, f"{name}-migrations")),
        *((start, f"{other}-api", HTTP) for start in both for other in asked),
        (f"{name}-worker", "kafka", KAFKA),
    }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_of_ours_reach_what_they_need_and_nothing_else(overlay: str) -> None:
    among_themselves = {
        ("kafka", "kafka", 9090),
        ("kafka", "kafka", KAFKA),
        *((f"{s}-database", f"{s}-database", port) for s in SERVICES for port in (POSTGRES, 8000)),
    }
    needed = among_themselves.union(*map(of_service, SERVICES))
    pages = {("portal", f"{service}-api", HTTP) for service in SERVICES}
    assert ways(overlay, ours(overlay)) == needed | pages | {("outcomes-stream", "kafka", KAFKA)}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_from_outside_come_requests_and_scrapes_only(overlay: str) -> None:
    with_metrics = [
        place(one.name, dict(one.labels), *one.ports, METRICS)
        if one.name.endswith("-database")
        else one
        for one in ours(overlay)
    ]
    found = ways(overlay, [*with_metrics, *OUTSIDE])
    from_outside = {way for way in found if way[0] in {one.name for one in OUTSIDE}}
    stay = [one for one in workloads(overlay) if one.component != "migrations"]
    assert from_outside == {
        *(("gateway", one.name, HTTP) for one in stay if one.component in ("api", "portal")),
        *(("monitoring", one.name, HTTP) for one in stay if one.component != "portal"),
        *(("monitoring", f"{name}-database", METRICS) for name in SERVICES),
        ("keda", "kafka", KAFKA),
    }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_is_for_the_inside_has_no_way_through_the_gateway(overlay: str) -> None:
    page = (PROJECT / "SECURITY.md").read_text("utf-8")
    (asked,) = re.findall(r"- \*\*Network\.\*\* (.+?) reachable from inside only", page)
    inside = set(re.findall(r"`(/\w+)`", asked))
    assert len(inside) == 3
    for route in of_kind(overlay, "HTTPRoute"):
        closed = {
            match["path"]["value"]
            for rule in route["spec"]["rules"]
            if "backendRefs" not in rule
            for match in rule["matches"]
            if match["path"]["type"] == "PathPrefix"
        }
        assert closed == (set() if name_of(route) == "portal" else inside)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_somebody_may_reach_every_port_that_is_opened(overlay: str) -> None:
    places: list[Place] = [*ours(overlay), *OUTSIDE]
    reached = {(end, port) for _, end, port in ways(overlay, places)}
    opened = {(one.name, port) for one in workloads(overlay) for port in one.ports.values()}
    assert len(opened) == 10
    assert opened <= reached


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_policy_is_rendered_as_it_is_written(overlay: str) -> None:
    """kustomize writes labels into the peers when it is asked for selectors."""
    written = {
        name_of(one): one["spec"]
        for path in (rendering.FOLDER / "base").rglob("*.yaml")
        for one in yaml.safe_load_all(path.read_text("utf-8"))
        if one and one.get("kind") == "NetworkPolicy"
    }
    rendered = {name_of(one): one["spec"] for one in of_kind(overlay, "NetworkPolicy")}
    assert rendered == written
    assert rendered["closed"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
