"""The images and `docker-compose.yml`, really run: built, started in order, killed, stopped.

Grafana, Prometheus, Mailpit's pages and the OpenTelemetry Collector are not started here, as they
exist as images alone; spans go straight to Zipkin, and mail to a sink on Mailpit's port.
PostgreSQL, Kafka, Zipkin and Keycloak are the real servers.
"""

import json
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from shared.settings import SERVICES
from tests.support.compose_engine import Engine, require_tools
from tests.support.compose_system import OPERATOR, Compose
from tests.support.identity import claims

pytestmark = pytest.mark.slow

OURS = ("stepwell", *(f"stepwell-{service}" for service in SERVICES))
LOOK = """
for tool in pip pip3 uv gcc cc make; do command -v $tool; done
python -c 'import importlib.util; print(importlib.util.find_spec("pip"))'
python -c 'import zoneinfo; print(zoneinfo.TZPATH, zoneinfo.ZoneInfo("America/Denver"))'
touch /opt/stepwell/app/file 2>/dev/null && echo written
id -u
"""
MOST_MEGABYTES = 320
"""Of which the base that the tests make is 126."""
LARGER_BY = {"stepwell-scheduling": 150, "stepwell-outcomes": 210}
"""OR-Tools, with the pandas and numpy that it imports, for the weekly plan; PyArrow (170 MB, 13 of
them left out) and the engine that draws charts (84 MB), for extracts and courses."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Podman's server, with all images built."""
    require_tools()
    made = Engine.in_cache()
    with made.alone():
        made.make()
        made.start()
        yield made
        made.stop()
    print("\n" + "\n".join(f"{step}: {seconds} s" for step, seconds in made.seconds.items()))


@pytest.fixture(scope="module")
def told(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """The whole system, started as the documentation says, with its story told."""
    compose = Compose(engine, tmp_path_factory.mktemp("compose"))
    try:
        compose.make_secrets()
        with engine.timed("started, all healthy"):
            compose.run("up", "--detach", "--no-build", "mailpit", "zipkin", "story")
        with engine.timed("story told"):
            ended = compose.wait("story", "exited")
        assert ended["State"]["ExitCode"] == 0, compose.logs("story")
        yield compose
    finally:
        compose.end()


@pytest.mark.parametrize("name", OURS)
def test_an_image_runs_as_nobody_special_and_brings_nothing_to_build_with(engine, name):
    image = engine.image(f"localhost/{name}")
    assert image["User"] == "10001:10001"
    labels = image["Labels"]
    assert labels["org.opencontainers.image.title"] == name
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    most = MOST_MEGABYTES + LARGER_BY.get(name, 0)
    assert image["Size"] < most * 1_000_000
    found = engine.run(
        *("podman", "run", "--rm", "--network=none", "--read-only", "--entrypoint=/bin/sh"),
        *(f"localhost/{name}", "-c", LOOK),
    )
    assert found.splitlines() == ["None", "() America/Denver", "10001"]


@pytest.mark.parametrize("service", SERVICES)
def test_the_image_of_a_service_holds_no_code_of_another(engine, service):
    name = f"localhost/stepwell-{service}"
    health = engine.image(name)["Healthcheck"]["Test"]
    assert health == ["CMD", "python", "-m", "shared.probe"]
    listed = engine.run(
        *("podman", "run", "--rm", "--network=none", "--entrypoint=/bin/ls", name),
        *("/opt/stepwell/app", "/opt/stepwell/app/services"),
    )
    others = {"stepwell", *SERVICES} - {service}
    assert service in listed.split()
    assert not others & set(listed.split())


def test_the_story_is_told_in_containers_as_it_is_by_make_up(told):
    text = " ".join(told.logs("story").split())
    applied = re.search(r"was applied by each service that reads it: (\d+) of (\d+)", text)
    assert applied is not None, text
    assert int(applied[1]) == int(applied[2]) > 1_000
    assert "stepped down" in text


def test_the_map_of_services_goes_across_the_broker_and_to_the_databases(told):
    day = 86_400_000
    found = httpx.get(
        f"http://127.0.0.1:{told.ports['zipkin']}/api/v2/dependencies",
        params={"endTs": int(time.time() * 1_000) + day, "lookback": 10_000 * day},
        timeout=10,
    ).json()
    pairs = {(one["parent"], one["child"]) for one in found}
    assert {(service, f"postgresql/{service}") for service in SERVICES} <= pairs
    assert {
        ("intake", "kafka/stepwell.intake"),
        ("kafka/stepwell.intake", "scheduling"),
        ("scheduling", "kafka/stepwell.scheduling"),
        ("kafka/stepwell.scheduling", "outcomes"),
        ("kafka/stepwell.outcomes", "intake"),
        ("notifications", "smtp"),
    } <= pairs


def test_containers_get_their_secrets_as_files_and_show_none(told):
    secret = (told.secrets / "kafka_password_intake").read_text()
    shown = json.dumps(told.inspect("intake-worker"))
    assert "KAFKA_PASSWORD_INTAKE_FILE" in shown
    assert secret not in shown


def test_a_worker_that_is_killed_amid_the_story_comes_back_and_nothing_is_missing(told):
    began = told.inspect("intake-worker")["State"]["StartedAt"]
    received = referrals(told)
    with ThreadPoolExecutor(1) as pool:
        story = pool.submit(told.run, *OPERATOR, "story")
        while referrals(told) == received and not story.done():
            time.sleep(0.1)
        told.kill("intake-worker")
        text = story.result()
    assert "each service that reads it" in " ".join(text.split())
    back = told.wait("intake-worker", "healthy")
    assert back["State"]["StartedAt"] != began
    assert "complete" in told.run(*OPERATOR, "verify", "--wait", "30")


def referrals(compose: Compose) -> float:
    """How many referrals intake was asked to receive, by its own count."""
    text = httpx.get(f"http://127.0.0.1:{compose.ports['intake']}/metrics", timeout=10).text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.endswith("request_duration_seconds_count")
        and (sample.labels["method"], sample.labels["route"]) == ("POST", "/referrals")
    )


