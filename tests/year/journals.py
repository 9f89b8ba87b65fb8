"""Small journals made by hand, for tests of the ledger itself."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.year.ledger.journal import Journal

SITE, COHORT = "site", "cohort"
GROUP = timedelta(minutes=165)


class Writer:
    """Writes rows as they stand in the journals, one client's numbers going up."""

    def __init__(self, zone: str = "America/Denver") -> None:
        self.zone = ZoneInfo(zone)
        self.rows: list[dict[str, Any]] = []
        self._sequences: dict[tuple[str, str], int] = {}
        self.tell("scheduling", SITE, "SiteOpened", self.at(2026, 1, 1), time_zone=zone)

    def at(self, *local: int) -> datetime:
        """An instant by the wall clock of the site."""
        return datetime(*local, tzinfo=self.zone).astimezone(UTC)  # type: ignore[arg-type,misc]

    def tell(self, stream: str, key: str, name: str, at: datetime, **data: Any) -> None:
        number = self._sequences[stream, key] = self._sequences.get((stream, key), 0) + 1
        told = {"site_id": SITE, **({} if name == "SiteOpened" else {"client_id": key}), **data}
        self.rows.append(
            {
                "stream": stream,
                "key": key,
                "sequence": number,
                "type": f"org.stepwell.{stream}.{name}.v1",
                "occurred_at": at,
                "payload": json.dumps(told, default=lambda value: value.isoformat()),
            }
        )

    def enrol(self, client: str, at: datetime, stay: str = "stay-1") -> None:
        self.tell(
            "intake",
            client,
            "ClientEnrolled",
            at,
            enrolment_id=stay,
            level_of_care="2.1",
            enrolled_at=at,
        )

    def change(
        self, client: str, at: datetime, stay: str, former: str, following: str, *, ended: bool
    ) -> None:
        states = {"from_state": former, "to_state": following, "ended": ended}
        self.tell(
            "intake",
            client,
            "EpisodeStateChanged",
            at,
            enrolment_id=stay,
            changed_at=at,
            **states,
        )

    def session(
        self,
        client: str,
        starts: datetime,
        outcome: str | None,
        *,
        kind: str = "group",
        minutes: int = 165,
        attended: int | None = None,
        stay: str = "stay-1",
    ) -> str:
        """A session at which the client is expected, and what became of it; its id."""
        session = f"session-{starts:%m%d%H%M}"
        common: dict[str, Any] = {
            "session_id": session,
            "enrolment_id": stay,
            "starts_at": starts,
            "time_zone": self.zone.key,
        }
        ends = starts + timedelta(minutes=minutes)
        planned = {"ends_at": ends, "break_minutes": 0, "kind": kind}
        before = starts - timedelta(days=3)
        self.tell("scheduling", client, "SessionScheduled", before, **common, **planned)
        if outcome == "attended":
            credited = minutes if attended is None else attended
            common["status"] = "present" if credited == minutes else "partial"
            self.tell(
                "scheduling", client, "SessionAttended", ends, **common, attended_minutes=credited
            )
        elif outcome is not None:
            excused = outcome == "excused"
            common["status"] = "excused_absence" if excused else "no_show"
            self.tell("scheduling", client, "SessionMissed", ends, **common, excused=excused)
        return session

    def cancel(self, client: str, session: str, at: datetime, starts: datetime) -> None:
        self.tell("scheduling", client, "SessionNotHeld", at, session_id=session, starts_at=starts)

    @property
    def journal(self) -> Journal:
        return Journal(self.rows)
