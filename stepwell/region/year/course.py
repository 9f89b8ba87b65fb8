"""One client's way through the year, put together step by step."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from stepwell.region.year.plan import Happening, Kind

WEEK = timedelta(weeks=1)
SATURDAY, SUNDAY = 5, 6
PERMISSIONS: dict[str, dict[str, Any]] = {
    "usual": {
        "ways": ["email", "sms"],
        "uses": ["appointments", "missed_sessions", "program_news"],
    },
    "no_way": {"ways": [], "uses": ["appointments", "missed_sessions"]},
    "voice_only": {"ways": ["voice"], "uses": ["appointments", "missed_sessions"]},
    "appointments_only": {"ways": ["email"], "uses": ["appointments"]},
    "mornings": {
        "ways": ["email"],
        "uses": ["appointments", "missed_sessions", "program_news"],
        "safe_times": [
            {"weekday": weekday, "starts_at": "09:00", "ends_at": "12:00"}
            for weekday in range(1, 6)
        ],
    },
}
"""What contact-channel consents allow, by a word of this generator."""


class Course:
    """What happens to one client, in order."""

    def __init__(self, client: int) -> None:
        self.client = client
        self.happenings: list[Happening] = []
        self._covered = False

    def add(self, on: date, kind: Kind, **details: Any) -> None:
        """Let something happen on a day, or on the Monday after if offices are closed then."""
        day = on if on.weekday() < SATURDAY else on + timedelta(days=7 - on.weekday())
        self.happenings.append(Happening(day, kind, client=self.client, details=details))

    def come(self, on: date, *, screened: int = 1, totals: tuple[int, int] = (14, 11)) -> None:
        """A referral, and the intake screening some days later."""
        self.add(on, "refer")
        self.add(on + timedelta(days=screened), "screen", occasion="intake", totals=totals, item9=0)

    def stay(
        self,
        on: date,
        *,
        permission: str | None = "usual",
        permitted_until: date | None = None,
        payer: bool = True,
        grants: tuple[Mapping[str, Any], ...] = (),
    ) -> None:
        """An admission, with what has to be signed and agreed before it.

        How they may be reached people say on the day before: their first reminder may be due with
        the admission.
        """
        if permission is not None:
            self.permit(_working_day_before(on), permission, until=permitted_until)
        self.add(on, "admit", cover=None if self._covered else payer, grants=grants)
        self._covered = True

    def permit(self, on: date, permission: str, *, until: date | None = None) -> None:
        """A signed consent to be reached."""
        self.add(on, "contact_consent", channels=PERMISSIONS[permission], until=until)

    def measure(self, first: date, last: date, totals: Iterator[tuple[int, int]]) -> None:
        """PHQ-9 and GAD-7 once a week."""
        day = first
        while day <= last:
            self.add(day, "screen", occasion="follow_up", totals=next(totals), item9=0)
            day += WEEK

    def unseen(self, on: date, totals: tuple[int, int], *, item9: int) -> None:
        """Answers that are a risk of which nobody takes charge."""
        self.add(on, "screen", occasion="follow_up", totals=totals, item9=item9, seen=False)


def _working_day_before(day: date) -> date:
    before = day - timedelta(days=1)
    return before - timedelta(days=max(0, before.weekday() - SATURDAY + 1))


def grant(code: str, units: int, first: date, days: int) -> dict[str, Any]:
    """A payer's grant for so many days, and up to the Sunday after them."""
    last = first + timedelta(days=days)
    return {
        "code": code,
        "units": units,
        "first": first,
        "last": last + timedelta(days=SUNDAY - last.weekday()),
    }


def falling(start: tuple[int, int], by: int, floor: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Totals of PHQ-9 and GAD-7 that fall from week to week; the last ones stay."""
    phq9, gad7 = start
    while True:
        phq9, gad7 = max(phq9 - by, floor[0]), max(gad7 - by, floor[1])
        yield phq9, gad7
