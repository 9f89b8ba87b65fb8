"""How the mail server is named: what does not go together is refused in one line at start."""

from pathlib import Path

import pytest

from services.notifications.delivery.channels.email import MailServer
from shared.settings import SettingsWrong, load

GIVEN = {
    "DATABASE_URL_NOTIFICATIONS": "postgresql://127.0.0.1/notifications",
    "DATABASE_URL_INTAKE": "postgresql://127.0.0.1/intake",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
    "OIDC_ISSUER": "http://127.0.0.1:9",
}


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"SMTP_USERNAME": "u", "SMTP_TLS": "tls"}, "set SMTP_USERNAME with SMTP_PASSWORD"),
        ({"SMTP_PASSWORD": "p", "SMTP_TLS": "tls"}, "set SMTP_USERNAME with SMTP_PASSWORD"),
        ({"SMTP_USERNAME": "u", "SMTP_PASSWORD": "p"}, "no password is sent in clear"),
        (
            {
                "SMTP_USERNAME": "u",
                "SMTP_PASSWORD": "p",
                "SMTP_PASSWORD_FILE": __file__,
                "SMTP_TLS": "tls",
            },
            "not both",
        ),
        (
            {"SMTP_USERNAME": "u", "SMTP_PASSWORD_FILE": "/nowhere", "SMTP_TLS": "starttls"},
            "SMTP_PASSWORD_FILE names no file",
        ),
        ({"SMTP_CA_FILE": "/nowhere"}, "SMTP_CA_FILE names no file"),
        ({"SMTP_TLS": "ssl"}, "SMTP_TLS is wrong"),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], reason: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsWrong, match=reason) as refused:
        load("notifications")
    assert "\n" not in str(refused.value)


def test_files_of_the_mail_server_are_the_business_of_notifications_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SMTP_CA_FILE", "/nowhere")
    assert load("intake").service == "intake"


def test_a_password_comes_from_its_file_without_the_end_of_its_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(" pass word \r\n")
    for name, value in {
        "SMTP_USERNAME": "u",
        "SMTP_PASSWORD_FILE": str(secret),
        "SMTP_TLS": "tls",
    }.items():
        monkeypatch.setenv(name, value)
    settings = load("notifications")
    assert settings.smtp_secret == " pass word "
    assert "pass word" not in repr(settings)
    assert "pass word" not in repr(MailServer.of(settings))
