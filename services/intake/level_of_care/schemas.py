"""What requests and answers about levels of care look like."""

from typing import Literal
from uuid import UUID

from pydantic import Field, StrictInt

from services.intake.level_of_care.rules.signing import Reason, State
from services.intake.referrals.values import ClinicalNote as Note
from shared.contracts.base import Criterion, PolicyReference
from shared.web import Instant, Shown, Strict


class Rating(Strict):
    """How much a dimension asks for, and what that rests on."""

    rating: StrictInt = Field(
        ge=0, le=9, description="0 asks for nothing; most policies go up to 4.", examples=[2]
    )
    evidence: Note = Field(
        description="What was seen, heard or measured; stays in intake.",
        examples=["Two returns to use in the last month; wants to keep the job."],
    )


class NewDetermination(Strict):
    """A clinician's ratings."""

    edition: Literal["3", "4"] = Field(
        description="Edition of the dimensions: the same number means another thing in the other.",
        examples=["3"],
    )
    ratings: dict[str, Rating] = Field(
        max_length=20,
        description="Every dimension of the edition, by number.",
        examples=[
            {
                str(number): {"rating": rating, "evidence": "As told in the interview."}
                for number, rating in enumerate((0, 0, 1, 2, 2, 1), 1)
            }
        ],
    )

    @property
    def numbers(self) -> dict[str, int]:
        """The ratings without their evidence."""
        return {number: rated.rating for number, rated in self.ratings.items()}


class ShownRating(Shown):
    """A rating as it was given."""

    rating: int = Field(examples=[2])
    evidence: str | None = Field(
        description="Null in decisions from before evidence was asked for.",
        examples=["Two returns to use in the last month."],
    )


class FiredRule(Shown):
    """A rule of the policy that fired, with what went in and what came out."""

    rule: str = Field(examples=["least_level"])
    inputs: dict[str, str] = Field(examples=[{"dimension 5": "9 or more hours a week"}])
    outcome: str = Field(examples=["2.1 is the least level that offers 9 or more hours a week"])


class OtherOutcome(Shown):
    """A rating of one dimension with which the outcome would be another; nothing nearer would do.

    The nearest of the lower and the nearest of the higher ratings are listed.
    """

    dimension: str = Field(examples=["6"])
    rating: int = Field(examples=[4])
    status: Literal["determined", "needs_evaluation"] = Field(examples=["determined"])
    level: str | None = Field(examples=["3.1"])


class ShownComparableOutcomes(Shown):
    """That outcomes are comparable to residential treatment, never without for whom."""

    statement: str = Field(examples=["Outcomes are comparable to those of residential treatment."])
    condition: str = Field(examples=["This holds for clients with minimal risk."])
    source: str = Field(examples=["SAMHSA Advisory 2021"])


class DeterminationSignature(Shown):
    """What was signed, and by whom."""

    final_level: str = Field(examples=["2.1"])
    final_level_kind: str = Field(
        description="The level in a word that does not depend on the edition.",
        examples=["intensive_outpatient"],
    )
    override_reason: Reason | None = Field(examples=[None])
    note: str | None = Field(examples=[None])
    signed_by: str = Field(description="Subject of the first signer.", examples=["counselor-3"])
    signed_at: Instant
    second_note: str | None = Field(examples=[None])
    second_signed_by: str | None = Field(examples=[None])
    second_signed_at: Instant | None


class Determination(Shown):
    """A decision on the level of care, and why."""

    id: UUID
    client_id: UUID
    site_id: UUID
    screening_id: UUID = Field(description="The latest intake screening it rests on.")
    edition: str = Field(examples=["3"])
    ratings: dict[str, ShownRating]
    status: Literal["determined", "needs_evaluation"] = Field(examples=["determined"])
    recommended_level: str | None = Field(examples=["2.1"])
    least_level: str | None = Field(
        description="What the dimensions that need no evaluation ask for; null in old decisions.",
        examples=["2.1"],
    )
    dual_diagnosis: bool = Field(description="Needs a program for co-occurring disorders.")
    criteria: list[Criterion] = Field(description="What was asked for and found, one by one.")
    rules: list[FiredRule] = Field(description="Every rule that fired, with its inputs.")
    deciding: list[str] = Field(
        description="The dimensions that keep the level from being lower.", examples=[["4", "5"]]
    )
    would_change: list[OtherOutcome]
    comparable_to_residential: ShownComparableOutcomes | None = Field(
        description="With its condition, and only where the ratings meet it."
    )
    policy: PolicyReference
    determined_at: Instant
    state: State = Field(examples=["determined"])
    signature: DeterminationSignature | None
    version: int = Field(description="The ETag.", examples=[1])


class NewSignature(Strict):
    """The level that the clinician and the client agree on."""

    final_level: str | None = Field(
        None, max_length=60, description="Null for the recommended level.", examples=[None]
    )
    override_reason: Reason | None = Field(
        None, description="Why another level than the recommended one.", examples=[None]
    )
    note: Note | None = Field(
        None, description="Needed for a clinical judgement; stays in intake.", examples=[None]
    )


class NewSecondSignature(Strict):
    """Another clinician's agreement to a level below the recommended one."""

    note: Note | None = Field(None, description="Stays in intake.", examples=[None])


class Moved(Shown):
    """A past case that would come to another level. Null levels need an evaluation first."""

    client_id: UUID
    site_id: UUID
    determination_id: UUID
    determined_at: Instant
    level_then: str | None = Field(examples=["2.1"])
    level_now: str | None = Field(examples=["2.5"])
    deciding: list[str] = Field(description="The dimensions that decide now.", examples=[["3"]])


class ReplayPage(Shown):
    """What a policy would change in a part of the past cases."""

    total: int | None = Field(
        description="Cases in all parts; told with the first one.", examples=[120]
    )
    replayed: int = Field(description="Cases of this part.", examples=[50])
    stays: int = Field(description="Those that come to the same.", examples=[48])
    undecidable: int = Field(
        description="Those of another edition, or with ratings that the policy does not know.",
        examples=[0],
    )
    items: list[Moved] = Field(description="Those that would move.")
    next: str | None = Field(description="As `cursor` for the next part.", examples=[None])
