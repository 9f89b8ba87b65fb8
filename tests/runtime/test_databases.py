"""`stepwell databases` prepares a server of one's own, and prepares it again without harm."""

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest

from shared.settings import SERVICES
from stepwell.commands.databases import command
from stepwell.runtime import roles
from stepwell.runtime.disposable import free_ports
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
