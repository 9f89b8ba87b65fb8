"""A real Kubernetes API server takes what `deploy/k8s` makes.

etcd, the API server and kustomize are built from their Go modules once, into the cache folder.
"""

import copy
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stepwell.kubernetes import rendering
from tests.support.kubernetes.definitions import definitions
from tests.support.kubernetes.programs import Programs, programs
from tests.support.kubernetes.rendered import (
    OVERLAYS,
    Object,
    called,
    objects,
    of_kind,
    workloads,
)
from tests.support.kubernetes.server import Answer, Client, define, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built() -> Programs:
    return programs()


@pytest.fixture(scope="module")
def cluster(built: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server that knows the operators' kinds."""
    known = definitions()
    began = time.monotonic()
    with running(built, tmp_path_factory.mktemp("cluster")) as client:
        print(f"the API server answers after {time.monotonic() - began:.1f} s")
        define(client, known)
        yield client


def refusals(answers: dict[str, Answer]) -> dict[str, object]:
    """Objects that were not taken without a word, with what was said."""
    return {
        name: answer.warnings or answer.reason
        for name, answer in answers.items()
        if answer.status not in (200, 201) or answer.warnings
    }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_is_rendered_as_committed_wherever_the_files_are(
    built: Programs, tmp_path: Path, overlay: str
) -> None:
    elsewhere = tmp_path / "another folder"
    for part in ("base", "overlays"):
        shutil.copytree(rendering.FOLDER / part, elsewhere / part)
    here = rendering.render(overlay, built.kustomize)
    assert here == rendering.render(overlay, built.kustomize, elsewhere)
    committed = rendering.FOLDER / rendering.RENDERED / f"{overlay}.yaml"
    assert here == committed.read_text("utf-8"), "run `stepwell kubernetes` and commit"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_object_is_taken_without_a_warning_and_again_without_a_change(
    cluster: Client, overlay: str
) -> None:
    """One overlay after the other: who grows from the small one to the other is taken too."""
    first = {called(one): cluster.apply(one) for one in objects(overlay)}
    assert refusals(first) == {}
    again = {called(one): cluster.apply(one) for one in objects(overlay)}
    assert refusals(again) == {}
    assert [name for name in first if kept(first[name]) != kept(again[name])] == []


def kept(answer: Answer) -> Object:
    """An object without the notes of when it was written."""
    about = {**answer.body["metadata"], "resourceVersion": None, "managedFields": None}
    return {**answer.body, "metadata": about}


def pods(overlay: str) -> list[Object]:
    """A pod as each template makes it."""
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "tried", "namespace": "stepwell", "labels": one.labels},
            "spec": one.pod,
        }
        for one in workloads(overlay)
    ]


@pytest.fixture
def namespace(cluster: Client) -> None:
    """What pods need: their namespace, where the level `restricted` holds, and their accounts."""
    for one in of_kind("region", "Namespace", "ServiceAccount"):
        assert cluster.apply(one).status in (200, 201)


@pytest.mark.usefixtures("namespace")
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_pods_are_let_in_where_the_level_restricted_is_enforced(
    cluster: Client, overlay: str
) -> None:
    made = pods(overlay)
    assert len(made) == 14, "api, worker, migrations of four services, stream worker and portal"
    told = [cluster.try_out(one) for one in made]
    assert [one.warnings or one.reason for one in told if one.status != 201 or one.warnings] == []


@pytest.mark.usefixtures("namespace")
def test_a_pod_that_may_become_root_is_kept_out(cluster: Client) -> None:
    pod = copy.deepcopy(pods("small")[0])
    del pod["spec"]["securityContext"]["runAsNonRoot"]
    answer = cluster.try_out(pod)
    assert answer.status == 403
    assert "violates PodSecurity" in answer.reason


@pytest.mark.usefixtures("namespace")
@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("Kafka", "kafka", {"listeners": []}),
        ("KafkaTopic", "partitions", 0),
        ("KafkaUser", "authentication", {"type": "plain"}),
        ("Cluster", "instances", 0),
        ("ScaledObject", "triggers", "kafka"),
        ("HTTPRoute", "hostnames", ["not a host"]),
        ("ExternalSecret", "data", {}),
        ("ServiceMonitor", "endpoints", None),
        ("Deployment", "replica", 2),
    ],
)
def test_what_an_operator_would_not_understand_is_refused(
    cluster: Client, kind: str, field: str, value: object
) -> None:
    wrong = copy.deepcopy(of_kind("region", kind)[0])
    wrong["metadata"]["name"] = "wrong"
    wrong["spec"][field] = value
    assert cluster.try_out(wrong).status in (400, 422)
