"""What `deploy/k8s` makes keeps to the rules, and to the code.

That an API server takes it, with the operators' own definitions, is shown in `tests/deployment`.
"""

import tomllib
from pathlib import Path

import pytest

from portal.settings import Settings as PortalSettings
from shared import secret_files
from shared.contracts.topics import BY_STREAM, TOPICS
from shared.settings import SERVICES, Settings, load, variable_of
from stepwell.kubernetes import files, rendering
from stepwell.kubernetes.objects import streams_of
from stepwell.runtime.environment import KEPT, External
from stepwell.runtime.state import PROJECT
from stepwell.runtime.topics import access, settings_of
from tests.support.certificates import certificate, pem
from tests.support.kubernetes.rendered import (
    OVERLAYS,
    Object,
    Workload,
    called,
    name_of,
    objects,
    of_kind,
    selects,
    workloads,
)

VERSION = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
EVERYWHERE = [(overlay, one) for overlay in OVERLAYS for one in workloads(overlay)]
everywhere = pytest.mark.parametrize(
    ("overlay", "workload"), EVERYWHERE, ids=[f"{o}-{w.name}" for o, w in EVERYWHERE]
)


def test_what_is_committed_equals_what_is_generated_and_rendered() -> None:
    assert files.outdated() == [], "run `stepwell kubernetes` and commit what it writes"
    assert rendering.outdated() == [], "run `stepwell kubernetes` and commit what it writes"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_process_of_each_service_has_a_workload(overlay: str) -> None:
    found = {(one.service, one.component) for one in workloads(overlay)}
    roles = {(name, role) for name in SERVICES for role in ("api", "worker", "migrations")}
    assert found == roles | {("outcomes", "stream"), ("portal", "portal")}


@everywhere
def test_an_image_is_of_the_service_and_of_this_version(overlay: str, workload: Workload) -> None:
    of_service = "" if workload.component == "migrations" else f"-{workload.service}"
    assert workload.container["image"] == f"stepwell{of_service}:{VERSION}"


@everywhere
def test_nobody_is_root_or_may_write_or_speak_to_the_api_server(
    overlay: str, workload: Workload
) -> None:
    pod, container = workload.pod, workload.container
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert pod["serviceAccountName"] != "default"


@everywhere
def test_a_pod_says_what_it_needs_and_what_it_gets_at_most(
    overlay: str, workload: Workload
) -> None:
    given = workload.container["resources"]
    for kind in ("requests", "limits"):
        assert given[kind].keys() == {"cpu", "memory"}


def test_what_operators_run_for_us_says_so_too() -> None:
    for overlay in OVERLAYS:
        told = [
            *(one["spec"]["resources"] for one in of_kind(overlay, "Cluster", "KafkaNodePool")),
            *(
                part["resources"]
                for one in of_kind(overlay, "Kafka")
                for part in one["spec"]["entityOperator"].values()
            ),
            *(
                one["spec"]["instanceSidecarConfiguration"]["resources"]
                for one in of_kind(overlay, "ObjectStore")
            ),
        ]
        assert len(told) >= 8
        for given in told:
            assert given["requests"].keys() == given["limits"].keys() == {"cpu", "memory"}


@everywhere
def test_every_process_that_stays_is_asked_how_it_is_and_stops_gently(
    overlay: str, workload: Workload
) -> None:
    if workload.component == "migrations":
        return
    container = workload.container
    for probe, path in (
        ("startupProbe", "/health/live"),
        ("livenessProbe", "/health/live"),
        ("readinessProbe", "/health/ready"),
    ):
        assert container[probe]["httpGet"] == {"path": path, "port": "http"}
    pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    longest_answer = Settings.model_fields["request_timeout"].default
    assert pause + longest_answer < workload.pod["terminationGracePeriodSeconds"]


def variables(overlay: str, workload: Workload) -> dict[str, str]:
    """What a container is told; of a value from a secret, just that there is one."""
    maps = {name_of(one): one["data"] for one in of_kind(overlay, "ConfigMap")}
    told: dict[str, str] = {}
    for source in workload.container.get("envFrom", []):
        told |= maps[source["configMapRef"]["name"]]
    return told | {one["name"]: one.get("value", "") for one in workload.container["env"]}


@everywhere
def test_every_variable_is_known_to_the_settings(overlay: str, workload: Workload) -> None:
    service = workload.service
    known = {variable_of(field, service) for field in Settings.model_fields if field != "service"}
    if workload.component == "migrations":
        known = {f"DATABASE_OWNER_URL_{service.upper()}"}
    told = {
        name.removesuffix("_FILE") if name not in known else name
        for name in variables(overlay, workload)
    }
    assert told - known <= set(KEPT)


