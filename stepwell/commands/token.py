"""`stepwell token`: an access token of the local issuer, for curl and the API docs."""

import re
from typing import Annotated

import typer

from stepwell.runtime.environment import load_running
from stepwell.runtime.keys import ALL_SITES, ROLES, Issuer
from stepwell.runtime.ports import Ports
from stepwell.runtime.problem import WRONG_USE, Problem
from stepwell.runtime.state import State

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def command(
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")],
    site: Annotated[list[str] | None, typer.Option(help="Id of a site; may be repeated.")] = None,
    sites: Annotated[str | None, typer.Option(help="Ids with commas between, or '*'.")] = None,
    ttl: Annotated[str, typer.Option(help="How long it is valid: 30m, 8h, 7d.")] = "1h",
    subject: Annotated[str | None, typer.Option(help="Who it is for.")] = None,
    topics: Annotated[
        str | None, typer.Option(help="Of a subscriber, with commas between.")
    ] = None,
) -> None:
    """Print an access token signed by the local issuer, for a role at some sites."""
    if role not in ROLES:
        raise Problem(f"There is no role {role}: use {', '.join(ROLES)}.", exit_code=WRONG_USE)
    allowed = [*(site or []), *_parts(sites)]
    if not allowed:
        raise Problem("Name a site with --site, or all with --sites '*'.", exit_code=WRONG_USE)
    state = State.default()
    try:
        url = load_running(state)["OIDC_ISSUER"]
    except Problem:
        url = f"http://127.0.0.1:{Ports.from_environment().issuer}"
    state.create()
    issuer = Issuer(url, state.issuer_key)
    everywhere = [ALL_SITES] if ALL_SITES in allowed else allowed
    typer.echo(
        issuer.token(
            role, everywhere, subject=subject, seconds=_seconds(ttl), topics=_parts(topics)
        )
    )


def _parts(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _seconds(text: str) -> int:
    found = re.fullmatch(r"(\d+)([smhd]?)", text)
    if found is None or int(found[1]) == 0:
        raise Problem(f"--ttl {text} is no duration: write 30m, 8h or 7d.", exit_code=WRONG_USE)
    return int(found[1]) * SECONDS[found[2] or "s"]
