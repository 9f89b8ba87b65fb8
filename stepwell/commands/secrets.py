"""`stepwell secrets`: make the files of secrets that containers are given."""

import secrets
from pathlib import Path
from typing import Annotated

import typer

from shared.settings import SERVICES
from stepwell.runtime import roles
from stepwell.runtime.kafka import LOGIN, PRINCIPALS, SCRAM_LOGIN
from stepwell.runtime.problem import Problem

SERVER = "postgres:5432"
"""The database server's name and port on the network that only the containers are on."""
CLEAR = "sslmode=disable"


def command(
    folder: Annotated[Path, typer.Argument(help="Made when it is missing.")] = Path("secrets"),
) -> None:
    """Write the secrets that `docker-compose.yml` names into a folder, each in a file of its own.

    Those that are there stay as they are. Passwords are made of letters, digits, - and _. Only the
    owner may open the folder; the files can be read by the users that containers run as.
    """
    made = Folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        _databases(made)
        _kafka(made)
        for service in SERVICES:
            made.password(f"client_secret_{service}")
        for name in ("keycloak_admin_password", "keycloak_operator", "grafana_admin_password"):
            made.password(name)
    except OSError as error:
        raise Problem(
            f"{error.filename} cannot be written or read ({error.strerror}): name another folder, "
            "or give this one to yourself."
        ) from None
    typer.echo(f"{made.written} secrets were new in {folder}.")


class Folder:
    """The files; `written` counts those that were not there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.written = 0

    def password(self, name: str) -> str:
        """The password in the file, made when there is none."""
        return self.keep(name, secrets.token_urlsafe(24))

    def keep(self, name: str, value: str) -> str:
        """What the file holds: `value` unless it was there before."""
        path = self._path / name
        if path.exists():
            return path.read_text()
        path.write_text(value)
        path.chmod(0o444)
        self.written += 1
        return value


def _databases(folder: Folder) -> None:
    admin = folder.password("postgres_password")
    folder.keep("database_admin_url", f"postgresql://postgres:{admin}@{SERVER}/postgres?{CLEAR}")
    for service in SERVICES:
        for name, role in (("database_url", roles.app), ("database_owner_url", roles.owner)):
            word = secrets.token_urlsafe(24)
            url = f"postgresql://{role(service)}:{word}@{SERVER}/{service}?{CLEAR}"
            folder.keep(f"{name}_{service}", url)


def _kafka(folder: Folder) -> None:
    """The passwords of all principals, and the broker's own file with all of them."""
    words = {name: folder.password(f"kafka_password_{name}") for name in PRINCIPALS}
    users = "\n    ".join(f'user_{name}="{word}"' for name, word in words.items())
    own = f'username="platform" password="{words["platform"]}"'
    login = f"  {LOGIN}\n    {own}\n    {users};\n"
    folder.keep(
        "kafka_logins",
        f"clients.KafkaServer {{\n{login}  {SCRAM_LOGIN};\n}};\n"
        f"controller.KafkaServer {{\n{login}}};\n",
    )
