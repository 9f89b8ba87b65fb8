"""What others may see of webhooks that were refused: how many, never what they said."""

from datetime import date

from pydantic import Field

from shared.web import Instant, Shown


class WebhookRefusal(Shown):
    """Calls of one day that were refused for one reason."""

    day: date = Field(description="The day, UTC.", examples=["2026-06-01"])
    provider: str = Field(description="Whose name they bore; `unknown` if none of ours.")
    reason: str = Field(description="As in the problem type.", examples=["forged-webhook"])
    calls: int = Field(examples=[3])
    last_at: Instant = Field(description="The last one.")


class WebhookRefusals(Shown):
    """Refused calls, the latest day first."""

    refusals: list[WebhookRefusal]
