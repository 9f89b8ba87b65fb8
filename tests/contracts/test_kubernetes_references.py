"""Every name that an object of `deploy/k8s` uses is that of an object that will be there."""

from urllib.parse import urlsplit

import pytest

from shared.settings import SERVICES
from tests.support.kubernetes.rendered import (
    OVERLAYS,
    Object,
    Workload,
    name_of,
    names,
    objects,
    of_kind,
    parts,
    selects,
    workloads,
)

both = pytest.mark.parametrize("overlay", OVERLAYS)
OF_THE_CLUSTER = {"gateway-certificate"}
"""Secrets that whoever runs the cluster provides; docs/operations/kubernetes.md lists them."""


def secrets(overlay: str) -> dict[str, set[str]]:
    """The secrets that operators will make of our objects, with their keys."""
    made: dict[str, set[str]] = {}
    for one in of_kind(overlay, "ExternalSecret"):
        target = one["spec"]["target"]
        given = {entry["secretKey"]: "" for entry in one["spec"]["data"]}
        made[target["name"]] = set(target.get("template", {}).get("data", given))
    made |= {name: {"password", "sasl.jaas.config"} for name in names(overlay, "KafkaUser")}
    made |= {
        f"{name}-cluster-ca-cert": {"ca.crt", "ca.p12", "ca.password"}
        for name in names(overlay, "Kafka")
    }
    return made | {f"{name}-ca": {"ca.crt", "ca.key"} for name in names(overlay, "Cluster")}


def wanted_by(workload: Workload) -> set[tuple[str, str]]:
    """The secrets that pods use, each with a key."""
    found = set()
    for part in parts(workload.pod):
        if "secretKeyRef" in part:
            found.add((part["secretKeyRef"]["name"], part["secretKeyRef"]["key"]))
        if "secret" in part:
            found |= {(part["secret"]["name"], item["key"]) for item in part["secret"]["items"]}
    return found


@both
def test_every_secret_that_a_pod_uses_is_made_with_that_key(overlay: str) -> None:
    made = {(name, key) for name, keys in secrets(overlay).items() for key in keys}
    for one in workloads(overlay):
        assert wanted_by(one) or one.service == "portal", one.name
        assert wanted_by(one) <= made, one.name


@both
def test_every_secret_that_an_operator_uses_is_made(overlay: str) -> None:
    wanted = {
        str(reference["name"])
        for one in of_kind(overlay, "Cluster", "ObjectStore", "TriggerAuthentication")
        for part in parts(one["spec"])
        for key in ("secret", "passwordSecret", "accessKeyId", "secretAccessKey")
        if isinstance(reference := part.get(key), dict)
    } | {
        str(reference["name"])
        for one in of_kind(overlay, "TriggerAuthentication")
        for reference in one["spec"]["secretTargetRef"]
    }
    assert len(wanted) == 2 * len(SERVICES) + 1 + len(SERVICES) + 1
    assert wanted <= secrets(overlay).keys()


@both
def test_a_password_of_a_database_belongs_to_the_role_that_uses_it(overlay: str) -> None:
    logins = {
        one["spec"]["target"]["name"]: one["spec"]["target"]["template"]["data"]["username"]
        for one in of_kind(overlay, "ExternalSecret")
        if "-database-" in name_of(one)
    }
    for one in of_kind(overlay, "Cluster"):
        first = one["spec"]["bootstrap"]["initdb"]
        assert logins[first["secret"]["name"]] == first["owner"]
        for role in one["spec"]["managed"]["roles"]:
            assert logins[role["passwordSecret"]["name"]] == role["name"]


@both
def test_pods_find_their_account_their_settings_and_their_files(overlay: str) -> None:
    accounts, maps = names(overlay, "ServiceAccount"), names(overlay, "ConfigMap")
    for one in workloads(overlay):
        assert one.pod["serviceAccountName"] in accounts
        for source in one.container.get("envFrom", []):
            assert source["configMapRef"]["name"] in maps
        (volume,) = one.pod["volumes"]
        (mount,) = one.container["volumeMounts"]
        assert mount["name"] == volume["name"]
        files = {
            f"{mount['mountPath']}/{item['path']}"
            for source in volume.get("projected", {"sources": []})["sources"]
            for item in source["secret"]["items"]
        }
        named = {str(e["value"]) for e in one.container["env"] if e["name"].endswith("_FILE")}
        (told,) = of_kind(overlay, "ConfigMap")
        if one.component in ("worker", "stream"):
            named.add(told["data"]["KAFKA_CA_FILE"])
        assert named <= files


