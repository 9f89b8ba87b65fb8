"""What a service process is told by its environment, read and checked once at start."""

import os
import re
import ssl
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import parse_qs, urlsplit

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
from shared.variables import ELSEWHERE, OF_SERVICES, misspelt


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


Port = Annotated[int, Field(ge=1, le=65_535)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+")]
Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
PROTOCOLS: tuple[str, ...] = get_args(Protocol)
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
SERVER = r"(\[[0-9A-Fa-f:.]+\]|[^\s:,\[\]]+)(:\d{1,5})?"
"""A host, perhaps with a port."""

VERIFYING = ("verify-ca", "verify-full")
SSL_MODES = ("disable", "allow", "prefer", "require", *VERIFYING)


class SettingsWrong(RuntimeError):
    """The environment of the process cannot be used; the message says why, a line a problem."""


class Settings(BaseSettings):
    """Settings of one service process. Names in the environment are given as aliases.

    Variables that end in the service's name in capitals (`DATABASE_URL_INTAKE`) are read for that
    service only, so that one environment can describe the whole system. An empty variable counts as
    none.
    """

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True, env_ignore_empty=True)

    service: str
    environment: Literal["local", "production"] = Field("production", alias="STEPWELL_ENVIRONMENT")
    host: str = Field("127.0.0.1", alias="STEPWELL_HOST")
    port: Port = Field(8000, alias="STEPWELL_PORT")
    max_body_bytes: int = Field(256 * 1024, ge=1, alias="STEPWELL_MAX_BODY_BYTES")
    request_timeout: float = Field(10.0, gt=0, alias="STEPWELL_REQUEST_TIMEOUT")
    trusted_proxies: int = Field(0, ge=0, alias="STEPWELL_TRUSTED_PROXIES")
    """How many proxies of one's own stand before the service and tell in X-Forwarded-For whom they
    heard; with none the header is not believed."""

    cors_origins: Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_listed)] = Field(
        (), alias="STEPWELL_CORS_ORIGINS", examples=["https://portal.example.org"]
    )
    """The origins whose pages may call the API from a browser, separated by commas; none by
    default. Each is compared as a whole."""

    database_url: str = Field(
        examples=[
            "postgresql://{service}_app:…@db.example.org/{service}?sslmode=verify-full"
            "&sslrootcert=/etc/stepwell/ca.pem"
        ]
    )
    database_pool: int = Field(10, ge=1, alias="DATABASE_POOL")

    kafka_bootstrap_servers: Annotated[
        str, StringConstraints(pattern=rf"^{SERVER}(\s*,\s*{SERVER})*$")
    ] = Field(alias="KAFKA_BOOTSTRAP_SERVERS", examples=["kafka.example.org:9092"])
    kafka_security_protocol: Protocol = Field("PLAINTEXT", alias="KAFKA_SECURITY_PROTOCOL")
    kafka_sasl_mechanism: Mechanism = Field("PLAIN", alias="KAFKA_SASL_MECHANISM")
    kafka_username: str | None = None
    kafka_password: str | None = Field(None, repr=False)
    kafka_ca_file: str = Field("", alias="KAFKA_CA_FILE")
    """The authorities whose certificates are believed; empty: those of the machine."""
    kafka_topic_prefix: str = Field("", alias="KAFKA_TOPIC_PREFIX")

    schema_base: str = Field(
        SCHEMA_BASE, pattern=r"^[a-z][a-z0-9+.-]*:[!-~]*[:/=#]$", alias="STEPWELL_SCHEMA_BASE"
    )
    """How `ce_dataschema` begins: a URI that ends where the name of a schema follows."""

    oidc_issuer: Url = Field(alias="OIDC_ISSUER", examples=["https://login.example.org/realms/iop"])
    oidc_audience: str = Field("stepwell", alias="OIDC_AUDIENCE")
    oidc_client_secret: str | None = Field(None, alias="OIDC_CLIENT_SECRET", repr=False)
    oidc_discovery_url: Url | None = Field(None, alias="OIDC_DISCOVERY_URL")
    """Where the discovery document is read, if the issuer's own address leads nowhere from here."""

    traces: Literal["zipkin", "otlp", "off"] = Field("off", alias="TRACES")
    traces_sample_ratio: float = Field(1.0, ge=0, le=1, alias="TRACES_SAMPLE_RATIO")
    zipkin_endpoint: Url = Field("http://127.0.0.1:9411/api/v2/spans", alias="ZIPKIN_ENDPOINT")
    spans_file: str | None = Field(None, alias="STEPWELL_SPANS_FILE")

    smtp_host: str = Field("127.0.0.1", alias="SMTP_HOST")
    smtp_port: Port = Field(25, alias="SMTP_PORT")
    smtp_from: str = Field("appointments@example.test", alias="SMTP_FROM")
    smtp_tls: Literal["when-offered", "starttls", "tls"] = Field("when-offered", alias="SMTP_TLS")
    """`starttls` and `tls` (from the first byte on) are required, never done without."""
    smtp_ca_file: str = Field("", alias="SMTP_CA_FILE")
    smtp_username: str = Field("", alias="SMTP_USERNAME")
    smtp_password: str = Field("", alias="SMTP_PASSWORD", repr=False)
    smtp_password_file: str = Field("", alias="SMTP_PASSWORD_FILE")

    channels_file: str = Field("", alias="STEPWELL_CHANNELS_FILE")
    """Who carries text messages and calls, and the webhooks and chat tools of staff, with their
    secrets; empty: there are e-mail and the log."""

    portal_url: Url = Field("http://127.0.0.1:8000", alias="STEPWELL_PORTAL_URL")
    url_intake: Url = Field("http://127.0.0.1:8001", alias="STEPWELL_URL_INTAKE")
    url_scheduling: Url = Field("http://127.0.0.1:8002", alias="STEPWELL_URL_SCHEDULING")
    url_notifications: Url = Field("http://127.0.0.1:8003", alias="STEPWELL_URL_NOTIFICATIONS")
    url_outcomes: Url = Field("http://127.0.0.1:8004", alias="STEPWELL_URL_OUTCOMES")

    def url_of(self, service: str) -> str:
        """Base URL of a service's API."""
        url: str = getattr(self, f"url_{service}")
        return url

    @model_validator(mode="after")
    def settings_go_together(self) -> Self:
        if problems := [*self._of_database(), *self._of_broker(), *self._of_mail_server()]:
            raise ValueError("\n".join(problems))
        return self

    def _of_database(self) -> Iterator[str]:
        variable = variable_of("database_url", self.service)
        try:
            url = urlsplit(self.database_url)
            known = url.scheme in ("postgresql", "postgres") and (url.port or True)
        except ValueError:
            known = False
        if not known:
            example = _example("database_url", self.service)
            yield f"{variable} is no address of a database: {example}"
            return
        chosen = parse_qs(url.query)
        (mode,), (ca,) = chosen.get("sslmode", ["prefer"])[:1], chosen.get("sslrootcert", [""])[:1]
        if mode not in SSL_MODES:
            yield f"{variable} has an unknown sslmode: use {', '.join(SSL_MODES)}."
        if not _believable(ca):
            yield f"{variable} names with sslrootcert no file of certificates that can be read."
        if mode in VERIFYING and not ca:
            yield f"{variable} has sslmode={mode} and no authority: add &sslrootcert=/path/ca.pem."

    def _of_broker(self) -> Iterator[str]:
        user, password = (variable_of(f"kafka_{n}", self.service) for n in ("username", "password"))
        protocol = f"KAFKA_SECURITY_PROTOCOL={self.kafka_security_protocol}"
        if self.kafka_security_protocol.startswith("SASL"):
            if not (self.kafka_username and self.kafka_password):
                yield f"{protocol} needs a user: set {user}={self.service} and {password}."
        elif self.kafka_username or self.kafka_password:
            yield f"{protocol} takes no user: unset {user} and {password}, or set it to SASL_SSL."
        if self.kafka_ca_file and not self.kafka_security_protocol.endswith("SSL"):
            yield f"{protocol} takes no KAFKA_CA_FILE: unset it, or set SSL or SASL_SSL."
        if not _believable(self.kafka_ca_file):
            yield "KAFKA_CA_FILE names no file of certificates that can be read."

    def _of_mail_server(self) -> Iterator[str]:
        """Only the service that sends mail needs the files that these settings name."""
        if self.service != "notifications":
            return
        if bool(self.smtp_username) != bool(self.smtp_password or self.smtp_password_file):
            yield "set SMTP_USERNAME with SMTP_PASSWORD or SMTP_PASSWORD_FILE."
        if self.smtp_password and self.smtp_password_file:
            yield "set SMTP_PASSWORD or SMTP_PASSWORD_FILE, not both."
        if self.smtp_username and self.smtp_tls == "when-offered":
            yield "set SMTP_TLS to starttls or tls: no password is sent in clear."
        if self.smtp_password_file and not os.access(self.smtp_password_file, os.R_OK):
            yield "SMTP_PASSWORD_FILE names no file that can be read."
        if self.channels_file and not os.access(self.channels_file, os.R_OK):
            yield "STEPWELL_CHANNELS_FILE names no file that can be read."
        if not _believable(self.smtp_ca_file):
            yield "SMTP_CA_FILE names no file of certificates that can be read."

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
    def kafka_tls(self) -> ssl.SSLContext | None:
        """What is asked of the brokers' certificates; None without TLS."""
        if not self.kafka_security_protocol.endswith("SSL"):
            return None
        return ssl.create_default_context(cafile=self.kafka_ca_file or None)

    @property
    def kafka_client(self) -> dict[str, Any]:
        """The keyword arguments that every aiokafka client of this process needs."""
        client: dict[str, Any] = {
            "bootstrap_servers": self.kafka_bootstrap_servers,
            "security_protocol": self.kafka_security_protocol,
        }
        if self.kafka_security_protocol.startswith("SASL"):
            client |= {
                "sasl_mechanism": self.kafka_sasl_mechanism,
                "sasl_plain_username": self.kafka_username,
                "sasl_plain_password": self.kafka_password,
            }
        if (context := self.kafka_tls) is not None:
            client["ssl_context"] = context
        return client


