"""What a service is told by its environment: each mistake is one line that names the variable."""

import os
import re
from pathlib import Path

import pytest

from shared.settings import SettingsWrong, load, misspelt_variables
from stepwell.runtime.environment import KEPT

SECRET = "se/cret"
GIVEN = {
    "DATABASE_URL_INTAKE": "postgresql://intake_app:word@127.0.0.1/intake",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
    "OIDC_ISSUER": "http://127.0.0.1:9",
}
SASL = {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}
USER = {"KAFKA_USERNAME_INTAKE": "intake", "KAFKA_PASSWORD_INTAKE": SECRET}
DATABASE = "postgresql://intake_app:word@127.0.0.1/intake?sslmode="


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)


def problems(monkeypatch: pytest.MonkeyPatch, given: dict[str, str]) -> list[str]:
    """What is said of these variables, a line a problem."""
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsWrong) as refused:
        load("intake")
    assert "cret" not in str(refused.value)
    return str(refused.value).splitlines()


def test_each_missing_variable_is_named_with_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    assert problems(monkeypatch, dict.fromkeys(GIVEN, "")) == [
        "intake: DATABASE_URL_INTAKE is missing: set for example DATABASE_URL_INTAKE="
        "postgresql://intake_app:…@db.example.org/intake?sslmode=verify-full"
        "&sslrootcert=/etc/stepwell/ca.pem",
        "intake: KAFKA_BOOTSTRAP_SERVERS is missing: set for example "
        "KAFKA_BOOTSTRAP_SERVERS=kafka.example.org:9092",
        "intake: OIDC_ISSUER is missing: set for example "
        "OIDC_ISSUER=https://login.example.org/realms/iop",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STEPWELL_PORT", "http"),
        ("STEPWELL_PORT", "0"),
        ("STEPWELL_REQUEST_TIMEOUT", "0"),
        ("STEPWELL_URL_OUTCOMES", "outcomes:8000"),
        ("STEPWELL_ENVIRONMENT", "test"),
        ("DATABASE_POOL", "0"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka.example.org:9092,"),
        ("KAFKA_SECURITY_PROTOCOL", "TLS"),
        ("KAFKA_SASL_MECHANISM", "GSSAPI"),
        ("OIDC_ISSUER", "login.example.org"),
        ("TRACES_SAMPLE_RATIO", "10"),
    ],
)
def test_a_wrong_value_is_told_with_an_example(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    (line,) = problems(monkeypatch, {name: value})
    assert line.startswith(f"intake: {name} is wrong (")
    assert f"set for example {name}=" in line


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (SASL, "KAFKA_SECURITY_PROTOCOL=SASL_SSL needs a user: set KAFKA_USERNAME_INTAKE=intake"),
        (USER, "KAFKA_SECURITY_PROTOCOL=PLAINTEXT takes no user: unset KAFKA_USERNAME_INTAKE"),
        ({**SASL, **USER, "KAFKA_CA_FILE": "/nowhere"}, "KAFKA_CA_FILE names no file"),
        ({**SASL, **USER, "KAFKA_CA_FILE": __file__}, "KAFKA_CA_FILE names no file"),
        ({"DATABASE_URL_INTAKE": f"mysql://u:{SECRET}@h/intake"}, "is no address of a database"),
        ({"DATABASE_URL_INTAKE": f"postgresql://u:{SECRET}@h/intake"}, "is no address"),
        ({"DATABASE_URL_INTAKE": f"{DATABASE}full"}, "has an unknown sslmode: use disable, "),
        ({"DATABASE_URL_INTAKE": f"{DATABASE}verify-full"}, "no authority: add &sslrootcert="),
        (
            {"DATABASE_URL_INTAKE": f"{DATABASE}verify-full&sslrootcert=/nowhere"},
            "names with sslrootcert no file",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], reason: str
) -> None:
    (line,) = problems(monkeypatch, given)
    assert reason in line
    assert line.startswith("intake: ")


def test_each_contradiction_has_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"DATABASE_URL_INTAKE": f"{DATABASE}full", "KAFKA_CA_FILE": "/nowhere", **USER}
    assert len(problems(monkeypatch, given)) == 4


@pytest.mark.parametrize(
    ("misspelt", "nearest"),
    [
        ("STEPWELL_CORS_ORIGIN", "STEPWELL_CORS_ORIGINS"),
        ("STEPWELL_PORTBASE", "STEPWELL_PORT_BASE"),
        ("STEPWELL_URL_OUTCOME", "STEPWELL_URL_OUTCOMES"),
        ("KAFKA_BOOTSTRAP_SERVER", "KAFKA_BOOTSTRAP_SERVERS"),
        ("DATABASE_URL_NOTIFICATION", "DATABASE_URL_NOTIFICATIONS"),
        ("SMTP_PASSWORDFILE", "SMTP_PASSWORD_FILE"),
    ],
)
def test_a_misspelt_variable_is_named_with_the_nearest_known_one(
    monkeypatch: pytest.MonkeyPatch, misspelt: str, nearest: str
) -> None:
    (line,) = problems(monkeypatch, {misspelt: SECRET})
    assert line == f"intake: {misspelt} is unknown: {nearest} is the nearest known name."


def test_a_variable_like_none_of_ours_is_refused_when_it_bears_our_name() -> None:
    assert misspelt_variables({"STEPWELL_AXOLOTL"}) == ["STEPWELL_AXOLOTL is unknown: unset it."]


def test_variables_of_others_and_of_the_whole_system_are_left_alone() -> None:
    others = {"DATABASE_URL", "KAFKA_HEAP_OPTS", "KAFKA_HOME", "SMTP_HELO", "OIDC_PROVIDER", "HOME"}
    own = {
        "DATABASE_OWNER_URL_OUTCOMES",
        "DATABASE_URL_OUTCOMES",
        "KAFKA_PASSWORD_PLATFORM",
        "KAFKA_PASSWORD_SCHEDULING",
        "KAFKA_PASSWORD_SCHEDULING_FILE",
        "OIDC_CLIENT_SECRET_INTAKE",
        "STEPWELL_DATA",
        "STEPWELL_PORT_BASE",
    }
    assert misspelt_variables(others | own) == []


def test_every_variable_of_our_name_in_the_documents_is_known() -> None:
    texts = [Path("README.md"), *Path("docs").rglob("*.md")]
    found = {n for t in texts for n in re.findall(r"STEPWELL_[A-Z_]*[A-Z]\b", t.read_text())}
    assert len(found) > 15
    assert misspelt_variables(found - {"STEPWELL_URL"}) == []


def test_what_the_person_who_starts_the_system_may_set_is_known_to_its_processes() -> None:
    assert misspelt_variables(KEPT) == []


def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPWELL_PORT", "")
    assert os.environ["STEPWELL_PORT"] == ""
    assert load("intake").port == 8000
