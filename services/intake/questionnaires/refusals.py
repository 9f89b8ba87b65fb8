"""Why something about a questionnaire cannot be done."""

from shared.errors import Conflict, Invalid


class UnknownInstrument(Invalid):
    """The instrument is not known in that version."""


class AssignedTwice(Invalid):
    """A questionnaire has an instrument once."""

    title = "Instrument assigned twice"


class NotForOccasion(Invalid):
    """The instrument looks too far back to be used in the course of treatment."""

    title = "Instrument not for this occasion"


class QuestionnaireOver(Conflict):
    """It is completed, expired or withdrawn."""

    title = "Questionnaire is over"


class AnsweredOtherwise(Conflict):
    """All its instruments were answered with staff since it was assigned."""

    title = "Answered otherwise"


class NothingAnswered(Conflict):
    """A screening has at least one answer."""


class InstrumentReplaced(Conflict):
    """The instrument's data were taken away since it was assigned."""


class WordingMissing(Conflict):
    """Neither we nor the site have a complete wording in the language: the form is not shown."""


class WordingIncomplete(Invalid):
    """A form of this wording could not be answered."""


class NotAsked(Invalid):
    """These answers leave the item out."""

    title = "Item is not asked"
