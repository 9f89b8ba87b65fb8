"""Secrets by file: what cannot be used is told in one line, without what the file holds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.secret_files import SecretUnusable, read_into

URL = "postgresql://intake_app:word@db:5432/intake"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(f"{URL}\n")
    return path


def test_a_secret_is_read_from_the_file_that_its_variable_names(file):
    environment = {"DATABASE_URL_INTAKE_FILE": str(file)}
    read_into(environment, "intake")
    assert environment["DATABASE_URL_INTAKE"] == URL


def test_a_service_opens_no_file_of_another(tmp_path):
    environment = {"KAFKA_PASSWORD_SCHEDULING_FILE": str(tmp_path / "nowhere")}
    read_into(environment, "intake")
    assert "KAFKA_PASSWORD_SCHEDULING" not in environment


def test_an_own_setting_that_ends_like_the_name_of_a_file_is_left_alone(tmp_path):
    environment = {"SMTP_PASSWORD_FILE": str(tmp_path / "nowhere"), "STEPWELL_CLOCK_FILE": "x"}
    before = dict(environment)
    read_into(environment)
    assert environment == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not one line with the secret"),
        (b"\n\n", "not one line with the secret"),
        (b"word\nmore", "not one line with the secret"),
        (b"\xff\xfeword", "is not text"),
        (None, r"cannot be read \(No such file or directory\)"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused_without_its_content(file, content, reason):
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    with pytest.raises(SecretUnusable, match=reason) as told:
        read_into({"OIDC_CLIENT_SECRET_FILE": str(file)}, "intake")
    assert "OIDC_CLIENT_SECRET_FILE" in str(told.value)
    assert "word" not in str(told.value)
    assert "\n" not in str(told.value)


def test_a_secret_is_given_in_one_way_only(file):
    with pytest.raises(SecretUnusable, match="Set STEPWELL_TOKEN or STEPWELL_TOKEN_FILE, not both"):
        read_into({"STEPWELL_TOKEN_FILE": str(file), "STEPWELL_TOKEN": "t"})


@pytest.mark.parametrize(
    ("command", "code"),
    [(("services.intake", "api"), 3), (("stepwell.main", "migrate"), 2)],
)
def test_a_process_ends_with_one_line_when_its_secret_cannot_be_read(command, code, tmp_path):
    module, *arguments = command
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, "DATABASE_URL_INTAKE_FILE": str(tmp_path / "nowhere")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert done.stderr.splitlines() == [
        f"{'stepwell: ' if code == 2 else ''}DATABASE_URL_INTAKE_FILE names {tmp_path}/nowhere, "
        "which cannot be read (No such file or directory): name a file that this process may read."
    ]
