"""What is asked of rules that are tried out, and what they would do."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.notifications.delivery.vocabulary import Kind
from services.notifications.texts.policy import SAMPLE, Language
from shared.contracts.intake import Token
from shared.web import Instant, Shown, Strict

Draft = Annotated[
    dict[str, Any],
    Field(description="A rule or template that is not in force, as its file would hold it."),
]


class RuleTrial(Strict):
    """A rule to try out at a site: one in force by name, or a draft."""

    site_id: UUID
    rule: Token | None = Field(default=None, examples=["session_reminder"])
    draft: Draft | None = Field(default=None, examples=[None])
    events: list[dict[str, Any]] = Field(
        default_factory=list,
        max_length=100,
        description="Data of events that would start it; without any it is tried out on what is "
        "planned at the site by the rule in force.",
    )
    days: int = Field(
        default=7, ge=1, le=31, description="How far ahead to look at what is planned."
    )

    @model_validator(mode="after")
    def names_one_rule(self) -> Self:
        if self.rule is None and self.draft is None:
            raise ValueError("Name a rule, or send a draft.")
        return self


class WouldSend(Shown):
    """What a rule would do about one client: whom it would tell what, when, and why not."""

    client_id: UUID
    about: UUID = Field(description="The session, offer or whatever else it is about.")
    kind: Kind
    to: Literal["client", "staff"]
    due_at: Instant
    expires_at: Instant
    outcome: Literal["send", "wait", "not_sent", "task"] = Field(
        description="By what is known now, at `due_at`.", examples=["send"]
    )
    because: str | None = Field(
        description="Why it is not sent or waits: a rule of the consent, a failure, or where the "
        "stay stands.",
        examples=["no_consent"],
    )
    channel: str | None = Field(examples=["email"])
    language: Language | None
    fell_back: bool = Field(description="The client reads a language in which nothing is written.")
    text: str | None = Field(examples=["You have an appointment Tue 5:30 PM."])


class RulePreview(Shown):
    """What a rule would do; nothing was planned or sent."""

    site_id: UUID
    rule: str | None
    tried_on: int = Field(description="How many occasions it was tried out on.", examples=[12])
    messages: list[WouldSend]


class RuleInForce(Shown):
    """A rule in force at a site, as its file holds it."""

    name: str = Field(examples=["session_reminder"])
    version: str = Field(examples=["2"])
    rule: dict[str, Any]


class RulesInForce(Shown):
    """The rules in force at a site."""

    site_id: UUID
    rules: list[RuleInForce]


class TemplateTrial(Strict):
    """A template to look at: one in force by name, or a draft; filled with sample data."""

    site_id: UUID
    template: Token | None = Field(default=None, examples=["session_reminder"])
    draft: Draft | None = Field(default=None, examples=[None])
    language: str = Field(default="en", max_length=35, examples=["es"])
    channel: Literal["email", "sms", "voice"] = "email"
    values: dict[str, Annotated[str, Field(max_length=200)]] = Field(
        default_factory=lambda: dict(SAMPLE), description="In place of the sample data."
    )

    @model_validator(mode="after")
    def names_one_template(self) -> Self:
        if self.template is None and self.draft is None:
            raise ValueError("Name a template, or send a draft.")
        return self


class TemplatePreview(Shown):
    """A message as it would arrive."""

    version: str
    language: Language
    fell_back: bool
    subject: str
    body: str
    html: str | None
    encoding: Literal["GSM-7", "UCS-2"]
    segments: int = Field(description="How many text messages it costs.", examples=[1])
