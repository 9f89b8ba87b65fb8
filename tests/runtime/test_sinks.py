"""The token issuer and the mail folder as the services meet them: over HTTP and SMTP."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from stepwell.runtime.disposable import free_ports
from stepwell.runtime.problem import Problem
from stepwell.runtime.sinks import Sinks


def make(folder: Path, issuer: int | None = None) -> Sinks:
    own, smtp = free_ports(2)
    return Sinks(
        issuer_port=issuer or own,
        smtp_port=smtp,
        key_file=folder / "key.json",
        mail=folder / "mail",
        clients={"intake": "a secret"},
        subscribers=folder / "subscribers.json",
    )


@pytest.fixture
def sinks(tmp_path: Path) -> Iterator[Sinks]:
    running = make(tmp_path)
    running.start()
    yield running
    running.stop()


def test_a_service_gets_a_token_that_its_published_key_verifies(sinks: Sinks) -> None:
    url = sinks.issuer.url
    found = httpx.get(f"{url}/.well-known/openid-configuration").json()
    answer = httpx.post(
        found["token_endpoint"],
        data={
            "grant_type": "client_credentials",
            "client_id": "intake",
            "client_secret": "a secret",
        },
    )
    keys = KeySet.import_key_set(httpx.get(found["jwks_uri"]).json())
    claims = jwt.decode(answer.json()["access_token"], keys, algorithms=["ES256"]).claims
    assert (claims["iss"], claims["sub"]) == (url, "intake")
    assert (claims["role"], claims["sites"]) == (["service"], ["*"])


def test_a_service_may_prove_itself_in_the_header_too(sinks: Sinks) -> None:
    answer = httpx.post(
        f"{sinks.issuer.url}/token",
        data={"grant_type": "client_credentials"},
        auth=("intake", "a secret"),
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"grant_type": "client_credentials", "client_id": "intake", "client_secret": "b"}, 401),
        ({"grant_type": "client_credentials", "client_id": "nobody", "client_secret": ""}, 401),
        ({"grant_type": "client_credentials"}, 401),
        ({"grant_type": "password", "username": "x", "password": "y"}, 400),
        ({}, 400),
    ],
)
def test_nobody_else_gets_a_token(sinks: Sinks, form: dict[str, str], status: int) -> None:
    assert httpx.post(f"{sinks.issuer.url}/token", data=form).status_code == status


def test_mail_is_kept_and_delivered_to_nobody(sinks: Sinks) -> None:
    message = EmailMessage()
    message["From"] = "appointments@example.test"
    message["To"] = "someone@example.test"
    message["Subject"] = "Group tomorrow"
    message.set_content("See you at 17:30.")
    with smtplib.SMTP("127.0.0.1", sinks.smtp_port) as smtp:
        smtp.send_message(message)
    (kept,) = sinks.mail.messages()
    assert kept["Subject"] == "Group tomorrow"
    assert kept.get_content().strip() == "See you at 17:30."


def test_a_taken_port_is_said_in_one_line(sinks: Sinks, tmp_path: Path) -> None:
    port = int(sinks.issuer.url.rpartition(":")[2])
    with pytest.raises(Problem, match=str(port)):
        make(tmp_path, port).start()
