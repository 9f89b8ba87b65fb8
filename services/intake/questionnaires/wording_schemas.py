"""What requests and answers about wordings look like."""

from uuid import UUID

from pydantic import Field

from services.intake.questionnaires.rules.wording import Label, Source, Wording
from shared.web import Instant, Shown


class NewWording(Wording):
    """A site's own wording, complete, and what allows the site to show it."""

    permission: Label = Field(
        description="Where the permission is on file; of C-SSRS, unaltered wording only.",
        examples=["Licence letter of 2026-01-12, legal folder 7"],
    )


class SiteWording(Shown):
    """The wording in force at a site."""

    site_id: UUID
    instrument: str = Field(examples=["audit"])
    instrument_version: str = Field(examples=["1.0"])
    language: str = Field(examples=["en"])
    source: Source = Field(
        description="`missing`: forms with this instrument are not shown; scoring works.",
        examples=["site"],
    )
    wording: Wording | None
    permission: str | None = Field(examples=["Licence letter of 2026-01-12, legal folder 7"])
    changed_by: str | None = Field(examples=["lead-1"])
    changed_at: Instant | None
    version: int = Field(description="0 where the site has none of its own.", examples=[1])
