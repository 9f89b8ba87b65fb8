"""After any merges and undos every read by client is that of a client who had all the histories."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from itertools import combinations

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.support.flow import SITE, Intake, opened
from tests.support.outcomes import opened as database_of
from tests.support.reads import OF_PERSON, TOGETHER
from tests.support.records import COHORT, CURRICULUM, SERVICES, STEPS, Records, compared, together
from tests.support.system import System

HOW_MANY = range(3)
GROUPS = [frozenset(some) for size in (2, 3) for some in combinations(HOW_MANY, size)]
"""Who may become one person."""
ALL = OF_PERSON | TOGETHER


@pytest.fixture
async def records(system: System) -> AsyncIterator[Records]:
    async with contextlib.AsyncExitStack() as stack:
        intake: Intake = await opened(system)
        databases = {}
        for one in SERVICES:
            if one.name != "intake":
                await system.start(one.name, roles=("api",))
            databases[one.name] = await stack.enter_async_context(database_of(system, one.name))
        await system.execute_as_owner(
            "scheduling",
            f"""SET stepwell.sites = '*';
            INSERT INTO sites (id, name, time_zone, opened_at)
            VALUES ('{SITE}', 'Clinic 01', 'America/Denver', '2026-02-01T14:00:00Z');
            INSERT INTO cohorts (id, site_id, name, track, capacity, dual_diagnosis_trained,
              created_at) VALUES ('{COHORT}', '{SITE}', 'Cohort 1', 'general', 8, false,
              '2026-02-01T14:00:00Z');
            INSERT INTO curricula (id, site_id, cohort_id, starts_on, weeks, slots, sessions,
              first_starts_at, last_ends_at, weekly_minutes, created_at) VALUES ('{CURRICULUM}',
              '{SITE}', '{COHORT}', '2026-02-02', 1, '[]', 1, '2026-02-02T14:00:00Z',
              '2026-02-02T17:00:00Z', 180, '2026-02-01T14:00:00Z')""",
        )
        yield Records(system, databases, intake)


histories = st.lists(
    st.tuples(st.sampled_from(HOW_MANY), st.sampled_from(sorted(STEPS))), min_size=3, max_size=7
)
changes = st.lists(
    st.one_of(
        st.tuples(st.just("merge"), st.sampled_from(HOW_MANY), st.sampled_from(HOW_MANY)),
        st.tuples(st.just("undo"), st.sampled_from(HOW_MANY), st.just(0)),
    ),
    min_size=1,
    max_size=5,
)


@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(
    history=[(n % 3, what) for n, what in enumerate([*sorted(STEPS), *sorted(STEPS)])],
    changes=[("merge", 0, 1), ("merge", 2, 0), ("merge", 2, 1), ("merge", 0, 2)],
)
@example(
    history=[(n % 2, what) for n, what in enumerate([*sorted(STEPS, reverse=True)] * 2)],
    changes=[("merge", 0, 1), ("undo", 1, 0), ("merge", 1, 0), ("merge", 1, 2)],
)
@given(history=histories, changes=changes)
async def test_reads_of_merged_records_are_those_of_one_client(records, history, changes):
    clients = [await records.intake.refer() for _ in HOW_MANY]
    twins = {group: await records.intake.refer() for group in GROUPS}
    names = [*clients, *twins.values()]
    for n, (who, what) in enumerate(history):
        records.later()
        same = [clients[who], *(twins[group] for group in GROUPS if who in group)]
        await asyncio.gather(*(STEPS[what](records, client, n) for client in same))
    await records.tell()
    before = await asyncio.gather(*(records.read(client, ALL) for client in clients))
    lead = records.caller("clinical_lead")
    merges: dict[int, tuple[int, str]] = {}

    async def undo(who: int) -> None:
        _, merge = merges.pop(who)
        path, body = f"/client-merges/{merge}/undo", {"reason": "Two people."}
        answer = await lead.post(path, body, etag='"1"')
        assert answer.status_code == 200, answer.text

    for change, one, other in changes:
        records.later()
        if change == "undo":
            if one in merges:
                await undo(one)
        else:
            body = {"survivor_id": clients[one], "merged_id": clients[other], "reason": "One."}
            answer = await lead.post("/client-merges", body)
            may = one != other and not {one, other} & set(merges)
            may = may and other not in {survivor for survivor, _ in merges.values()}
            assert (answer.status_code == 201) == may, answer.text
            if may:
                merges[other] = one, answer.json()["id"]
    await records.tell()
    for who, client in enumerate(clients):
        survivor = merges[who][0] if who in merges else who
        person = frozenset({survivor, *(m for m, (s, _) in merges.items() if s == survivor)})
        now = await records.read(client, ALL)
        lists = compared({route: now[route] for route in TOGETHER}, names)
        for route, entries in together([before[one] for one in person], names).items():
            assert lists[route] == entries, route
        if len(person) > 1:
            twin = await records.read(twins[person], OF_PERSON)
            found = compared(now, names)
            for route, shown in compared(twin, names).items():
                assert found[route] == shown, route
            await records.single(client, now)
        else:
            assert now == before[who]
    for who in list(merges):
        records.later()
        await undo(who)
    await records.tell()
    after = await asyncio.gather(*(records.read(client, ALL) for client in clients))
    assert after == before
