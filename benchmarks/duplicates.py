"""The search for likely duplicates among 200,000 people, by the query that the API runs.

The people are made up: names of syllables, spread as names are, with a few very common ones; every
tenth shares a birth date of 1 January or a phone number with many others. Half of the searches are
for people who are there and were written down with a slip; whether they are found is a row too.
Then they are looked for by their names alone, one of which has a slip in it.
"""

import random
import string
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from benchmarks.ground import Ground, connection, ground
from benchmarks.measure import Row, percentile
from services.intake.duplicates.queries import search_clients
from services.intake.duplicates.schemas import PersonSought
from services.intake.matching.keys import Person, day_and_month_swapped, keys_of
from services.intake.matching.policy import matching
from shared.database import Database
from stepwell.runtime.disposable import Stack

PEOPLE = 200_000
SEARCHES = 300
WARM_UP = 30
GOAL_MS = 20.0
FOUND_GOAL = 0.98
NAME_GOAL_MS = 20.0
SITES = tuple(UUID(int=number) for number in range(1, 6))
FAMILY_NAMES, GIVEN_NAMES = 20_000, 2_000
COMMONNESS = 0.75
"""The exponent of Zipf's law; the commonest name is that of about one in fifty."""
OLDEST, YOUNGEST = date(1940, 1, 1), date(2008, 1, 1)
ENTERED = datetime(2026, 1, 5, tzinfo=UTC)
SHARED_PHONES = 40


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who is there."""

    id: UUID
    person: Person


async def run(stack: Stack) -> list[Row]:
    """Milliseconds a search, one after the other, and the share of those who were found again."""
    at = await ground(stack, "intake")
    chance = random.Random(2026)
    people = list(made_up(chance))
    await load(at, people)
    database = Database(at.database_url, size=1)
    await database.open()
    times: list[float] = []
    found: list[bool] = []
    by_name: list[float] = []
    try:
        for number in range(WARM_UP + SEARCHES):
            known = chance.choice(people) if number % 2 else None
            sought = next(made_up(chance, 1)).person if known is None else slipped(known, chance)
            took, shown = await search(database, sought)
            if number < WARM_UP:
                continue
            times.append(took)
            if known is not None:
                found.append(known.id in shown)
        for _ in range(SEARCHES):
            took, _ = await search(database, by_name_alone(chance.choice(people), chance))
            by_name.append(took)
    finally:
        await database.close()
    share = sum(found) / len(found)
    return [
        Row("duplicate search p50", round(percentile(times, 0.5), 3), "ms", None, None, GOAL_MS,
            "lower"),
        Row("duplicates found in spite of a slip", round(share, 3), "of all", None, None,
            FOUND_GOAL, "higher"),
        Row("search by name alone p50", round(percentile(by_name, 0.5), 3), "ms", None, None,
            NAME_GOAL_MS, "lower"),
    ]  # fmt: skip


async def search(database: Database, sought: Person) -> tuple[float, set[UUID]]:
    """How many milliseconds a search took, and who was shown."""
    asked = PersonSought.model_construct(
        given_name=sought.given_name,
        family_name=sought.family_name,
        birth_date=sought.birth_date,
        phone=sought.phone,
    )
    started = time.perf_counter()
    async with database.transaction(frozenset(SITES)) as tx:
        answer = await search_clients(tx, asked)
    took = time.perf_counter() - started
    return took * 1_000, {one.client_id for one in answer.items}


def made_up(chance: random.Random, count: int = PEOPLE) -> Iterator[Known]:
    """People, the same ones in every run."""
    family, given = names(FAMILY_NAMES, seed=1), names(GIVEN_NAMES, seed=2)
    families = chance.choices(family, spread(FAMILY_NAMES), k=count)
    givens = chance.choices(given, spread(GIVEN_NAMES), k=count)
    days = (YOUNGEST - OLDEST).days
    for number in range(count):
        born = OLDEST + timedelta(days=chance.randrange(days))
        if chance.random() < 0.02:
            born = born.replace(month=1, day=1)
        shared = chance.random() < 0.08
        phone = chance.randrange(SHARED_PHONES) if shared else chance.randrange(10**7)
        yield Known(
            UUID(int=(number + 1) << 8 | chance.randrange(256)),
            Person(givens[number], families[number], born, f"+1303{phone:07d}"),
        )


def names(count: int, *, seed: int) -> list[str]:
    """Different names that can be spoken."""
    chance = random.Random(seed)
    starts = [*"bcdfghjklmnprstvw", "br", "ch", "cl", "gr", "kr", "sh", "st", "th", "tr"]
    made: set[str] = set()
    while len(made) < count:
        syllables = [
            chance.choice(starts) + chance.choice("aeiou") + chance.choice(["", "", "n", "r", "l"])
            for _ in range(chance.choice((2, 2, 3, 3)))
        ]
        made.add("".join(syllables).capitalize())
    return sorted(made, key=lambda name: chance.random())


def spread(count: int) -> list[float]:
    """How common the names are, the commonest first."""
    return [1 / rank**COMMONNESS for rank in range(1, count + 1)]


def slipped(known: Known, chance: random.Random) -> Person:
    """Somebody as they are written down with one slip."""
    person = known.person
    assert person.birth_date is not None
    assert person.given_name is not None
    assert person.family_name is not None
    given, family, born, phone = (
        person.given_name, person.family_name, person.birth_date, person.phone,
    )  # fmt: skip
    kind = chance.randrange(6)
    if kind == 0:
        born = day_and_month_swapped(born) or born
    elif kind == 1:
        given, family = family, given
    elif kind == 2:
        place = chance.randrange(1, len(family))
        family = family[:place] + chance.choice(string.ascii_lowercase) + family[place + 1 :]
    elif kind == 3:
        born = date(born.year + chance.choice((-1, 1, 10)), born.month, min(born.day, 28))
    elif kind == 4:
        phone = None
    else:
        family = f"{family}-{chance.choice(names(50, seed=3))}"
    return Person(given, family, born, phone)


def by_name_alone(known: Known, chance: random.Random) -> Person:
    """Somebody by a name with one slip in it, without a birth date and a phone number."""
    given, family = known.person.given_name, known.person.family_name
    assert given is not None
    assert family is not None
    place = chance.randrange(len(family))
    letter = chance.choice(string.ascii_lowercase)
    return Person(given, family[:place] + letter + family[place + 1 :], None, None)


async def load(at: Ground, people: list[Known]) -> None:
    """Enter all of them with their keys, past the API."""
    data = matching()

    def site(number: int) -> UUID:
        return SITES[number % len(SITES)]

    url = at.stack.postgres.url(database=at.database)
    async with connection(url) as own:
        await own.copy_records_to_table(
            "clients",
            columns=["id", "site_id", "given_name", "family_name", "birth_date", "gender",
                     "sex_at_birth", "created_at", "keys_version"],
            records=(
                (one.id, site(n), one.person.given_name, one.person.family_name,
                 one.person.birth_date, "undisclosed", "unknown", ENTERED, data.version)
                for n, one in enumerate(people)
            ),
        )  # fmt: skip
        await own.copy_records_to_table(
            "contacts",
            columns=["client_id", "site_id", "channel", "phone", "changed_at"],
            records=(
                (one.id, site(n), "log", one.person.phone, ENTERED) for n, one in enumerate(people)
            ),
        )
        await own.copy_records_to_table(
            "match_keys",
            columns=["client_id", "key", "site_id"],
            records=(
                (one.id, key, site(n))
                for n, one in enumerate(people)
                for key in keys_of(one.person, data)
            ),
        )
        await own.execute("VACUUM ANALYZE clients, contacts, match_keys")
