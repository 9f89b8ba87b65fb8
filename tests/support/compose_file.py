"""`docker-compose.yml` as compose reads it, without compose: merged, its variables filled in."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from stepwell.runtime.state import PROJECT

VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::-([^}]*))?\}")
STORY = PROJECT / "deploy" / "compose" / "story.env"


def raw() -> str:
    return (PROJECT / "docker-compose.yml").read_text()


def read(given: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The file as compose reads it with the variables `given`; defaults for all others."""
    known = given or {}
    filled = VARIABLE.sub(lambda found: known.get(found[1]) or found[2] or "", raw())
    document: dict[str, Any] = yaml.safe_load(filled)
    return document


def story() -> dict[str, str]:
    """The variables of the story."""
    lines = (line.partition("=") for line in STORY.read_text().splitlines())
    return {name: value for name, _, value in lines if not name.startswith("#")}
