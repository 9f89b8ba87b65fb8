"""The peers of the engagement worker, each made once in the cache folder."""

import subprocess
import sys
from pathlib import Path

from stepwell.runtime.disposable import Stack
from stepwell.runtime.jars import KAFKA_VERSION, fetch_all, fetch_one, java, maven_of
from stepwell.runtime.state import cache_folder, write_private

QUIX = "quixstreams==3.28.1"
COMPILER = "3.42.0"
PROGRAM = Path(__file__).with_name("Engagement.java")
LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"


def quix(stack: Stack, source: str, target: str) -> list[str | Path]:
    """The command of Quix Streams, which has an environment of its own."""
    folder = cache_folder() / QUIX.replace("==", "-")
    interpreter = folder / "bin" / "python"
    if not (folder / "made").exists():
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "venv", "-q", "--clear", "-p", sys.executable, folder], check=True)
        more = ("orjson", "tzdata")
        subprocess.run([uv, "pip", "install", "-q", "-p", interpreter, QUIX, *more], check=True)
        (folder / "made").touch()
    servers, password = stack.kafka.bootstrap_servers, stack.kafka_passwords["platform"]
    state = str(stack.folder / target)
    return [interpreter, "-m", "benchmarks.quix", servers, password, source, target, state]


def kafka_streams(stack: Stack, source: str, target: str) -> list[str | Path]:
    """The command of Kafka Streams, compiled by Eclipse's compiler: our Java comes without one."""
    folder = cache_folder() / f"kafka-streams-{KAFKA_VERSION}"
    made = folder / f"program-{PROGRAM.stat().st_mtime_ns}"
    if not made.exists():
        folder.mkdir(parents=True, exist_ok=True)
        maven = maven_of(folder / "maven")
        if not (folder / f"ecj-{COMPILER}.jar").exists():
            fetch_all(maven, f"org.apache.kafka:kafka-streams:{KAFKA_VERSION}", folder)
            fetch_one(maven, "org.eclipse.jdt", "ecj", COMPILER, "", folder)
        compiler: list[str | Path] = [
            java(),
            "-jar",
            folder / f"ecj-{COMPILER}.jar",
            "-21",
            "-nowarn",
        ]
        jars = ":".join(str(jar) for jar in folder.glob("*.jar"))
        subprocess.run([*compiler, "-cp", jars, "-d", made, PROGRAM], check=True)
    settings = {
        "application.id": f"{target}-streams",
        "bootstrap.servers": stack.kafka.bootstrap_servers,
        "auto.offset.reset": "earliest",
        "state.dir": str(stack.folder / target),
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.jaas.config": f'{LOGIN} username="platform" '
        f'password="{stack.kafka_passwords["platform"]}";',
    }
    file = stack.folder / f"{target}.properties"
    write_private(file, "".join(f"{name}={value}\n" for name, value in settings.items()))
    return [java(), "-cp", f"{folder}/*:{made}", "Engagement", file, source, target]
