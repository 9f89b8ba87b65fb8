"""Subscribers are told how many seats a cohort has."""

from collections.abc import AsyncIterator

import pytest

from tests.support.scheduling import Clinic, open_clinic
from tests.support.system import System

TOLD = """
SELECT (convert_from(payload, 'UTF8')::jsonb ->> 'capacity')::integer AS capacity
FROM platform.journal WHERE type LIKE '%CohortChanged%' ORDER BY sequence
"""


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


async def capacities(clinic: Clinic) -> list[int]:
    return [row["capacity"] for row in await clinic.system.fetch("scheduling", TOLD)]


async def test_seats_are_told_when_a_cohort_is_opened_and_with_each_change(clinic: Clinic) -> None:
    site = await clinic.site()
    cohort = await clinic.cohort(site, capacity=7)
    known = (await clinic.regional.get(f"/cohorts/{cohort}")).json()
    kept = ("name", "track", "gender_group", "dual_diagnosis_trained", "eligibility", "phases")
    changed = {**{name: known[name] for name in kept}, "capacity": 9}
    answer = await clinic.regional.put(f"/cohorts/{cohort}", changed, etag='"1"')
    assert answer.status_code == 200, answer.text
    assert await capacities(clinic) == [7, 9]
