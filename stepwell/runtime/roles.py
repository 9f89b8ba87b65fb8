"""Databases and roles: every service has a database of its own that no other service can open.

The owner role runs migrations. The application role reads and writes rows, makes nothing, and
row-level security applies to it (and to the owner, as the tables force it).
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

import asyncpg

from shared.settings import SERVICES


def owner(service: str) -> str:
    return f"{service}_owner"


def app(service: str) -> str:
    return f"{service}_app"


ROLE_NAMES = tuple(role(service) for service in SERVICES for role in (owner, app))

ROLE_MADE = (
    "CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;\n"
)

ROLE = f"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{{role}}') THEN
    {ROLE_MADE}  END IF;
END $$;
ALTER ROLE {{role}} PASSWORD '{{password}}';
"""

IN_DATABASE = """
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER SCHEMA public OWNER TO {owner};
GRANT USAGE ON SCHEMA public TO {app};
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE ON SCHEMAS TO {app};
ALTER DEFAULT PRIVILEGES FOR ROLE {owner}
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app};
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE, SELECT ON SEQUENCES TO {app};
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT EXECUTE ON FUNCTIONS TO {app};
"""

CLOSED = """
REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {owner};
GRANT CONNECT ON DATABASE {database} TO {app};
"""


async def create_roles(admin_url: str, passwords: Mapping[str, str], *, alone: bool = True) -> None:
    """Create the two roles of every service; `passwords` maps the name of a role to its password.

    Existing roles get the password again, so that a restored folder of secrets wins. Where the
    server is ours `alone`, its common databases are closed to all roles.
    """
    quoted = {role: passwords[role].replace("'", "''") for role in ROLE_NAMES}
    statements = [ROLE.format(role=role, password=word) for role, word in quoted.items()]
    if alone:
        statements.append("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;")
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute("".join(statements))
    finally:
        await connection.close()


async def create_database(admin_url: str, service: str, database: str | None = None) -> None:
    """Create the database of a service with its privileges, unless it exists.

    `database` is the service's name unless another is given. The name is trusted, not user input.
    """
    name = database or service
    connection = await asyncpg.connect(admin_url)
    try:
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            return
        draft = f"{name}_draft"
        await connection.execute(f"DROP DATABASE IF EXISTS {draft}")
        await connection.execute(f"CREATE DATABASE {draft} OWNER {owner(service)}")
        await close_database(connection, service, draft)
        inside = await asyncpg.connect(_with_database(admin_url, draft))
        try:
            await inside.execute(IN_DATABASE.format(owner=owner(service), app=app(service)))
        finally:
            await inside.close()
        await connection.execute(f"ALTER DATABASE {draft} RENAME TO {name}")
    finally:
        await connection.close()


async def copy_database(admin_url: str, service: str, template: str, database: str) -> None:
    """Create `database` as a copy of `template`, which nobody may be connected to; for tests."""
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute(
            f"CREATE DATABASE {database} TEMPLATE {template} OWNER {owner(service)}"
        )
        await close_database(connection, service, database)
    finally:
        await connection.close()


async def close_database(connection: asyncpg.Connection, service: str, database: str) -> None:
    """Let only the two roles of the service open the database."""
    await connection.execute(
        CLOSED.format(database=database, owner=owner(service), app=app(service))
    )


def _with_database(url: str, database: str) -> str:
    return urlsplit(url)._replace(path=f"/{database}").geturl()