@everywhere
def test_a_process_starts_with_what_it_is_told(
    overlay: str, workload: Workload, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With files where its secrets are mounted, as operators make them of our objects."""
    if workload.service == "portal":
        for name, value in variables(overlay, workload).items():
            monkeypatch.setenv(name, value)
        portal = PortalSettings()
        assert portal.secure
        assert (portal.host, portal.port) == ("0.0.0.0", workload.ports["http"])
        assert {portal.base(name) for name in SERVICES} == {
            f"http://{name}-api:8000" for name in SERVICES
        }
        return
    given = secret_files_of(overlay, workload, tmp_path)
    secret_files.read_into(given, workload.service)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    if workload.component == "migrations":
        (owner,) = External.from_environment(given).owners.items()
        assert owner == (workload.service, address_of(workload.service, "owner", tmp_path))
        return
    settings = load(workload.service)
    assert settings.environment == "production"
    assert settings.kafka_client["sasl_mechanism"] == "SCRAM-SHA-512"
    assert settings.database_url == address_of(workload.service, "app", tmp_path)
    assert settings.port in workload.ports.values()
    assert settings.host == "0.0.0.0"


def address_of(service: str, role: str, folder: Path) -> str:
    """The address of a database, whose server has to show a certificate."""
    return (
        f"postgresql://{service}_{role}:word@{service}-database-rw:5432/{service}"
        f"?sslmode=verify-full&sslrootcert={folder}/database-ca.crt"
    )


def secret_files_of(overlay: str, workload: Workload, folder: Path) -> dict[str, str]:
    """The variables of a container, with `folder` for the place where its secrets are mounted."""
    templates = {
        one["spec"]["target"]["name"]: one["spec"]["target"].get("template", {}).get("data", {})
        for one in of_kind(overlay, "ExternalSecret")
    }
    authority = pem(folder, certificate("authority", None)[0])
    (mount,) = workload.container["volumeMounts"]
    for source in workload.pod["volumes"][0]["projected"]["sources"]:
        secret = source["secret"]
        for item in secret["items"]:
            made = templates.get(secret["name"], {}).get(item["key"], "{{ .value }}")
            text = made.replace("{{ .value }}", "word").replace(mount["mountPath"], str(folder))
            is_authority = item["key"] == "ca.crt"
            (folder / item["path"]).write_text(
                Path(authority).read_text() if is_authority else text
            )
    told = variables(overlay, workload)
    told = {name: value.replace(mount["mountPath"], str(folder)) for name, value in told.items()}
    return told | ({"SMTP_USERNAME": "clinic"} if "SMTP_PASSWORD_FILE" in told else {})


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nothing_starts_by_a_clock_that_is_changed(overlay: str) -> None:
    """A schedule of the wall runs twice in one night of autumn and never in one of spring. Ours are
    backups alone, once a day, by an operator that reads them in UTC; what services do by the day
    follows from instants in the database."""
    scheduled = [one for one in objects(overlay) if "schedule" in one.get("spec", {})]
    assert {one["kind"] for one in scheduled} == {"ScheduledBackup"}
    for one in scheduled:
        seconds, minute, hour, *days = one["spec"]["schedule"].split()
        assert (seconds, days) == ("0", ["*", "*", "*"])
        assert minute.isdigit()
        assert int(hour) > 3, "also where the operator's own clock is one of the wall"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_topic_is_made_as_on_the_local_broker(overlay: str) -> None:
    copies = 3
    made = {one["spec"]["topicName"]: one["spec"] for one in of_kind(overlay, "KafkaTopic")}
    assert made == {
        topic.name: {
            "topicName": topic.name,
            "partitions": topic.partitions,
            "replicas": copies,
            "config": settings_of(topic, copies)["configs"],
        }
        for topic in TOPICS
    }
    assert all(one["config"]["min.insync.replicas"] == "2" for one in made.values())


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_service_may_do_at_the_broker_what_it_may_locally(overlay: str) -> None:
    patterns = {"literal": "LITERAL", "prefix": "PREFIXED"}
    found = [
        (
            name_of(user),
            operation.upper(),
            one["resource"]["type"].upper(),
            one["resource"]["name"],
            patterns[one["resource"]["patternType"]],
        )
        for user in of_kind(overlay, "KafkaUser")
        for one in user["spec"]["authorization"]["acls"]
        for operation in one["operations"]
    ]
    assert len(found) == len(set(found))
    assert set(found) == set(access(""))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_there_are_never_more_workers_than_partitions(overlay: str) -> None:
    for one in of_kind(overlay, "ScaledObject"):
        service = one["metadata"]["labels"]["app.kubernetes.io/name"]
        read = [BY_STREAM[stream] for stream in streams_of(service)]
        assert {trigger["metadata"]["topic"] for trigger in one["spec"]["triggers"]} == {
            topic.name for topic in read
        }
        most = min(topic.partitions for topic in read)
        assert 1 <= one["spec"]["minReplicaCount"] <= one["spec"]["maxReplicaCount"] <= most
    for one in of_kind(overlay, "StatefulSet"):
        assert one["spec"]["replicas"] <= BY_STREAM["scheduling"].partitions


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_who_is_scaled_has_no_fixed_number_beside(overlay: str) -> None:
    scaled = {
        one["spec"]["scaleTargetRef"]["name"]
        for one in of_kind(overlay, "HorizontalPodAutoscaler", "ScaledObject")
    }
    deployments = of_kind(overlay, "Deployment")
    assert {name_of(one) for one in deployments} == scaled | {"portal"}
    fixed = [called(one) for one in deployments if "replicas" in one["spec"]]
    assert fixed == ["Deployment portal"], "it keeps who is logged in, so that there is one of it"


def selectors(one: Object) -> list[Object]:
    """Those that have to find the pods of the workload itself."""
    spread = one["spec"]["template"]["spec"].get("topologySpreadConstraints", [])
    return [one["spec"]["selector"], *(rule["labelSelector"] for rule in spread)]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_workload_finds_its_own_pods_and_no_others(overlay: str) -> None:
    for one in workloads(overlay):
        if one.component == "migrations":
            continue
        assert len(selectors(one.made)) == 3
        for selector in selectors(one.made):
            found = [w.name for w in workloads(overlay) if selects(selector, w.labels)]
            assert found == [one.name]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_budget_is_of_one_workload_and_has_one_limit(overlay: str) -> None:
    covered = []
    for one in of_kind(overlay, "PodDisruptionBudget"):
        assert len({"minAvailable", "maxUnavailable"} & one["spec"].keys()) == 1
        covered += [
            w.name for w in workloads(overlay) if selects(one["spec"]["selector"], w.labels)
        ]
    assert sorted(covered) == sorted(
        one.name for one in workloads(overlay) if one.component != "migrations"
    )


UNITS = {"Mi": 1 / 1024, "Gi": 1.0, "m": 1 / 1000, "": 1.0}


def amount(text: str) -> float:
    """Cores, or GiB."""
    number = text.rstrip("GMim")
    return float(number) * UNITS[text.removeprefix(number)]


def requested(overlay: str) -> tuple[float, float]:
    """Cores and GiB that the pods of an overlay ask for at rest, those of operators included."""
    least = {
        name_of(one): one["spec"].get("minReplicas") or one["spec"]["minReplicaCount"]
        for one in of_kind(overlay, "HorizontalPodAutoscaler", "ScaledObject")
    }
    asked = [
        (one.made["spec"].get("replicas") or least[one.name], one.container["resources"])
        for one in workloads(overlay)
        if one.component != "migrations"
    ]
    asked += [
        (one["spec"]["replicas"], one["spec"]["resources"])
        for one in of_kind(overlay, "KafkaNodePool")
    ]
    for one in of_kind(overlay, "Cluster"):
        (store,) = of_kind(overlay, "ObjectStore")
        for told in (one["spec"], store["spec"]["instanceSidecarConfiguration"]):
            asked.append((one["spec"]["instances"], told["resources"]))
    (kafka,) = of_kind(overlay, "Kafka")
    asked += [(1, part["resources"]) for part in kafka["spec"]["entityOperator"].values()]
    return (
        sum(count * amount(given["requests"]["cpu"]) for count, given in asked),
        sum(count * amount(given["requests"]["memory"]) for count, given in asked),
    )


@pytest.mark.parametrize(
    ("overlay", "cores", "gibibytes"), [("small", 3 * 4, 3 * 8), ("region", 6 * 4, 6 * 16)]
)
def test_an_overlay_fits_the_nodes_that_the_page_on_sizing_names(
    overlay: str, cores: int, gibibytes: int
) -> None:
    """With a fifth left for the system's own pods; what is requested is told to the digit."""
    asked = requested(overlay)
    page = (PROJECT / "docs" / "operations" / "sizing.md").read_text("utf-8")
    assert f"| `{overlay}` | {asked[0]:.0f} cores, {asked[1]:.0f} GiB |" in page
    assert asked[0] <= 0.8 * cores
    assert asked[1] <= 0.8 * gibibytes
