"""What `docker-compose.yml` and the files beside it say, held against the code that they start."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from portal import settings as portal_settings
from shared import clock
from shared.datafiles import FOLDER
from shared.process import ROLES
from shared.secret_files import SECRET, read_into
from shared.settings import SERVICES, Settings, load
from stepwell.commands.secrets import command as make_secrets
from stepwell.main import COMMANDS
from stepwell.runtime.environment import External, broker
from stepwell.runtime.kafka import PRINCIPALS, Kafka
from stepwell.runtime.services import STREAMS
from stepwell.runtime.state import PROJECT
from tests.support.compose_file import raw, read, story

FILE = read()
RUNNING = FILE["services"]
PROCESSES = {
    f"{service}-{role}": (service, role)
    for service in SERVICES
    for role in ("api", "worker", *(("stream",) if service in STREAMS else ()))
}
OURS = {name for name, one in RUNNING.items() if "stepwell" in one["image"]}
ONCE = ("databases", "migrations", "topics", "clock", "identity")
START_OF_KEYCLOAK = PROJECT / "deploy" / "compose" / "keycloak.sh"
OBSERVABILITY = PROJECT / "deploy" / "observability"
ELSEWHERE = {clock.CLOCK_FILE, "OTEL_EXPORTER_OTLP_ENDPOINT"}
"""Variables of a service process that other code than the settings reads."""
OF_ONE = ("DATABASE_URL", "KAFKA_USERNAME", "KAFKA_PASSWORD")
PLACED = re.compile(r"listeners|quorum|log\.dirs|jaas|num\.partitions|state\.topic\.num|node\.id")
"""Settings of a broker that follow from where it runs."""


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `stepwell secrets` makes."""
    folder: Path = tmp_path_factory.mktemp("secrets") / "secrets"
    make_secrets(folder)
    return folder


