"""Secrets given as files: `NAME_FILE` names the file that the value of the variable NAME is in.

A container is told where its secrets are and shows none of them to whoever looks at its settings.
"""

import re
from collections.abc import MutableMapping
from pathlib import Path

SECRET = re.compile(
    r"(?:DATABASE_(?:OWNER_)?URL|KAFKA_PASSWORD|OIDC_CLIENT_SECRET)_(?P<owner>[A-Z]+)_FILE"
    r"|(?:DATABASE_ADMIN_URL|OIDC_CLIENT_SECRET|STEPWELL_TOKEN)_FILE"
)
"""The variables that name the file of a secret, and whose it is. SMTP_PASSWORD_FILE is a setting of
its own, as that file is read anew for each run of mail."""


class SecretUnusable(RuntimeError):
    """The file of a secret cannot be used; the message says why, never what is in it."""


def read_into(environment: MutableMapping[str, str], service: str | None = None) -> None:
    """Set each variable in `environment` whose secret is given as a file.

    Args:
        service: read only the files of this service, and those that are no service's.

    Raises:
        SecretUnusable: a file cannot be read or holds no secret, or the variable is set as well.
    """
    for variable in sorted(environment):
        found = SECRET.fullmatch(variable)
        if found is None or not environment[variable]:
            continue
        if service and found["owner"] not in (None, service.upper()):
            continue
        name = variable.removesuffix("_FILE")
        if environment.get(name):
            raise SecretUnusable(f"Set {name} or {variable}, not both.")
        environment[name] = _read(variable, Path(environment[variable]))


def _read(variable: str, path: Path) -> str:
    try:
        value = path.read_text("utf-8").strip("\r\n")
    except OSError as error:
        raise SecretUnusable(
            f"{variable} names {path}, which cannot be read ({error.strerror}): name a file that "
            "this process may read."
        ) from None
    except UnicodeDecodeError:
        raise SecretUnusable(f"{variable} names {path}, which is not text.") from None
    if not value or "\n" in value:
        raise SecretUnusable(f"{variable} names {path}, which is not one line with the secret.")
    return value
