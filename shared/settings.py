"""What a service process is told by its environment, read and checked once at start."""

import os
import re
import ssl
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.contracts.base import SCHEMA_BASE
from shared.contracts.services import SERVICES as SERVICES


def _listed(given: object) -> object:
    """A text with commas as the list that it means."""
    if isinstance(given, str):
        return [part for part in map(str.strip, given.split(",")) if part]
    return given


def _as_browsers_send_it(origin: str) -> str:
    """An origin in the one form that is ever sent: others would never match, and in silence."""
    if re.fullmatch("http://.*:80|https://.*:443", origin):
        raise ValueError("leave the scheme's own port out")
    return origin


Origin = Annotated[
    str,
    StringConstraints(pattern=r"^https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[1-9][0-9]{0,4})?$"),
    AfterValidator(_as_browsers_send_it),
]
"""Scheme, host in small letters and a port that is not the scheme's own; no path, and no `*`."""


class SettingsMissing(RuntimeError):
    """The environment of the process is incomplete; the message says in one line what to set."""


class Settings(BaseSettings):
    """Settings of one service process. Names in the environment are given as aliases.

    Variables that end in the service's name in capitals (`DATABASE_URL_INTAKE`) are read for that
    service only, so that one environment can describe the whole system.
    """

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

    service: str
    environment: Literal["local", "production"] = Field("production", alias="STEPWELL_ENVIRONMENT")
    host: str = Field("127.0.0.1", alias="STEPWELL_HOST")
    port: int = Field(8000, alias="STEPWELL_PORT")
    max_body_bytes: int = Field(256 * 1024, alias="STEPWELL_MAX_BODY_BYTES")
    request_timeout: float = Field(10.0, alias="STEPWELL_REQUEST_TIMEOUT")
    trusted_proxies: int = Field(0, ge=0, alias="STEPWELL_TRUSTED_PROXIES")
    """How many proxies of one's own stand before the service and tell in X-Forwarded-For whom they
    heard; with none the header is not believed."""

    cors_origins: Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_listed)] = Field(
        (), alias="STEPWELL_CORS_ORIGINS"
    )
    """The origins whose pages may call the API from a browser, separated by commas; none by
    default. Each is compared as a whole."""

    database_url: str
    database_pool: int = Field(10, alias="DATABASE_POOL")

    kafka_bootstrap_servers: str = Field(alias="KAFKA_BOOTSTRAP_SERVERS")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", alias="KAFKA_SECURITY_PROTOCOL"
    )
    kafka_username: str | None = None
    kafka_password: str | None = None
    kafka_topic_prefix: str = Field("", alias="KAFKA_TOPIC_PREFIX")

    schema_base: str = Field(
        SCHEMA_BASE, pattern=r"^[a-z][a-z0-9+.-]*:[!-~]*[:/=#]$", alias="STEPWELL_SCHEMA_BASE"
    )
    """How `ce_dataschema` begins: a URI that ends where the name of a schema follows."""

    oidc_issuer: str = Field(alias="OIDC_ISSUER")
    oidc_audience: str = Field("stepwell", alias="OIDC_AUDIENCE")
    oidc_client_secret: str | None = Field(None, alias="OIDC_CLIENT_SECRET")

    traces: Literal["zipkin", "otlp", "off"] = Field("off", alias="TRACES")
    traces_sample_ratio: float = Field(1.0, alias="TRACES_SAMPLE_RATIO")
    zipkin_endpoint: str = Field("http://127.0.0.1:9411/api/v2/spans", alias="ZIPKIN_ENDPOINT")
    spans_file: str | None = Field(None, alias="STEPWELL_SPANS_FILE")

    smtp_host: str = Field("127.0.0.1", alias="SMTP_HOST")
    smtp_port: int = Field(25, alias="SMTP_PORT")
    smtp_from: str = Field("appointments@example.test", alias="SMTP_FROM")
    smtp_tls: Literal["when-offered", "starttls", "tls"] = Field("when-offered", alias="SMTP_TLS")
    """`starttls` and `tls` (from the first byte on) are required, never done without."""
    smtp_ca_file: str = Field("", alias="SMTP_CA_FILE")
    smtp_username: str = Field("", alias="SMTP_USERNAME")
    smtp_password: str = Field("", alias="SMTP_PASSWORD", repr=False)
    smtp_password_file: str = Field("", alias="SMTP_PASSWORD_FILE")

    portal_url: str = Field("http://127.0.0.1:8000", alias="STEPWELL_PORTAL_URL")
    url_intake: str = Field("http://127.0.0.1:8001", alias="STEPWELL_URL_INTAKE")
    url_scheduling: str = Field("http://127.0.0.1:8002", alias="STEPWELL_URL_SCHEDULING")
    url_notifications: str = Field("http://127.0.0.1:8003", alias="STEPWELL_URL_NOTIFICATIONS")
    url_outcomes: str = Field("http://127.0.0.1:8004", alias="STEPWELL_URL_OUTCOMES")

    def url_of(self, service: str) -> str:
        """Base URL of a service's API."""
        url: str = getattr(self, f"url_{service}")
        return url

    @model_validator(mode="after")
    def mail_server_is_complete(self) -> Self:
        """Only the service that sends mail needs the files that these settings name."""
        if self.service != "notifications":
            return self
        if bool(self.smtp_username) != bool(self.smtp_password or self.smtp_password_file):
            raise ValueError("set SMTP_USERNAME with SMTP_PASSWORD or SMTP_PASSWORD_FILE.")
        if self.smtp_password and self.smtp_password_file:
            raise ValueError("set SMTP_PASSWORD or SMTP_PASSWORD_FILE, not both.")
        if self.smtp_username and self.smtp_tls == "when-offered":
            raise ValueError("set SMTP_TLS to starttls or tls: no password is sent in clear.")
        for name, path in (
            ("SMTP_PASSWORD_FILE", self.smtp_password_file),
            ("SMTP_CA_FILE", self.smtp_ca_file),
        ):
            if path and not os.access(path, os.R_OK):
                raise ValueError(f"{name} names no file that can be read.")
        return self

    @property
    def smtp_secret(self) -> str:
        """The password at the mail server; a file is read each time, so that it can be replaced.

        Raises:
            OSError: the file is gone.
        """
        if not self.smtp_password_file:
            return self.smtp_password
        return Path(self.smtp_password_file).read_text("utf-8").rstrip("\r\n")

    @property
    def kafka_client(self) -> dict[str, object]:
        """The keyword arguments that every aiokafka client of this process needs."""
        client: dict[str, object] = {
            "bootstrap_servers": self.kafka_bootstrap_servers,
            "security_protocol": self.kafka_security_protocol,
        }
        if self.kafka_security_protocol.startswith("SASL"):
            client |= {
                "sasl_mechanism": "PLAIN",
                "sasl_plain_username": self.kafka_username,
                "sasl_plain_password": self.kafka_password,
            }
        if self.kafka_security_protocol.endswith("SSL"):
            client["ssl_context"] = ssl.create_default_context()
        return client


def load(service: str) -> Settings:
    """The settings of `service` from the environment.

    Raises:
        SettingsMissing: naming the variables that are missing or wrong.
    """
    suffix = service.upper()
    own = {
        "database_url": os.environ.get(f"DATABASE_URL_{suffix}"),
        "kafka_username": os.environ.get(f"KAFKA_USERNAME_{suffix}"),
        "kafka_password": os.environ.get(f"KAFKA_PASSWORD_{suffix}"),
    }
    try:
        return Settings(service=service, **{k: v for k, v in own.items() if v is not None})  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as error:
        for e in error.errors():
            if not e["loc"]:  # settings that do not go together
                reason = e["msg"].removeprefix("Value error, ")
                raise SettingsMissing(f"{service}: {reason}") from None
        wrong = ", ".join(
            f"DATABASE_URL_{suffix}" if e["loc"][0] == "database_url" else str(e["loc"][0])
            for e in error.errors()
        )
        raise SettingsMissing(f"{service}: set {wrong} in the environment.") from None
