"""One environment describes the system; each process gets the part that is its own."""

import stat
from pathlib import Path

import pytest

from shared.settings import SERVICES
from stepwell.runtime import environment
from stepwell.runtime.disposable import free_ports
from stepwell.runtime.environment import External
from stepwell.runtime.passwords import Secrets
from stepwell.runtime.ports import Ports, require_free
from stepwell.runtime.problem import WRONG_USE, Problem


@pytest.fixture
def system(tmp_path: Path) -> dict[str, str]:
    names = ("platform", *SERVICES)
    return environment.assemble(
        ports=Ports(8000),
        database_urls={s: f"postgresql://{s}_app" for s in SERVICES},
        owner_urls={s: f"postgresql://{s}_owner" for s in SERVICES},
        kafka=environment.local_kafka("127.0.0.1:8092", {n: f"kafka-{n}" for n in names}),
        client_secrets={s: f"client-{s}" for s in SERVICES},
        clock=tmp_path / "clock",
        zipkin_endpoint="http://127.0.0.1:9411/api/v2/spans",
        known={},
    )


def test_a_service_gets_no_credentials_but_its_own(system: dict[str, str]) -> None:
    own = environment.for_process(system, "scheduling", 8002)
    assert own["DATABASE_URL_SCHEDULING"] == "postgresql://scheduling_app"
    assert own["KAFKA_PASSWORD_SCHEDULING"] == "kafka-scheduling"
    assert own["OIDC_CLIENT_SECRET"] == "client-scheduling"
    assert own["STEPWELL_PORT"] == "8002"
    values = set(own.values())
    for other in ("intake", "notifications", "outcomes", "platform"):
        assert f"kafka-{other}" not in values
        assert f"client-{other}" not in values
        assert f"postgresql://{other}_app" not in values
    assert not any(value.endswith("_owner") for value in values)


def test_every_service_knows_where_the_others_are(system: dict[str, str]) -> None:
    own = environment.for_process(system, "outcomes", 8004)
    assert own["STEPWELL_URL_INTAKE"] == "http://127.0.0.1:8001"
    assert own["STEPWELL_URL_NOTIFICATIONS"] == "http://127.0.0.1:8003"


def test_databases_of_your_own_are_named_for_all_services_or_none() -> None:
    assert External.from_environment({}).databases == {}
    everyone = {f"DATABASE_URL_{s.upper()}": s for s in SERVICES}
    assert set(External.from_environment(everyone).databases) == set(SERVICES)
    del everyone["DATABASE_URL_OUTCOMES"]
    with pytest.raises(Problem, match="set DATABASE_URL_OUTCOMES too"):
        External.from_environment(everyone)


@pytest.mark.parametrize("value", ["abc", "80", "70000", "65500", "-1"])
def test_a_port_base_that_is_no_port_is_refused(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("STEPWELL_PORT_BASE", value)
    with pytest.raises(Problem, match="STEPWELL_PORT_BASE") as told:
        Ports.from_environment()
    assert told.value.exit_code == 2


@pytest.mark.parametrize("port", ["18001", "18092", "18093", "18132"])
def test_a_trace_port_that_another_part_has_is_refused(
    monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    monkeypatch.setenv("STEPWELL_PORT_BASE", "18000")
    monkeypatch.setenv("STEPWELL_TRACE_PORT", port)
    with pytest.raises(Problem, match=f"STEPWELL_TRACE_PORT={port} is one of the ports") as told:
        Ports.from_environment()
    assert told.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAFKA_BOOTSTRAP_SERVERS", "host:x"),
        ("KAFKA_BOOTSTRAP_SERVERS", "host:9092,"),
        ("KAFKA_BOOTSTRAP_SERVERS", ":9092"),
        ("KAFKA_SECURITY_PROTOCOL", "TLS"),
        ("KAFKA_REPLICATION", "three"),
        ("KAFKA_REPLICATION", "0"),
    ],
)
def test_a_broker_that_is_named_wrongly_is_refused(name: str, value: str) -> None:
    with pytest.raises(Problem, match=f"{name}={value} is") as told:
        External.from_environment({"KAFKA_BOOTSTRAP_SERVERS": "host:9092", name: value})
    assert told.value.exit_code == 2


def test_brokers_are_named_with_or_without_port_and_with_their_copies() -> None:
    known = {"KAFKA_BOOTSTRAP_SERVERS": "one, [::1]:9092,10.0.0.1:9", "KAFKA_REPLICATION": "3"}
    assert External.from_environment(known).replication == 3
    assert External.from_environment({}).replication == 1


def test_no_two_parts_share_a_port() -> None:
    ports = Ports()
    used = [
        *ports.services.values(),
        ports.smtp,
        ports.issuer,
        ports.kafka,
        ports.kafka_controller,
        ports.postgres,
        ports.zipkin,
    ]
    assert len(set(used)) == len(used)


def test_a_port_in_use_is_named_with_its_holder_and_the_way_out() -> None:
    import os
    import socket

    (port,) = free_ports(1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(Problem) as told:
            require_free({"intake": port})
    line = str(told.value)
    assert f"Port {port} for intake is in use" in line
    assert str(os.getpid()) in line
    assert "STEPWELL_PORT_BASE" in line


def test_passwords_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    made = Secrets(path).get("intake_app", "intake_owner")
    assert Secrets(path).get("intake_app") == {"intake_app": made["intake_app"]}
    assert made["intake_app"] != made["intake_owner"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", '{"postgres": 1}'])
def test_broken_passwords_are_said_to_be_broken_and_kept(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(content)
    with pytest.raises(Problem, match="unreadable: restore that file"):
        Secrets(path)
    assert path.read_text() == content


def test_a_lost_password_of_data_that_is_there_is_not_made_anew(tmp_path: Path) -> None:
    path, data = tmp_path / "secrets.json", tmp_path / "postgres"
    made = Secrets(path).of_data("postgres", data)
    data.mkdir()
    assert Secrets(path).of_data("postgres", data) == made
    path.unlink()
    with pytest.raises(Problem, match="make reset"):
        Secrets(path).of_data("postgres", data)
    assert not path.exists()


@pytest.mark.parametrize("url", ["portal.example.org", "ftp://portal", "https://", "https://a/b"])
def test_an_address_of_the_portal_that_is_none_is_named(url: str) -> None:
    with pytest.raises(Problem, match="STEPWELL_PORTAL_URL"):
        environment.portal_url(Ports(8000), {"STEPWELL_PORTAL_URL": url})


def test_the_portal_is_at_the_base_of_the_ports_unless_it_is_named() -> None:
    assert environment.portal_url(Ports(18000), {}) == "http://127.0.0.1:18000"
    named = {"STEPWELL_PORTAL_URL": "https://portal.example.org/"}
    assert environment.portal_url(Ports(8000), named) == "https://portal.example.org"


@pytest.mark.parametrize(
    ("name", "value"),
    [("TRACES", "nope"), ("TRACES_SAMPLE_RATIO", "a tenth"), ("TRACES_SAMPLE_RATIO", "1.5")],
)
def test_where_spans_go_is_known_before_anything_starts(name: str, value: str) -> None:
    with pytest.raises(Problem, match=f"{name}={value}") as refused:
        environment.traces({name: value})
    assert refused.value.exit_code == WRONG_USE


def test_spans_go_to_the_viewer_unless_it_is_said_otherwise() -> None:
    assert environment.traces({}) == "zipkin"
    assert environment.traces({"TRACES": "off", "TRACES_SAMPLE_RATIO": "0.1"}) == "off"
