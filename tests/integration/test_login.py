"""Logging in at the local issuer, as a browser application does at Keycloak.

The walk that both must pass is in `tests/support/identity.py`; against Keycloak it is in
`tests/deployment/test_keycloak.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from tests.support.identity import walk
from tests.support.system import System


@dataclass
class Local:
    """The local issuer, where people pick who they are."""

    url: str

    async def person(self, role: str, sites: Sequence[str]) -> Mapping[str, str]:
        return {"role": role, "others": ", ".join(site for site in sites if site != "*")}


@pytest.fixture
def local(system: System) -> Local:
    return Local(system.issuer.url)


async def test_the_local_issuer_keeps_what_every_issuer_must(system: System, local: Local) -> None:
    for service in ("scheduling", "intake"):
        await system.start(service, roles=("api",))
    await walk(system, local)
