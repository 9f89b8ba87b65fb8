"""Signing a determination: as recommended, or with another level and a reason."""

from uuid import UUID

from services.intake.level_of_care.policy import policies
from services.intake.level_of_care.queries import show_by_id
from services.intake.level_of_care.rules.policy import LevelOfCarePolicy
from services.intake.level_of_care.rules.signing import after, signs_below, unfit_signature
from services.intake.level_of_care.schemas import (
    Determination,
    DeterminationSignature,
    NewSecondSignature,
    NewSignature,
)
from services.intake.referrals.commands import advance
from services.intake.referrals.queries import lock
from shared.contracts.intake import LevelOfCareSigned
from shared.database import Transaction, insert, update
from shared.errors import Conflict, Invalid, require_version
from shared.messaging.outbox import publish


class CannotBeSigned(Conflict, title="Decision cannot be signed"):
    """The decision is signed already, or a newer one took its place."""


class PolicyChanged(Conflict, title="Policy was changed"):
    """The policy that the decision was made with is not in force any more."""


class UnfitSignature(Invalid, title="Signature does not fit the decision"):
    """The signature does not say one thing."""


class SecondSignerNeeded(Conflict, title="Another clinician has to sign"):
    """Whoever signed first cannot sign a second time."""


async def sign(
    tx: Transaction, determination_id: UUID, expected: int, new: NewSignature, *, signed_by: str
) -> Determination:
    """Accept the recommended level or override it; publishes LevelOfCareSigned when final.

    A level below the recommended one, and any level while an evaluation is open, waits for a second
    clinician.

    Raises:
        NotFound: no such decision.
        CannotBeSigned, PolicyChanged, StaleVersion: it is not the state that was read.
        UnfitSignature: with a pointer.
    """
    known = await lock(tx, show_by_id, determination_id)
    if after(known.state, "sign") is None:
        raise CannotBeSigned(f"This decision is {_spaced(known.state)}.")
    require_version(known.version, expected)
    policy = _policy_of(known)
    recommended = known.recommended_level
    wrong = unfit_signature(policy, recommended, new.final_level, new.override_reason, new.note)
    if wrong is not None:
        raise UnfitSignature(wrong.detail, pointer=f"/{wrong.field}")
    final = new.final_level or recommended or ""
    below = signs_below(policy, recommended, final)
    signature = DeterminationSignature(
        final_level=final,
        final_level_kind=policy.named(final).kind,
        override_reason=new.override_reason,
        note=new.note,
        signed_by=signed_by,
        signed_at=tx.now,
        second_note=None,
        second_signed_by=None,
        second_signed_at=None,
    )
    state = after(known.state, "sign_below" if below else "sign")
    row = {
        "determination_id": known.id,
        "client_id": known.client_id,
        "site_id": known.site_id,
        **signature.model_dump(),
    }
    await tx.execute(*update("determinations", {"state": state}, where={"id": known.id}))
    await tx.execute(*insert("level_of_care_signatures", row))
    signed = known.changed(state=state, signature=signature)
    if not below:
        await _tell(tx, signed, signature)
    return signed


async def sign_second(
    tx: Transaction,
    determination_id: UUID,
    expected: int,
    new: NewSecondSignature,
    *,
    signed_by: str,
) -> Determination:
    """Agree as another clinician; publishes LevelOfCareSigned.

    Raises:
        NotFound: no such decision.
        CannotBeSigned, StaleVersion: it does not wait for a second signature any more, or not yet.
        SecondSignerNeeded: the first signer tries to sign again.
    """
    known = await lock(tx, show_by_id, determination_id)
    state = after(known.state, "sign_second")
    if state is None or known.signature is None:
        raise CannotBeSigned(f"This decision is {_spaced(known.state)}: no second one is awaited.")
    require_version(known.version, expected)
    if known.signature.signed_by == signed_by:
        raise SecondSignerNeeded("You signed first: another clinical lead has to sign this level.")
    second = {
        "second_note": new.note,
        "second_signed_by": signed_by,
        "second_signed_at": tx.now,
    }
    of_it = {"determination_id": known.id}
    await tx.execute(*update("determinations", {"state": state}, where={"id": known.id}))
    await tx.execute(*update("level_of_care_signatures", second, where=of_it, versioned=False))
    signature = known.signature.model_copy(update=second)
    signed = known.changed(state=state, signature=signature)
    await _tell(tx, signed, signature)
    return signed


def _policy_of(known: Determination) -> LevelOfCarePolicy:
    policy = policies()[known.edition]
    if (policy.id, policy.version) != (known.policy.id, known.policy.version):
        raise PolicyChanged(
            "The decision was made with another version of the policy: determine the level anew."
        )
    return policy


async def _tell(tx: Transaction, signed: Determination, signature: DeterminationSignature) -> None:
    publish(
        tx,
        LevelOfCareSigned(
            client_id=signed.client_id,
            site_id=signed.site_id,
            determination_id=signed.id,
            recommended_level=signed.recommended_level,
            final_level=signature.final_level,
            final_level_kind=signature.final_level_kind,
            override_reason=signature.override_reason,
            second_signature=signature.second_signed_by is not None,
            signed_at=tx.now,
        ),
    )
    await advance(tx, signed.client_id, "assessed")


def _spaced(state: str) -> str:
    return state.replace("_", " ")