@both
def test_a_service_finds_the_pods_of_one_workload_at_a_port_that_they_have(overlay: str) -> None:
    for one in of_kind(overlay, "Service"):
        selector = {"matchLabels": one["spec"]["selector"]}
        (found,) = (w for w in workloads(overlay) if selects(selector, w.labels))
        assert found.name == name_of(one)
        for port in one["spec"]["ports"]:
            assert port["targetPort"] in found.ports
    assert {one["spec"]["serviceName"] for one in of_kind(overlay, "StatefulSet")} <= names(
        overlay, "Service"
    )


@both
def test_scalers_routes_backups_and_logins_name_what_is_there(overlay: str) -> None:
    spec = {
        kind: [one["spec"] for one in of_kind(overlay, kind)]
        for kind in {str(one["kind"]) for one in objects(overlay)}
        if kind not in ("ConfigMap", "Namespace", "ServiceAccount")
    }
    deployments = names(overlay, "Deployment")
    for one in spec["HorizontalPodAutoscaler"] + spec["ScaledObject"]:
        assert one["scaleTargetRef"]["name"] in deployments
    for one in spec["ScaledObject"]:
        for trigger in one["triggers"]:
            assert trigger["authenticationRef"]["name"] in names(overlay, "TriggerAuthentication")
    for one in spec["HTTPRoute"]:
        for rule in one["rules"]:
            assert {ref["name"] for ref in rule.get("backendRefs", [])} <= names(overlay, "Service")
        assert {ref["name"] for ref in one["parentRefs"]} <= names(overlay, "Gateway")
    for one in spec["ScheduledBackup"]:
        assert one["cluster"]["name"] in names(overlay, "Cluster")
    for one in spec["Cluster"]:
        for plugin in one["plugins"]:
            assert plugin["parameters"]["barmanObjectName"] in names(overlay, "ObjectStore")
    for kind in ("KafkaNodePool", "KafkaTopic", "KafkaUser"):
        for made in of_kind(overlay, kind):
            assert made["metadata"]["labels"]["strimzi.io/cluster"] in names(overlay, "Kafka")
    for one in spec["Gateway"]:
        for listener in one["listeners"]:
            used = {ref["name"] for ref in listener["tls"]["certificateRefs"]}
            assert used <= OF_THE_CLUSTER


@both
def test_the_login_of_a_scaler_has_the_variable_it_takes_the_name_from(overlay: str) -> None:
    known = {w.name: {e["name"] for e in w.container["env"]} for w in workloads(overlay)}
    for one in of_kind(overlay, "TriggerAuthentication"):
        service = name_of(one).removesuffix("-broker")
        for entry in one["spec"]["env"]:
            assert entry["name"] in known[f"{service}-worker"]


@both
def test_addresses_are_those_of_services_in_this_namespace(overlay: str) -> None:
    (told,) = of_kind(overlay, "ConfigMap")
    ports = {
        name_of(s): [p["port"] for p in s["spec"]["ports"]] for s in of_kind(overlay, "Service")
    }
    for name in SERVICES:
        address = urlsplit(told["data"][f"STEPWELL_URL_{name.upper()}"])
        assert address.hostname == f"{name}-api"
        assert address.port in ports[address.hostname]
    (kafka,) = of_kind(overlay, "Kafka")
    host, _, port = told["data"]["KAFKA_BOOTSTRAP_SERVERS"].partition(":")
    assert host == f"{name_of(kafka)}-kafka-bootstrap"
    assert [int(port)] == [one["port"] for one in kafka["spec"]["kafka"]["listeners"]]
    for one in of_kind(overlay, "ScaledObject"):
        for trigger in one["spec"]["triggers"]:
            servers = trigger["metadata"]["bootstrapServers"]
            assert servers == f"{host}.{kafka['metadata']['namespace']}.svc:{port}"


@both
def test_everything_is_in_the_one_namespace_where_the_level_restricted_holds(overlay: str) -> None:
    (space,) = of_kind(overlay, "Namespace")
    for way in ("enforce", "warn", "audit"):
        assert space["metadata"]["labels"][f"pod-security.kubernetes.io/{way}"] == "restricted"
    elsewhere: list[Object] = [
        one
        for one in objects(overlay)
        if one is not space and one["metadata"].get("namespace") != name_of(space)
    ]
    assert elsewhere == []


@both
def test_every_object_belongs_to_a_step_of_the_rollout(overlay: str) -> None:
    steps = {one["metadata"]["labels"]["stage"] for one in objects(overlay)}
    assert steps == {"data", "migrations", "services"}
    for one in of_kind(overlay, "Job"):
        assert one["metadata"]["labels"]["stage"] == "migrations"
    for one in of_kind(overlay, "Deployment", "StatefulSet"):
        assert one["metadata"]["labels"]["stage"] == "services"
