"""Sessions get rooms and staff, are moved, added and given to others; nobody is taken twice."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from services.scheduling.bookings.commands import Busy
from services.scheduling.sessions.assigning import Assignment, assign
from shared.contracts.scheduling import SessionScheduled
from shared.database import ALL_SITES
from tests.support.scheduling import Clinic, Enrolled, open_clinic
from tests.support.system import System


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


async def test_a_session_gets_room_and_staff_and_whoever_is_expected_is_told_once(
    clinic: Clinic,
) -> None:
    site = await clinic.site()
    one, other = [await clinic.cohort(site, name) for name in ("One", "Other")]
    for cohort in (one, other):
        await clinic.curriculum(cohort, weeks=1)
    ana = Enrolled("ana", site)
    await clinic.tell(ana.enrolment)
    placed = [e for e in await clinic.published() if isinstance(e, SessionScheduled)]
    (mine,) = placed
    theirs = one if mine.cohort_id == other else other
    (elsewhere,) = await clinic.sessions(theirs)
    room, therapist, helper = uuid4(), uuid4(), uuid4()
    async with clinic.database.transaction(ALL_SITES) as tx:
        await assign(tx, [Assignment(mine.session_id, room, therapist, (helper,))])
    told = [e for e in await clinic.published() if isinstance(e, SessionScheduled)]
    assert [(e.room_id, e.facilitator_id, e.cofacilitator_ids) for e in told] == [
        (None, None, []),
        (room, therapist, [helper]),
    ]
    with pytest.raises(Busy) as busy:
        async with clinic.database.transaction(ALL_SITES) as tx:
            await assign(tx, [Assignment(UUID(elsewhere["id"]), None, helper)])
    assert [(t.resource_id, t.kind, t.taken_for) for t in busy.value.taken] == [
        (helper, "facilitator", mine.session_id)
    ]
    assert f"session {mine.session_id}" in busy.value.detail
