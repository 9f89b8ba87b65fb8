"""What requests and answers about duplicates look like."""

from datetime import date
from uuid import UUID

from pydantic import Field

from services.intake.matching.rules import ReasonKind
from services.intake.referrals.schemas import Named
from services.intake.referrals.values import Note, Phone
from shared.web import Instant, Shown, Strict

AN_ID = "01a20e20-97d3-779f-8fac-673dd9f7f455"
ANOTHER_ID = "01a20e20-97d3-779f-8fac-673dd9f7f456"


class PersonSought(Named):
    """Somebody who may be a client already, by one name or two."""

    birth_date: date | None = Field(
        None, description="Date of birth, if known.", examples=["1988-04-17"]
    )
    phone: Phone | None = Field(
        None, description="E.164 number, if known.", examples=["+13035550100"]
    )


class ClientSearch(Strict):
    """A search before somebody is entered."""

    person: PersonSought = Field(description="Who is looked for.")


class MatchReason(Shown):
    """What speaks for two people being one, or against it."""

    kind: ReasonKind = Field(examples=["family_name_alike"])
    likeness: float | None = Field(description="0 to 1, where it is not all or nothing.")
    words: str = Field(examples=["family name alike 0.93"])


class LikelyDuplicate(Shown):
    """A client who is likely the same person."""

    client_id: UUID
    site_id: UUID
    given_name: str | None
    family_name: str | None
    birth_date: date
    found_by: UUID | None = Field(
        description="The merged client whose data are alike; null for the client's own."
    )
    score: float = Field(description="0 to 1.", examples=[0.93])
    reasons: list[MatchReason]


class LikelyDuplicates(Shown):
    """The clients who are likely the same person, the likeliest first."""

    matching_version: int = Field(description="Of the matching data.", examples=[1])
    threshold: float = Field(description="Who scores less is not shown.", examples=[0.8])
    items: list[LikelyDuplicate]


class NewMerge(Strict):
    """The finding that two clients are one person."""

    survivor_id: UUID = Field(description="The client that goes on.", examples=[AN_ID])
    merged_id: UUID = Field(description="The client that is given up.", examples=[ANOTHER_ID])
    reason: Note = Field(description="How it was found out.", examples=["Same papers shown."])


class MergeUndo(Strict):
    """The finding that a merge was a mistake."""

    reason: Note = Field(description="How it was found out.", examples=["Two siblings."])


class MergedOne(Shown):
    """One of the two clients."""

    client_id: UUID
    site_id: UUID


class Merge(Shown):
    """Two clients that were found to be one person."""

    id: UUID
    survivor: MergedOne
    merged: MergedOne
    reason: str
    merged_by: str
    merged_at: Instant
    undone_because: str | None
    undone_by: str | None
    undone_at: Instant | None
    version: int = Field(description="The ETag.", examples=[1])


class NewDistinction(Strict):
    """The finding that two clients who look alike are two people."""

    client_id: UUID = Field(description="One of them.", examples=[AN_ID])
    other_id: UUID = Field(description="The other one.", examples=[ANOTHER_ID])
    reason: Note | None = Field(None, description="How it was found out.", examples=["Twins."])


class Distinction(Shown):
    """Two clients who are no longer shown as likely duplicates of each other."""

    id: UUID
    one: MergedOne
    other: MergedOne
    reason: str | None
    decided_by: str
    decided_at: Instant
