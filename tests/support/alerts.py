"""Staff of a site who are told of risk flags, on the notifications service of `open_desk`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from services.notifications.escalations.commands import replace_contacts
from services.notifications.escalations.jobs import alerts
from services.notifications.escalations.queries import list_alerts, show_contacts
from services.notifications.escalations.schemas import (
    EscalationStep,
    NewEscalationContacts,
    OnCall,
    StaffAlert,
)
from shared.contracts.intake import RiskFlagAcknowledged, RiskFlagEscalated, RiskFlagRaised
from shared.database import ALL_SITES
from shared.jobs import JobContext
from shared.web import Paging
from tests.support.notifications import DENVER_SITE, MONDAY_NOON, Desk

PORTAL = "https://portal.example.test/"
DUTY, LEAD, MANAGER = (f"{name}@example.test" for name in ("duty", "lead", "manager"))


@dataclass(frozen=True)
class Flag:
    """A risk flag, and the events about it."""

    id: UUID = field(default_factory=uuid4)
    client_id: UUID = field(default_factory=uuid4)
    site_id: UUID = DENVER_SITE

    @property
    def about(self) -> dict[str, Any]:
        return {
            "flag_id": self.id,
            "client_id": self.client_id,
            "site_id": self.site_id,
            "kind": "suicide_risk",
        }

    def raised(self, at: datetime = MONDAY_NOON, severity: str = "high") -> RiskFlagRaised:
        return RiskFlagRaised(
            **self.about, severity=severity, found_in="phq-9", acknowledge_by=at, raised_at=at
        )

    def escalated(self, step: int, at: datetime = MONDAY_NOON) -> RiskFlagEscalated:
        return RiskFlagEscalated(**self.about, severity="high", step=step, escalated_at=at)

    def acknowledged(self, at: datetime = MONDAY_NOON) -> RiskFlagAcknowledged:
        return RiskFlagAcknowledged(**self.about, action="safety_plan", acknowledged_at=at)


@dataclass
class Staff:
    """What staff are told, on one desk."""

    desk: Desk

    async def name(
        self,
        *steps: list[str],
        on_duty: list[str] | None = None,
        rota: Sequence[dict[str, Any]] = (),
        site_id: UUID = DENVER_SITE,
    ) -> None:
        """Name whom a site tells."""
        new = NewEscalationContacts(
            on_duty=on_duty or [],
            steps=[EscalationStep(addresses=step) for step in steps],
            rota=[OnCall.model_validate(shift) for shift in rota],
        )
        async with self.desk.database.transaction(ALL_SITES) as tx:
            known = await show_contacts(tx, site_id)
            await replace_contacts(tx, site_id, known.version, new, by="manager-1")

    async def dispatch(self) -> int:
        return await alerts.dispatch(JobContext(self.desk.database, self.desk.settings))

    async def next_due(self) -> datetime | None:
        async with self.desk.database.transaction(ALL_SITES) as tx:
            return await alerts.next_due(tx)

    async def until_next_due(self) -> datetime:
        """Move the clock to the next attempt and dispatch; the instant of it."""
        due = await self.next_due()
        assert due is not None
        self.desk.set_clock(max(due, self.desk.now))
        await self.dispatch()
        return due

    async def sending(self) -> int:
        async with self.desk.database.transaction(ALL_SITES) as tx:
            return int(await tx.fetchval(alerts.sending) or 0)

    async def until_unlocked(self) -> None:
        """Wait until the database has let go of what a killed process held."""
        async with self.desk.database.transaction(ALL_SITES) as tx:
            await tx.fetch("SELECT id FROM notifications FOR UPDATE")

    async def alerts(self, site_id: UUID = DENVER_SITE) -> list[StaffAlert]:
        async with self.desk.database.transaction(ALL_SITES) as tx:
            page = await list_alerts(
                tx, site_id, Paging(limit=1_000), flag_id=None, failed_only=False
            )
            return page.items

    async def alert(self) -> StaffAlert:
        """The only alert."""
        (found,) = await self.alerts()
        return found

    @property
    def told(self) -> list[str]:
        """To whom mail went, in order."""
        return [str(mail["To"]) for mail in self.desk.mailbox.taken]
