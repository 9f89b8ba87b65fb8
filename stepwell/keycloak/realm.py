"""The file that describes the realm, and the secrets that are not in it."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stepwell.runtime.problem import WRONG_USE, Problem
from stepwell.runtime.state import PROJECT

Document = dict[str, Any]
FILE = PROJECT / "deploy" / "keycloak" / "realm.json"
AUDIENCE = "stepwell"
"""The client that owns the roles and is the audience of access tokens."""
PLACEHOLDER = re.compile(r"\$\{([A-Z_]+)\}")
EXAMPLES = {"STEPWELL_PORTAL_URL": "https://portal.example.org"}
SECRET = re.compile(r"[A-Za-z0-9_-]{16,}")
"""Other characters reach containers in several forms."""


def read(path: Path, known: Mapping[str, str] = os.environ) -> Document:
    """The realm, with `${VARIABLE}` replaced as Keycloak does when it imports the file.

    Raises:
        Problem: the file cannot be read, or a variable is not set.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise Problem(f"The realm {path} cannot be read ({_reason(error)}).") from None
    for name in sorted({found[1] for found in PLACEHOLDER.finditer(text)}):
        if not known.get(name):
            example = EXAMPLES.get(name, "its value")
            raise Problem(
                f"Set {name}, such as {example}: {path.name} names it.", exit_code=WRONG_USE
            )
        text = text.replace(f"${{{name}}}", json.dumps(known[name].rstrip("/"))[1:-1])
    try:
        document = json.loads(text)
        if not document["realm"] or not document["clients"]:
            raise ValueError("no realm")
    except (ValueError, LookupError, TypeError) as error:
        raise Problem(f"{path} describes no realm ({_reason(error)}).") from None
    return dict(document)


def services(document: Document) -> list[str]:
    """The clients that prove themselves by a secret."""
    return [c["clientId"] for c in document["clients"] if c.get("serviceAccountsEnabled")]


def read_secrets(folder: Path, names: list[str]) -> dict[str, str]:
    """The secret of each client, from `folder/client_secret_<client>`.

    Raises:
        Problem: naming the first file that is missing or holds no usable secret; never its content.
    """
    return {name: read_secret(folder / f"client_secret_{name}") for name in names}


def read_secret(path: Path) -> str:
    """The secret in a file, without the end of its line. Raises Problem."""
    try:
        secret = path.read_text("utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        raise Problem(
            f"The secret {path} cannot be read ({_reason(error)}): write one with "
            f"`openssl rand -hex 32 > {path}`."
        ) from None
    if not SECRET.fullmatch(secret):
        raise Problem(
            f"The secret in {path} is not 16 or more of A-Z, a-z, 0-9, - and _: write one with "
            f"`openssl rand -hex 32 > {path}`."
        )
    return secret


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
