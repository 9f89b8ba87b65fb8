"""Which messages go out, and which are withheld by which rule."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.year.ledger.journal import Event, Journal
from tests.year.ledger.permission import Permissions, last_open, next_open
from tests.year.ledger.stays import Stay

LEAD, MARGIN = timedelta(hours=24), timedelta(hours=1)
OUTREACH_TIMELY = timedelta(days=7)
Key = tuple[str, str, str]
"""Client, session, kind."""


@dataclass(frozen=True)
class Fate:
    """What becomes of a message: `delivered`, or `suppressed` with the rule; and when."""

    state: str
    at: datetime
    rule: str | None = None


class Post:
    """All messages of a journal up to an instant."""

    def __init__(
        self, journal: Journal, stays: list[Stay], permissions: Permissions, now: datetime
    ) -> None:
        self._stays = stays
        self._permissions = permissions
        self._now = now
        self._told: dict[tuple[str, str], list[Event]] = defaultdict(list)
        for event in journal.events:
            if event.stream == "scheduling" and "session_id" in event.data:
                self._told[event.client, event.data["session_id"]].append(event)

    def fates(self) -> dict[Key, Fate]:
        """What became of every message that has an end."""
        found: dict[Key, Fate] = {}
        for (client, session), told in self._told.items():
            for event in told:
                kind = self._kind(event)
                key = (client, session, kind or "")
                if kind is None or key in found:
                    continue
                fate = self._fate(kind, event, told)
                if fate is not None and fate.at <= self._now:
                    found[key] = fate
        return found

    def _kind(self, event: Event) -> str | None:
        if event.name == "SessionScheduled":
            return "session_reminder"
        if event.name == "SessionNotHeld" and event.at < event.instant("starts_at"):
            return "session_not_held"
        if event.name == "SessionMissed" and not event.data["excused"]:
            stay = self._stay(event.client, event.instant("starts_at"))
            if stay is not None and not stay.holds_at(event.instant("starts_at")):
                return "missed_session_outreach"
        return None

    def _stay(self, client: str, at: datetime) -> Stay | None:
        """The stay of an instant; what happens at its very end happens before it."""
        return next(
            (
                s
                for s in self._stays
                if s.client == client and s.begins <= at and (s.ends is None or at <= s.ends)
            ),
            None,
        )

    def _fate(self, kind: str, event: Event, told: list[Event]) -> Fate | None:
        starts = event.instant("starts_at")
        outreach = kind == "missed_session_outreach"
        stay = self._stay(event.client, starts if outreach else event.at)
        if stay is None:
            return None
        expires = starts + OUTREACH_TIMELY if outreach else starts
        planned = event.at
        at = self._due(kind, event, starts, planned)
        while at is not None and at < expires:
            stated = self._permissions.changes(event.client, planned, at)
            if stated and kind == "session_reminder":
                planned = stated[0]
                at = self._due(kind, event, starts, planned)
                continue
            if self._withdrawn(kind, event, told, at) or (stay.ends and stay.ends < at):
                return None
            resumed = self._resumed(stay, at)
            if resumed is not None:
                planned = resumed
                at = self._due(kind, event, starts, planned)
                continue
            if self._on_hold(stay, at):
                return None
            rule = self._permissions.refusal(event.client, stay.site, kind, at)
            if rule != "outside_safe_times":
                return Fate("suppressed", at, rule) if rule else Fate("delivered", at)
            later = self._permissions.next_allowed(event.client, stay.site, at)
            if later is None or later >= expires:
                return Fate("suppressed", at, rule)
            at = min([later, *self._permissions.signed(event.client, at, later)])
        return None

    def _due(
        self, kind: str, event: Event, starts: datetime, not_before: datetime
    ) -> datetime | None:
        zone = self._permissions.zone(event.client, event.data["site_id"], not_before)
        if kind != "session_reminder":
            return next_open(not_before, zone)
        return reminder_due(starts, not_before, zone)

    @staticmethod
    def _withdrawn(kind: str, event: Event, told: list[Event], at: datetime) -> bool:
        """Whether something told after the plan, and before it was due, takes the message back."""
        after = [e for e in told if e.sequence > event.sequence and e.at < at]
        ends = {"session_reminder": {"SessionCancelled", "SessionNotHeld"}, "session_not_held": ()}
        if kind in ends:
            return any(e.name in ends[kind] for e in after)
        return any(
            e.name in ("SessionNotHeld", "SessionAttended")
            or (e.name == "SessionMissed" and e.data["excused"])
            for e in after
        )

    @staticmethod
    def _on_hold(stay: Stay, at: datetime) -> bool:
        return any(since < at and (until is None or at < until) for since, until in stay.holds)

    @staticmethod
    def _resumed(stay: Stay, at: datetime) -> datetime | None:
        """When a stay that is on hold goes on, if it does."""
        found = [u for since, u in stay.holds if u is not None and since < at < u]
        return found[0] if found and (stay.ends is None or found[0] < stay.ends) else None


def reminder_due(starts: datetime, not_before: datetime, zone: ZoneInfo) -> datetime | None:
    """A day before the start, moved out of quiet hours; None when it is too late."""
    wanted = max(starts - LEAD, not_before)
    if wanted >= starts:
        return None
    later = next_open(wanted, zone)
    if later == wanted or later + MARGIN <= starts:
        return later
    earlier = last_open(wanted, zone)
    if earlier >= not_before:
        return earlier
    return later if later < starts else None
