"""What an overlay makes, as it is committed, and what its objects say of one another."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from stepwell.kubernetes import rendering

Object = dict[str, Any]
OVERLAYS = rendering.OVERLAYS
WORKLOADS = ("Deployment", "StatefulSet", "Job")


@cache
def objects(overlay: str) -> list[Object]:
    """All objects of an overlay, its namespace first. They are shared: change none."""
    text = (rendering.FOLDER / rendering.RENDERED / f"{overlay}.yaml").read_text("utf-8")
    made = yaml.load_all(text, yaml.CSafeLoader)
    return sorted(made, key=lambda one: str(one["kind"]) != "Namespace")


def of_kind(overlay: str, *kinds: str) -> list[Object]:
    return [one for one in objects(overlay) if one["kind"] in kinds]


def names(overlay: str, *kinds: str) -> set[str]:
    return {name_of(one) for one in of_kind(overlay, *kinds)}


def name_of(one: Object) -> str:
    return str(one["metadata"]["name"])


def called(one: Object) -> str:
    return f"{one['kind']} {name_of(one)}"


@dataclass(frozen=True)
class Workload:
    """Something that makes pods of ours."""

    made: Object

    @property
    def name(self) -> str:
        return name_of(self.made)

    @property
    def labels(self) -> dict[str, str]:
        """Of its pods."""
        return dict(self.made["spec"]["template"]["metadata"]["labels"])

    @property
    def service(self) -> str:
        return self.labels["app.kubernetes.io/name"]

    @property
    def component(self) -> str:
        return self.labels["app.kubernetes.io/component"]

    @property
    def pod(self) -> Object:
        return dict(self.made["spec"]["template"]["spec"])

    @property
    def container(self) -> Object:
        """Its only one."""
        (container,) = self.pod["containers"]
        return dict(container)

    @property
    def ports(self) -> dict[str, int]:
        return {one["name"]: one["containerPort"] for one in self.container.get("ports", [])}


def workloads(overlay: str) -> list[Workload]:
    return [Workload(one) for one in of_kind(overlay, *WORKLOADS)]


def selects(selector: Object, labels: dict[str, str]) -> bool:
    """Whether a label selector finds a pod with these labels. An empty one finds every pod."""
    wanted = selector.get("matchLabels", {})
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        labels.get(one["key"]) in one["values"]
        if one["operator"] == "In"
        else {"Exists": one["key"] in labels}[one["operator"]]
        for one in selector.get("matchExpressions", [])
    )


def parts(value: Any) -> Iterator[Object]:
    """All objects in an object."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, dict | list):
            yield from parts(part)
