"""The operators' own definitions of their objects, out of their packages, kept in the cache."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from stepwell.runtime.downloads import Download
from stepwell.runtime.jars import java
from stepwell.runtime.state import cache_folder
from tests.support.kubernetes.programs import HERE, cached, go

MODULES = HERE / "modules.json"
"""Go modules that carry definitions as files: version, checksum, and which files."""

STRIMZI = "1.2.0"
JARS = {
    f"api-{STRIMZI}.jar": (
        1_485_809,
        "566961ae5e5646a001ae91312beda5cba3a5d467e740e205e1b761754335fe4e",
    ),
    f"crd-generator-{STRIMZI}.jar": (
        18_531_170,
        "76bb2430e702a1e6a24c071d26c865d5e9572cbc630d176d3b912033ae23ed00",
    ),
}
KINDS = ("kafka.Kafka", "nodepool.KafkaNodePool", "topic.KafkaTopic", "user.KafkaUser")
"""Strimzi's definitions follow from its Java classes, by its own generator."""


def definitions() -> list[dict[str, Any]]:
    """A CustomResourceDefinition for each kind of the operators that we have objects of."""
    named = hashlib.sha256(MODULES.read_bytes() + Path(__file__).read_bytes()).hexdigest()[:16]
    with cached(f"kubernetes-definitions-{named}") as (folder, missing):
        if missing:
            _of_modules(folder)
            _of_strimzi(folder)
            for path in folder.glob("*.yaml"):  # JSON is read a hundred times as fast
                path.with_suffix(".json").write_text(json.dumps(yaml.safe_load(path.read_text())))
    return [_alone(json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]


def _alone(definition: dict[str, Any]) -> dict[str, Any]:
    """A definition for a server beside which no operator runs that would convert versions."""
    definition["spec"].pop("conversion", None)
    return definition


def _of_modules(folder: Path) -> None:
    for module, wanted in json.loads(MODULES.read_text()).items():
        told = json.loads(go("mod", "download", "-json", f"{module}@{wanted['version']}"))
        assert told["Sum"] == wanted["sum"], f"{module} is not what was published"
        for name in wanted["files"]:
            source = Path(told["Dir"]) / name
            (folder / source.name).write_bytes(source.read_bytes())


def _of_strimzi(folder: Path) -> None:
    jars = Download(
        "Strimzi",
        cache_folder() / f"strimzi-{STRIMZI}",
        JARS,
        (sys.executable, "-m", "tests.support.kubernetes.definitions"),
    ).ensure()
    subprocess.run(
        [
            *(java(), "-cp", ":".join(str(jars / name) for name in JARS)),
            *("io.strimzi.crdgenerator.CrdGenerator", "--yaml", "--target-kube", "1.30+"),
            *(f"io.strimzi.api.kafka.model.{kind}={folder / kind}.yaml" for kind in KINDS),
        ],
        check=True,
        timeout=120,
    )


def fetch(repository: str, folder: str) -> None:
    """Strimzi's jars, for `Download`."""
    from jgo.maven import MavenContext

    maven = MavenContext(repo_cache=Path(repository))
    for name in ("api", "crd-generator"):
        component = maven.project("io.strimzi", name).at_version(STRIMZI)
        jar = component.artifact().resolve()
        assert jar is not None, f"{name} {STRIMZI} was not found"
        shutil.move(jar, Path(folder) / Path(jar).name)


if __name__ == "__main__":
    fetch(*sys.argv[1:])
