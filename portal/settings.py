"""What a process of the portal is told by its environment."""

from typing import Annotated

from pydantic import Field, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

SERVICES = ("intake", "scheduling", "notifications", "outcomes")
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]


class Settings(BaseSettings):
    """The variables are those of the services, as `docs/operations/` lists them."""

    model_config = SettingsConfigDict(populate_by_name=True, extra="ignore", env_ignore_empty=True)

    host: str = Field("127.0.0.1", alias="STEPWELL_HOST")
    port: int = Field(8000, alias="STEPWELL_PORT")
    url: Url = Field("http://127.0.0.1:8000", alias="STEPWELL_PORTAL_URL")
    """The origin that browsers know it by."""
    issuer: Url = Field(alias="OIDC_ISSUER")
    discovery: str = Field("", alias="OIDC_DISCOVERY_URL")
    client: str = Field("portal", alias="OIDC_PORTAL_CLIENT")
    intake: Url = Field("http://127.0.0.1:8001", alias="STEPWELL_URL_INTAKE")
    scheduling: Url = Field("http://127.0.0.1:8002", alias="STEPWELL_URL_SCHEDULING")
    notifications: Url = Field("http://127.0.0.1:8003", alias="STEPWELL_URL_NOTIFICATIONS")
    outcomes: Url = Field("http://127.0.0.1:8004", alias="STEPWELL_URL_OUTCOMES")
    spans: str = Field("", alias="ZIPKIN_ENDPOINT")

    @property
    def origin(self) -> str:
        """The portal's own address, without a slash at the end."""
        return self.url.rstrip("/")

    @property
    def secure(self) -> bool:
        """Whether browsers reach it encrypted, so that cookies are sent in no other way."""
        return self.origin.startswith("https:")

    def base(self, service: str) -> str:
        """Where the API of a service is."""
        found: str = getattr(self, service)
        return found.rstrip("/")