def inside(name: str, secrets: Path, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a container, with the folder of secrets where it would be mounted."""
    environment = read(given)["services"][name]["environment"]
    texts = {name: "" if value is None else str(value) for name, value in environment.items()}
    return {name: text.replace("/run/secrets", str(secrets)) for name, text in texts.items()}


def test_every_service_runs_in_all_its_roles():
    started = {name: tuple(one["command"]) for name, one in RUNNING.items() if name in PROCESSES}
    assert started == {name: (role,) for name, (_, role) in PROCESSES.items()}
    assert {role for _, role in PROCESSES.values()} == set(ROLES)


@pytest.mark.parametrize("name", PROCESSES)
def test_every_variable_of_a_service_is_one_that_its_settings_know(name):
    service, _ = PROCESSES[name]
    read_by_all = {field.alias for field in Settings.model_fields.values() if field.alias}
    known = read_by_all | ELSEWHERE | {f"{one}_{service.upper()}" for one in OF_ONE}
    for variable in RUNNING[name]["environment"]:
        plain = variable.removesuffix("_FILE") if SECRET.fullmatch(variable) else variable
        assert plain in known, f"{name} is given {variable}, which nothing reads"


@pytest.mark.parametrize("name", PROCESSES)
@pytest.mark.parametrize("given", [{}, story()], ids=["clinics", "story"])
def test_the_settings_of_a_service_are_complete_and_valid(name, given, secrets, monkeypatch):
    service, _ = PROCESSES[name]
    environment = inside(name, secrets, given)
    read_into(environment, service)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    settings = load(service)
    assert f"/{service}" in settings.database_url
    assert (settings.kafka_username, bool(settings.kafka_password)) == (service, True)
    assert settings.oidc_client_secret
    assert settings.environment == ("local" if given else "production")


def test_the_override_on_the_page_tells_processes_what_they_read() -> None:
    page = (PROJECT / "docs" / "operations" / "compose.md").read_text("utf-8")
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.M | re.S)
    override = yaml.safe_load(text)
    told = {name: one["environment"] for name, one in override["services"].items()}
    assert {n for n, one in told.items() if FOLDER in one} == {
        name for name, (_, role) in PROCESSES.items() if role != "stream"
    }
    aliases = {field.alias for field in Settings.model_fields.values()}
    assert {variable for one in told.values() for variable in one} <= aliases | {FOLDER}
    for one in override["services"].values():
        assert set(one.get("secrets", [])) <= override["secrets"].keys()


def test_the_portal_is_told_what_it_reads_and_no_secret(monkeypatch):
    given = RUNNING["portal"]["environment"]
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    settings = portal_settings.Settings()
    assert {settings.base(service) for service in SERVICES} == {
        f"http://{service}-api:8000" for service in SERVICES
    }
    aliases = {field.alias for field in portal_settings.Settings.model_fields.values()}
    assert given.keys() <= aliases
    assert not RUNNING["portal"].get("secrets")


def test_the_commands_that_run_once_are_given_what_they_need(secrets):
    databases = inside("databases", secrets)
    read_into(databases)
    named = External.from_environment(databases)
    assert set(named.databases) == set(named.owners) == set(SERVICES)
    assert databases["DATABASE_ADMIN_URL"]
    topics = inside("topics", secrets)
    read_into(topics)
    assert broker(topics).password == (secrets / "kafka_password_platform").read_text()
    for name in (*ONCE, "issuer", "story"):
        assert RUNNING[name]["command"][0].replace("_", "-") in COMMANDS


def test_every_secret_is_a_file_that_is_made_mounted_and_read(secrets):
    made = {path.name for path in secrets.iterdir()}
    assert set(FILE["secrets"]) == made
    read_by_somebody = set()
    for name, one in RUNNING.items():
        text = json.dumps([one.get("environment"), one.get("command")])
        mentioned = set(re.findall(r"/run/secrets/([a-z_]+)", text))
        if name == "keycloak":
            mentioned = set(re.findall(r"/run/secrets/([a-z_]+)", START_OF_KEYCLOAK.read_text()))
        if name == "identity":  # it reads those of all services from the folder
            mentioned |= {f"client_secret_{service}" for service in SERVICES}
        assert mentioned == set(one.get("secrets", [])), name
        read_by_somebody |= set(one.get("secrets", []))
    assert read_by_somebody == made


def test_a_service_is_given_no_secret_of_another():
    for name, (service, _) in PROCESSES.items():
        assert all(secret.endswith(service) for secret in RUNNING[name]["secrets"])


def test_passwords_are_made_once_of_characters_that_every_tool_leaves_alone(secrets):
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    make_secrets(secrets)
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before
    for name, value in before.items():
        if "password" in name or "client_secret" in name:
            assert re.fullmatch(r"[A-Za-z0-9_-]{32}", value)
    assert secrets.stat().st_mode & 0o777 == 0o700
    logins = before["kafka_logins"]
    for principal in PRINCIPALS:
        assert f'user_{principal}="{before[f"kafka_password_{principal}"]}"' in logins


def test_each_image_is_named_with_a_version_and_replaced_by_one_variable():
    variables = re.findall(r"^ +image: \$\{([A-Z]+_IMAGE):-([^}]+)\}$", raw(), re.M)
    assert len(variables) == len(re.findall(r"^ +image:", raw(), re.M))
    for _, image in variables:
        if not image.startswith("localhost/"):
            assert re.search(r":v?\d+(\.\d+)*$", image), image


def test_our_containers_may_write_nothing_and_gain_no_rights():
    assert {*PROCESSES, *ONCE, "portal", "operator", "issuer", "story"} == OURS
    for name in OURS:
        assert RUNNING[name]["read_only"] is True
        assert RUNNING[name]["cap_drop"] == ["ALL"]
        assert RUNNING[name]["security_opt"] == ["no-new-privileges:true"]


def test_nothing_is_published_beyond_this_machine():
    published = [port for one in RUNNING.values() for port in one.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_services_start_when_databases_and_topics_are_there():
    for name in PROCESSES:
        waits = RUNNING[name]["depends_on"]
        done = {"condition": "service_completed_successfully"}
        assert waits == {"migrations": done, "topics": done, "clock": done}
    for name, other in {"databases": "postgres", "topics": "kafka"}.items():
        assert RUNNING[name]["depends_on"] == {other: {"condition": "service_healthy"}}
        assert RUNNING[other]["healthcheck"]["test"]


def test_the_broker_keeps_the_rules_of_the_local_one(tmp_path):
    local = dict(
        line.split("=", 1)
        for line in Kafka(tmp_path, 1, 2, dict.fromkeys(PRINCIPALS, "x"), _nobody())
        ._properties()
        .splitlines()
    )
    variables = RUNNING["kafka"]["environment"]
    here = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in variables.items()
        if name not in ("KAFKA_OPTS", "KAFKA_HEAP_OPTS")
    }
    compared = {name for name in here if not PLACED.search(name)}
    assert {name: here[name] for name in compared} == {name: local.get(name) for name in compared}
    assert {name for name in local if name.startswith(("group.", "sasl.", "super."))} <= compared


def _nobody() -> Any:
    """Processes that are never started."""


def test_an_extra_of_the_package_belongs_to_each_image():
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    built = {one["build"]["args"]["SERVICE"] for one in RUNNING.values() if "build" in one}
    assert built == {*SERVICES, "portal", "operator"}
    assert built <= set(extras["optional-dependencies"])
    for name in OURS:
        assert (PROJECT / RUNNING[name]["build"]["dockerfile"]).exists()


def test_prometheus_asks_every_process_that_shows_metrics():
    jobs = yaml.safe_load((OBSERVABILITY / "prometheus.yml").read_text())["scrape_configs"]
    asked = {t for job in jobs for group in job["static_configs"] for t in group["targets"]}
    assert asked == {f"{name}:8000" for name in PROCESSES}


def test_the_dashboard_asks_for_metrics_that_exist():
    board = json.loads((OBSERVABILITY / "grafana/dashboards/stepwell.json").read_text())
    asked = " ".join(target["expr"] for panel in board["panels"] for target in panel["targets"])
    names = set(re.findall(r"stepwell_[a-z_]+", asked))
    code = "".join(
        path.read_text()
        for path in [*PROJECT.glob("shared/**/metrics.py"), *PROJECT.glob("services/**/metrics.py")]
    )
    assert names
    for name in names:
        assert f'"{re.sub("_(count|bucket)$", "", name)}"' in code
