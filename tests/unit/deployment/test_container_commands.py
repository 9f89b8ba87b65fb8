"""The commands that containers are started with, where `stepwell up` is not there to help."""

from pathlib import Path

import pytest

from stepwell.commands.clock import create_clock
from stepwell.commands.issuer import command as serve_issuer
from stepwell.runtime import clock_file
from stepwell.runtime.environment import DESCRIBED_BY, load_running
from stepwell.runtime.problem import Problem
from stepwell.runtime.state import State


def test_an_environment_that_names_a_whole_system_is_that_system(monkeypatch, tmp_path):
    for name in DESCRIBED_BY:
        monkeypatch.setenv(name, "named")
    assert load_running(State(tmp_path))["OIDC_ISSUER"] == "named"
    monkeypatch.delenv("STEPWELL_URL_INTAKE")
    with pytest.raises(Problem, match="No Stepwell is running here"):
        load_running(State(tmp_path))


def test_a_test_clock_is_made_once(monkeypatch, tmp_path, capsys):
    path = tmp_path / "state" / "clock"
    monkeypatch.setenv("STEPWELL_CLOCK_FILE", str(path))
    create_clock()
    assert clock_file.read(path) == clock_file.START
    assert State(path.parent).exists()
    later = clock_file.START.replace(year=2027)
    clock_file.write(path, later)
    create_clock()
    assert clock_file.read(path) == later


def test_real_time_needs_no_clock(monkeypatch, capsys):
    monkeypatch.setenv("STEPWELL_CLOCK_FILE", "")
    create_clock()
    assert "time is real" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "Set OIDC_ISSUER"),
        ({"OIDC_ISSUER": "http://issuer:8090"}, "OIDC_CLIENT_SECRET_<SERVICE>"),
        (
            {
                "OIDC_ISSUER": "http://issuer:8090",
                **{
                    f"OIDC_CLIENT_SECRET_{service}": "s"
                    for service in ("INTAKE", "SCHEDULING", "NOTIFICATIONS", "OUTCOMES")
                },
            },
            "for trying out",
        ),
    ],
)
def test_the_issuer_of_any_role_serves_no_clinic(monkeypatch, tmp_path: Path, given, reason):
    monkeypatch.delenv("STEPWELL_ENVIRONMENT", raising=False)
    monkeypatch.setenv("STEPWELL_STATE", str(tmp_path))
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Problem, match=reason):
        serve_issuer()
