"""`stepwell identity`: the realm of a Keycloak of one's own."""

import os
from pathlib import Path
from typing import Annotated

import typer

from stepwell.keycloak import realm
from stepwell.keycloak.admin import Admin
from stepwell.keycloak.apply import apply as bring_in_line
from stepwell.runtime.problem import WRONG_USE, Problem

app = typer.Typer(no_args_is_help=True)

CLIENT = "stepwell-operator"
SECRET_FILE = "KEYCLOAK_ADMIN_SECRET_FILE"  # noqa: S105 - the name of a variable


@app.callback()
def identity() -> None:
    """The identity provider."""


@app.command("apply")
def apply(
    secrets: Annotated[
        Path, typer.Option(help="Folder with a file client_secret_<service> for each service.")
    ],
    file: Annotated[Path, typer.Option(help="The realm.")] = realm.FILE,
) -> None:
    """Bring Keycloak's realm in line with its file and set the services' secrets.

    Run it at every deployment: Keycloak itself reads the file only while it has no such realm.
    Done again it changes nothing. Reads KEYCLOAK_URL, STEPWELL_PORTAL_URL and
    KEYCLOAK_ADMIN_SECRET_FILE, the secret of KEYCLOAK_ADMIN_CLIENT (stepwell-operator) in the realm
    master.
    """
    document = realm.read(file)
    known = realm.read_secrets(secrets, realm.services(document))
    for name, example in (("KEYCLOAK_URL", "https://id.example.org"), (SECRET_FILE, "a path")):
        if not os.environ.get(name):
            raise Problem(f"Set {name}, such as {example}.", exit_code=WRONG_USE)
    client = os.environ.get("KEYCLOAK_ADMIN_CLIENT") or CLIENT
    own = realm.read_secret(Path(os.environ[SECRET_FILE]))
    admin = Admin(os.environ["KEYCLOAK_URL"], document["realm"], client, own)
    changes = bring_in_line(admin, document, known)
    for change in changes:
        typer.echo(change)
    told = f"changed in {len(changes)} places" if changes else "in line already: nothing changed"
    typer.echo(f"The realm {document['realm']} at {admin.url} is {told}.")
