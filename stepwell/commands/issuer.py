"""`stepwell issuer`: the local token issuer as a process of its own."""

import os
from typing import Annotated

import typer
import uvicorn

from shared.settings import SERVICES
from stepwell.runtime.environment import PORTAL
from stepwell.runtime.issuer import application
from stepwell.runtime.keys import Issuer
from stepwell.runtime.login import Portal
from stepwell.runtime.problem import WRONG_USE, Problem
from stepwell.runtime.state import State
from stepwell.runtime.subscribers import Subscribers


def command(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port.")] = 8090,
) -> None:
    """Serve the issuer that `make up` starts, where something else starts the services.

    It gives tokens of any role, so it is for trying out only. Reads OIDC_ISSUER, its own address,
    OIDC_CLIENT_SECRET_<SERVICE> of the four services, and STEPWELL_PORTAL_URL, where people log in
    from; its key is in STEPWELL_STATE.
    """
    secrets = {s: os.environ.get(f"OIDC_CLIENT_SECRET_{s.upper()}", "") for s in SERVICES}
    url = os.environ.get("OIDC_ISSUER", "")
    if not url or not all(secrets.values()):
        raise Problem(
            "Set OIDC_ISSUER to the address of this issuer, and OIDC_CLIENT_SECRET_<SERVICE> of "
            "all four services.",
            exit_code=WRONG_USE,
        )
    if os.environ.get("STEPWELL_ENVIRONMENT") != "local":
        raise Problem(
            "The local issuer is for trying out: set STEPWELL_ENVIRONMENT=local, or use your own "
            "identity provider.",
            exit_code=WRONG_USE,
        )
    state = State.default()
    state.create()
    portal = os.environ.get(PORTAL, "").rstrip("/")
    served = application(
        Issuer(url, state.issuer_key),
        secrets,
        Subscribers(state.subscribers).all,
        portal=Portal(portal) if portal else None,
    )
    uvicorn.run(served, host=host, port=port, log_config=None, access_log=False, lifespan="off")
