"""A year on its way through the services: what they answered, and where each client stands."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from stepwell.region.api import Services, Who
from stepwell.region.plan import SessionPlan
from stepwell.region.settle import Rest, present
from stepwell.region.year.plan import Happening, Year

Answer = dict[str, Any]


@dataclass
class YearWalk:
    """Answers of the services by number of the site or client. Nothing here was made up."""

    services: Services
    year: Year
    sites: dict[int, Answer] = field(default_factory=dict)
    cohorts: dict[int, list[Answer]] = field(default_factory=dict)
    sessions: dict[date, list[tuple[int, Answer]]] = field(default_factory=dict)
    """Sessions by their date at the site, each with the number of its site."""
    clients: dict[int, str] = field(default_factory=dict)
    """The pseudonymous ids that intake gave."""
    referrals: dict[int, str] = field(default_factory=dict)
    """The latest referral of each client."""
    enrolments: dict[int, str] = field(default_factory=dict)
    """The latest stay of each client."""
    coverages: dict[int, str] = field(default_factory=dict)
    permissions: dict[int, str] = field(default_factory=dict)
    """The latest consent to be reached."""
    merges: dict[tuple[int, int], str] = field(default_factory=dict)
    """The latest merge of a survivor and a merged client."""
    attendance: dict[int, list[Answer]] = field(default_factory=dict)
    """What was written down of each client, in order; not of sessions that were not held."""
    unrecorded: dict[int, list[Answer]] = field(default_factory=dict)
    """Sessions of each client that nobody wrote down."""
    away: set[int] = field(default_factory=set)
    """Clients who are on hold and do not come."""
    declined: set[int] = field(default_factory=set)
    surveys: dict[str, tuple[str, Answer]] = field(default_factory=dict)
    """What former clients said to a survey, by its id."""
    reports: list[Answer] = field(default_factory=list)
    """What was reported of use, in order."""
    consent_texts: dict[str, Answer] = field(default_factory=dict)
    rest: Rest | None = None
    _seen: dict[int, int] = field(default_factory=dict)

    def who(self, role: str, site: int) -> Who:
        """A role at a site."""
        return Who(role, self.sites[site]["id"])

    def at(self, client: int, role: str) -> Who:
        """A role at the site of a client."""
        return self.who(role, self.year.client(client).site)

    def number_of(self, client_id: str) -> int:
        """The number of the client with this pseudonymous id."""
        return next(number for number, known in self.clients.items() if known == client_id)

    def today(self, site: int) -> date:
        """Today's date at a site."""
        now = present(self.services.clock_file)
        return now.astimezone(ZoneInfo(self.sites[site]["time_zone"])).date()

    def key(self, happening: Happening, part: object = "") -> str:
        """An Idempotency-Key for a request that belongs to something that happens."""
        whose = happening.client if happening.client is not None else f"site-{happening.site}"
        nth = self.year.happenings.index(happening)
        return f"year-{self.year.seed}/{whose}/{happening.kind}/{nth}/{part}"

    def take_back(self, session: Answer) -> None:
        """What was written down of a session counts nowhere: the program did not hold it."""
        for recorded in (*self.attendance.values(), *self.unrecorded.values()):
            recorded[:] = [
                one for one in recorded if session["id"] not in (one["id"], one.get("session_id"))
            ]

    def next_plan(self, client: int) -> SessionPlan | None:
        """What becomes of the next session at which a client is expected."""
        if client in self.away:
            return SessionPlan("no_show")
        index = self._seen.get(client, 0)
        self._seen[client] = index + 1
        return self.year.client(client).sessions[index]