def test_the_apis_are_published_on_this_machine_alone(told):
    for service in SERVICES:
        answer = httpx.get(f"http://127.0.0.1:{told.ports[service]}/health/ready", timeout=10)
        assert answer.status_code == 200
    bound = told.inspect("intake-api")["HostConfig"]["PortBindings"]["8000/tcp"]
    assert [one["HostIp"] for one in bound] == ["127.0.0.1"]


def test_keycloak_gives_a_service_its_token_once_the_realm_is_made(told):
    told.run("up", "--detach", "--no-build", "--no-recreate", "identity")
    assert told.wait("identity", "exited")["State"]["ExitCode"] == 0, told.logs("identity")
    answer = httpx.post(
        f"http://127.0.0.1:{told.ports['keycloak']}/realms/stepwell/protocol/openid-connect/token",
        data={
            "grant_type": "client_credentials",
            "client_id": "intake",
            "client_secret": (told.secrets / "client_secret_intake").read_text(),
        },
        timeout=20,
    )
    assert answer.status_code == 200, answer.text
    told_of = claims(answer.json()["access_token"])
    assert told_of["iss"] == "http://keycloak.localhost:8090/realms/stepwell"
    assert "stepwell" in told_of["aud"]
    assert told_of["sites"] == ["*"]


def test_all_stop_in_order_when_they_are_asked_to(told):
    told.run("stop", "--timeout", "20")
    for service in ("intake-api", "intake-worker", "outcomes-stream", "postgres", "kafka"):
        state = told.inspect(service)["State"]
        assert (state["Status"], state["OOMKilled"]) == ("exited", False)
        assert state["ExitCode"] in (0, 143), (service, state)


def test_podman_compose_makes_the_same_of_the_file_as_docker_compose(engine, tmp_path):
    compose = Compose(engine, tmp_path)
    ours = json.loads(compose.run("--profile=*", "config", "--format=json"))
    other = Path(sys.executable).with_name("podman-compose")
    profiles = ("--profile=story", "--profile=operator")
    theirs = yaml.safe_load(compose.run(*profiles, "config", program=other))
    assert {name: plain(one) for name, one in theirs["services"].items()} == {
        name: plain(one) for name, one in ours["services"].items()
    }


ALIKE = ("image", "command", "read_only", "cap_drop", "restart")


def plain(service: dict[str, Any]) -> dict[str, Any]:
    """What decides how a container runs, in one form whichever implementation read it."""

    def texts(given: Any) -> dict[str, str]:
        pairs = given if isinstance(given, dict) else dict(i.split("=", 1) for i in given or [])
        return {name: str(value) for name, value in pairs.items()}

    named = (one if isinstance(one, str) else one["source"] for one in service.get("secrets", []))
    return {
        "after": {n: one["condition"] for n, one in (service.get("depends_on") or {}).items()},
        "arguments": texts((service.get("build") or {}).get("args")),
        "environment": texts(service.get("environment")),
        "health": (service.get("healthcheck") or {}).get("test"),
        "secrets": sorted(named),
        **{
            key: service.get(key)
            for key in ("image", "command", "read_only", "cap_drop", "restart")
        },
    }
