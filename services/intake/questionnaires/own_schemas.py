"""What who holds a link sends and is shown: items and their own answers, and nobody's name or id.

`client_id` and `site_id` are there for the note of who looked, and are never sent.
"""

from uuid import UUID

from pydantic import Field

from services.intake.questionnaires.rules.life import State
from services.intake.screening.schemas import GivenAnswer
from shared.web import Instant, Shown, Strict


class Choice(Shown):
    """A possible answer."""

    value: int = Field(examples=[0])
    label: str = Field(examples=["Not at all"])


class FormItem(Shown):
    """One question."""

    text: str = Field(examples=["Trouble falling or staying asleep, or sleeping too much"])
    as_list: bool = Field(description="So many choices that a list shows them.", examples=[False])
    choices: list[Choice]


class FormPart(Shown):
    """One instrument as it is asked."""

    instrument: str = Field(examples=["phq-9"])
    version: str = Field(examples=["1.0"])
    title: str = Field(examples=["Questions about your mood"])
    introduction: str | None = Field(examples=["Over the last 2 weeks, how often …?"])
    notice: str | None = Field(description="Copyright notice.", examples=[None])
    items: list[FormItem]


class Form(Shown):
    """A questionnaire as it is asked, without answers, for staff who ask."""

    questionnaire_id: UUID
    client_id: UUID
    site_id: UUID
    language: str = Field(examples=["en"])
    parts: list[FormPart]


class Crisis(Shown):
    """Whom to reach now."""

    text: str = Field(examples=["If you might hurt yourself, call or text 988 now."])
    number: str = Field(examples=["988"])
    call: str = Field(description="Label of the link that calls.", examples=["Call 988"])


class Hidden(Shown):
    """Whom an answer to a link is about; never sent."""

    client_id: UUID = Field(exclude=True)
    site_id: UUID = Field(exclude=True)


class OwnPart(FormPart):
    """One instrument as it is asked, with the answers so far."""

    answers: list[GivenAnswer] = Field(
        description="Null = not answered yet; `not_asked` = left out after the answers so far.",
        examples=[[1, 1, 2, None, None, None, None, None, None]],
    )


class OwnForm(Hidden):
    """A questionnaire as who answers it sees it."""

    language: str = Field(examples=["en"])
    expires_at: Instant
    parts: list[OwnPart]
    texts: dict[str, str] = Field(
        description="What the page says beside the items.", examples=[{"next": "Next"}]
    )
    texts_language: str = Field(description="Language of those.", examples=["en"])
    crisis: Crisis | None = Field(description="To be shown first, where it is not null.")
    version: int = Field(examples=[2])


class OwnAnswers(Strict):
    """All answers to one instrument so far; they take the place of those saved before."""

    answers: list[GivenAnswer] = Field(
        min_length=1,
        max_length=50,
        description="In the order of the items. Null = not answered yet, or left out.",
        examples=[[1, 1, 2, None, None, None, None, None, None]],
    )


class OwnSaved(Hidden):
    """What is kept of one instrument."""

    instrument: str = Field(examples=["phq-9"])
    answers: list[GivenAnswer] = Field(
        description="`not_asked` where these answers leave an item out.",
        examples=[[1, 1, 2, None, None, None, None, None, None]],
    )
    crisis: Crisis | None = Field(description="To be shown at once, where it is not null.")
    version: int = Field(examples=[3])


class OwnCompleted(Hidden):
    """The answers were handed in."""

    state: State = Field(examples=["completed"])
    crisis: Crisis | None = Field(description="To be shown first, where it is not null.")
    version: int = Field(examples=[4])


class Session(Hidden):
    """What the browser that opened a link goes on with; shown this once."""

    session: str = Field(
        description="Send it as `Authorization: Session …`.",
        examples=["EXAMPLE-7wY0bLk3o2mC1r5s9tQvXzA8dEfGhIjKl"],
    )
    ends_at: Instant = Field(description="At the latest; completion ends it too.")
