"""What cannot be stated, with a pointer at it."""

from collections.abc import Container, Sequence
from datetime import date

from services.intake.preferences.policy import vocabulary
from services.intake.preferences.rules import first_backward
from services.intake.preferences.schemas import StatedPreferences, WeeklyTime
from shared.errors import Invalid
from shared.weekly import first_overlapping


class SlotEndsBeforeStart(Invalid, title="A time ends before it starts"):
    """A time of the week ends after its start, on the same day."""


class SlotsOverlap(Invalid, title="Times overlap"):
    """Two times of the week have a part in common."""


class UnknownPreference(Invalid, title="Unknown word"):
    """The word is none of the vocabulary, or is there twice."""


class CourtDatePassed(Invalid, title="Date has passed"):
    """The next date at court does not lie in the past."""


def check_times(times: Sequence[WeeklyTime], at: str) -> None:
    """Refuse weekly times that run backwards or overlap; `at` points at their list.

    Raises:
        SlotEndsBeforeStart, SlotsOverlap: with a pointer.
    """
    slots = [one.slot for one in times]
    if (n := first_backward(slots)) is not None:
        raise SlotEndsBeforeStart(
            "Let it end after its start on the same day, at 24:00 at the latest, and begin anew on "
            "the next day.",
            pointer=f"{at}/{n}/ends_at",
        )
    if (n := first_overlapping(slots)) is not None:
        raise SlotsOverlap("It begins before another time of that day ends.", pointer=f"{at}/{n}")


def check_words(words: Sequence[str], known: Container[str], at: str) -> None:
    """Refuse words that are not known, or there twice; `at` points at their list.

    Raises:
        UnknownPreference: with a pointer.
    """
    for n, word in enumerate(words):
        if word not in known or word in words[:n]:
            raise UnknownPreference(
                "Use each word of the vocabulary once at most.", pointer=f"{at}/{n}"
            )


def check(stated: StatedPreferences, today: date) -> None:
    """Refuse what cannot be.

    Raises:
        SlotEndsBeforeStart, SlotsOverlap, UnknownPreference, CourtDatePassed: with a pointer.
    """
    words = vocabulary()
    check_times(stated.available, "/available")
    check_words(stated.constraints, words.constraints, "/constraints")
    if stated.transport not in words.transport:
        raise UnknownPreference("Use a word of the vocabulary.", pointer="/transport")
    check_words(stated.accommodations.needs, words.accommodations, "/accommodations/needs")
    if stated.court is not None:
        check_words(stated.court.reports_to, words.reports_to, "/court/reports_to")
        if stated.court.next_date is not None and stated.court.next_date < today:
            raise CourtDatePassed("The next date has passed.", pointer="/court/next_date")
