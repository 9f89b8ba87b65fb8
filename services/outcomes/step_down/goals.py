"""Setting and closing the goals of a stay."""

from uuid import UUID

from services.outcomes.engagement.commands import lock_records
from services.outcomes.episodes.queries import present_stay
from services.outcomes.episodes.schemas import OfStay
from services.outcomes.step_down.commands import evaluate_clients
from services.outcomes.step_down.queries import show_goal
from services.outcomes.step_down.schemas import Goal, GoalOutcome, NewGoal
from shared.database import Transaction, insert, unless_taken, update
from shared.errors import Conflict, require_version
from shared.ids import new_id


class GoalIsOpen(Conflict):
    """The same goal of the stay is open already."""


class GoalIsClosed(Conflict):
    """Somebody said before what became of it."""


async def set_goal(tx: Transaction, client_id: UUID, new: NewGoal, *, by: str) -> Goal:
    """Set a goal of the stay that goes on; what is recommended follows from it at once.

    Raises:
        NotFound: the client is not in the program, or at no site of the caller.
        GoalIsOpen: it is set already.
    """
    await lock_records(tx, [client_id])
    stay = await present_stay(tx, client_id)
    row = {name: stay[name] for name in OfStay.model_fields}
    row |= {"id": new_id(), **dict(new), "state": "open", "set_by": by, "set_at": tx.now}
    with unless_taken(GoalIsOpen("Close the one that is open first.", pointer="/goal")):
        await tx.execute(*insert("goals", row))
    await evaluate_clients(tx, [stay["client_id"]])
    return Goal(**row, closed_by=None, closed_at=None, version=1)


async def close_goal(
    tx: Transaction, goal_id: UUID, expected: int, new: GoalOutcome, *, by: str
) -> Goal:
    """Say what became of a goal; what is recommended follows from it at once.

    Raises:
        NotFound, StaleVersion: as ever.
        GoalIsClosed: it is not open any more.
    """
    known = await show_goal(tx, goal_id)
    await lock_records(tx, [known.client_id])
    known = await show_goal(tx, goal_id, lock=True)
    require_version(known.version, expected)
    if known.state != "open":
        raise GoalIsClosed(f"This goal is {known.state}.")
    changes = {"state": new.state, "closed_by": by, "closed_at": tx.now}
    await tx.execute(*update("goals", changes, where={"id": goal_id}))
    await evaluate_clients(tx, [known.client_id])
    return known.changed(**changes)
