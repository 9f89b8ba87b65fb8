"""Why something about a questionnaire cannot be done."""

from shared.errors import Conflict, Invalid


class UnknownInstrument(Invalid):
    """The instrument is not known in that version."""


class AssignedTwice(Invalid, title="Instrument assigned twice"):
    """A questionnaire has an instrument once."""


class NotForOccasion(Invalid, title="Instrument not for this occasion"):
    """The instrument looks too far back to be used in the course of treatment."""


class QuestionnaireOver(Conflict, title="Questionnaire is over"):
    """It is completed, expired or withdrawn."""


class AnsweredOtherwise(Conflict, title="Answered otherwise"):
    """All its instruments were answered with staff since it was assigned."""


class NothingAnswered(Conflict):
    """A screening has at least one answer."""


class InstrumentReplaced(Conflict):
    """The instrument's data were taken away since it was assigned."""


class WordingMissing(Conflict):
    """Neither we nor the site have a complete wording in the language: the form is not shown."""


class WordingIncomplete(Invalid):
    """A form of this wording could not be answered."""


class NotAsked(Invalid, title="Item is not asked"):
    """These answers leave the item out."""
