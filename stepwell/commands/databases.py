"""`stepwell databases`: create the databases and roles of the services on a server of your own."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

import asyncpg
import typer

from shared.settings import SERVICES
from stepwell.runtime import roles
from stepwell.runtime.environment import External
from stepwell.runtime.problem import CHECK_FAILED, WRONG_USE, Problem

ADMIN = "DATABASE_ADMIN_URL"
WITHIN_SECONDS = 20.0


def command() -> None:
    """Create what is missing: for each service a database, its owner and its application role.

    Reads DATABASE_ADMIN_URL, of somebody who may create roles and databases, and the passwords of
    the roles from DATABASE_URL_<SERVICE> and DATABASE_OWNER_URL_<SERVICE>. Each may be given as the
    name of a file with _FILE behind the variable. Done again it sets the passwords again.
    """
    admin = os.environ.get(ADMIN)
    if not admin:
        raise Problem(
            f"Set {ADMIN} to the server, such as postgresql://postgres:…@db:5432/postgres.",
            exit_code=WRONG_USE,
        )
    external = External.from_environment()
    passwords = {
        **_passwords("DATABASE_URL", external.databases, roles.app),
        **_passwords("DATABASE_OWNER_URL", external.owners, roles.owner),
    }
    try:
        asyncio.run(_create(admin, passwords))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Problem(
            f"The server that {ADMIN} names did not do what it was asked ({type(error).__name__}): "
            "check its address, and that the user may create roles and databases.",
            exit_code=CHECK_FAILED,
        ) from None
    typer.echo(f"In place: the databases {', '.join(SERVICES)} and their roles.")


async def _create(admin: str, passwords: Mapping[str, str]) -> None:
    await _answering(admin)
    await roles.create_roles(admin, passwords, alone=False)
    for service in SERVICES:
        await roles.create_database(admin, service)


async def _answering(admin: str) -> None:
    """Wait a while for a server that is not there yet; the last error is raised."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while True:
        try:
            connection = await asyncpg.connect(admin)
        except (OSError, asyncpg.CannotConnectNowError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.5)
        else:
            await connection.close()
            return


def _passwords(
    variable: str, urls: Mapping[str, str], role: Callable[[str], str]
) -> dict[str, str]:
    """The password of each service's role, from the URL that the service logs in with."""
    found = {}
    for service in SERVICES:
        parts = urlsplit(urls.get(service, ""))
        if parts.username != role(service) or not parts.password:
            raise Problem(
                f"Set {variable}_{service.upper()} to the URL of the role {role(service)} with its "
                f"password, such as postgresql://{role(service)}:…@db:5432/{service}.",
                exit_code=WRONG_USE,
            )
        found[role(service)] = unquote(parts.password)
    return found
