"""Alerts to staff: to a work address at any hour, for as long as the step has not passed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.notifications.delivery.channels.providers import staff_way
from services.notifications.delivery.due import Due, Result
from services.notifications.delivery.rules import Decision, next_attempt
from services.notifications.delivery.vocabulary import ChannelName
from services.notifications.escalations.policy import alert_policy
from services.notifications.escalations.rules import decide
from services.notifications.texts.rules import Text
from shared.contracts.base import Event
from shared.contracts.notifications import StaffAlerted, StaffAlertFailed
from shared.database import Transaction
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Alert(Due):
    """A message to one member of staff about one step of one flag."""

    flag_id: UUID
    step: int
    address: str | None = field(repr=False)

    @property
    def channel(self) -> ChannelName:
        return staff_way(self.address)

    @property
    def texts_version(self) -> str:
        return alert_policy(self.site_id).version

    def decide(self, now: datetime) -> Decision:
        return decide(
            now,
            withdrawn=self.withdrawn,
            named=self.address is not None,
            expires_at=self.expires_at,
        )

    def next_attempt(self, now: datetime) -> datetime:
        return next_attempt(
            now,
            attempts=self.attempts,
            expires_at=self.expires_at,
            backoff=alert_policy(self.site_id).backoff,
        )

    def addressed(self, settings: Settings) -> tuple[str | None, Text]:
        text = alert_policy(self.site_id).written(settings.portal_url, self.flag_id)
        return self.address, text

    def event(self, result: Result) -> Event | None:
        about: dict[str, Any] = {
            "client_id": self.client_id,
            "site_id": self.site_id,
            "alert_id": self.id,
            "flag_id": self.flag_id,
            "step": self.step,
        }
        match result.state:
            case "delivered":
                return StaffAlerted(**about, delivered_at=result.at)
            case "failed" | "bounced":
                reason = result.failure or "refused_by_channel"
                return StaffAlertFailed(**about, reason=reason, failed_at=result.at)
            case _:
                return None


async def due_alerts(
    tx: Transaction, rows: Sequence[asyncpg.Record], withdrawn: Collection[UUID]
) -> list[Alert]:
    """The alerts in `rows`."""
    return [Alert.of(row, withdrawn=row["id"] in withdrawn) for row in rows]