def _believable(ca_file: str) -> bool:
    """Whether the file holds certificates; no file means those of the machine."""
    try:
        if ca_file:
            ssl.create_default_context(cafile=ca_file)
    except OSError:
        return False
    return True


OWN = ("database_url", "kafka_username", "kafka_password")
"""Settings whose variables end in the name of the service."""


def variable_of(field: str, service: str) -> str:
    """The variable of the environment that a setting of `service` is read from."""
    if field in OWN:
        return f"{field}_{service}".upper()
    return Settings.model_fields[field].alias or field


def misspelt_variables(given: Iterable[str]) -> list[str]:
    """A line for each variable in `given` that must be meant for another one."""
    fields = [name for name in Settings.model_fields if name != "service"]
    of_all = {f"{name}_{service.upper()}" for name in OF_SERVICES for service in SERVICES}
    read = {variable_of(field, service) for field in fields for service in SERVICES}
    return misspelt(given, ELSEWHERE | of_all | read)


def _example(field: str, service: str) -> str:
    about = Settings.model_fields[field]
    value = about.examples[0] if about.examples else about.default
    return f"set for example {variable_of(field, service)}={value}".format(service=service)


def load(service: str) -> Settings:
    """The settings of `service` from the environment.

    Raises:
        SettingsWrong: with a line for each variable that is missing, wrong or misspelt, and for
            what does not go together.
    """
    problems = misspelt_variables(os.environ)
    own = {field: os.environ.get(variable_of(field, service)) for field in OWN}
    try:
        settings = Settings(service=service, **{k: v for k, v in own.items() if v})  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as error:
        problems += [line for e in error.errors() for line in _lines(service, e)]
    if problems:
        raise SettingsWrong("\n".join(f"{service}: {line}" for line in problems))
    return settings


def _lines(service: str, error: Any) -> list[str]:
    """What pydantic found, without the value: it may be a secret."""
    told = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:  # settings that do not go together
        return told.splitlines()
    named = str(error["loc"][0])
    fields = Settings.model_fields
    field = next((f for f in fields if named in (f, fields[f].alias)), named)
    variable = variable_of(field, service)
    if error["type"] == "missing":
        return [f"{variable} is missing: {_example(field, service)}"]
    return [f"{variable} is wrong ({told}): {_example(field, service)}"]
