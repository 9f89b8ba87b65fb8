"""The real Keycloak with the realm of `deploy/keycloak`, and services that take its tokens.

Fetched from Maven once (177 MB) and started once for all tests here. Those change the realm and
leave it as `stepwell identity apply` makes it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient

from portal.app import application
from portal.settings import Settings
from shared.access import Role, tokens
from shared.access.client import ServiceToken
from shared.access.tokens import Verifier
from stepwell.keycloak.admin import Admin
from stepwell.runtime.disposable import Stack
from stepwell.runtime.keys import Issuer
from stepwell.runtime.problem import Problem
from tests.support.identity import (
    PORTAL,
    Browser,
    Page,
    caller,
    claims,
    header,
    in_browser,
    status,
    walk,
)
from tests.support.keycloak import Keycloak
from tests.support.system import System

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    started = Keycloak.start(tmp_path_factory.mktemp("keycloak"))
    try:
        assert "client intake: secret" in started.apply()
        yield started
    finally:
        started.processes.kill_all()


@pytest.fixture
async def system(
    keycloak: Keycloak, stack: Stack, test_clock: Path, tmp_path: Path
) -> AsyncIterator[System]:
    """Scheduling and intake, whose issuer is Keycloak."""
    created = await System.create(stack, Issuer(keycloak.url, tmp_path / "key.json"), test_clock)
    async with created.exits:
        for service in ("scheduling", "intake"):
            await created.start(service, roles=("api",))
        yield created


async def refused(system: System, token: str) -> str:
    """Why scheduling refuses a token."""
    async with caller(system, token) as http:
        answer = await http.get("/sites")
    assert answer.status_code == 401, answer.text
    return str(answer.json()["detail"])


async def test_keycloak_keeps_what_every_issuer_must(system: System, keycloak: Keycloak) -> None:
    await walk(system, keycloak)


def test_the_realm_is_brought_in_line_and_then_nothing_is_changed(keycloak: Keycloak) -> None:
    assert keycloak.apply() == (
        f"The realm stepwell at http://127.0.0.1:{keycloak.port} is in line already: "
        "nothing changed.\n"
    )
    admin = keycloak.admin
    portal, audience = keycloak.client("portal"), keycloak.client("stepwell")
    admin.put("", {**admin.find(), "accessTokenLifespan": 3600, "bruteForceProtected": False})
    admin.put(f"/clients/{portal['id']}", {**portal, "redirectUris": ["*"]})
    admin.delete(f"/clients/{keycloak.client('outcomes')['id']}")
    roles = f"/clients/{audience['id']}/roles"
    admin.post(
        f"/clients/{portal['id']}/scope-mappings/clients/{audience['id']}",
        [admin.get(f"{roles}/service")],
    )
    admin.delete(f"{roles}/auditor")
    (scope,) = [s for s in admin.get("/client-scopes") if s["name"] == "stepwell"]
    models = f"/client-scopes/{scope['id']}/protocol-mappers/models"
    (mapper,) = [m for m in admin.get(models) if m["name"] == "audience"]
    admin.delete(f"{models}/{mapper['id']}")
    admin.post(
        models,
        {
            "name": "mail",
            "protocol": "openid-connect",
            "protocolMapper": "oidc-usermodel-attribute-mapper",
            "config": {"user.attribute": "email", "claim.name": "mail"},
        },
    )
    profile = admin.get("/users/profile")
    for attribute in profile["attributes"]:
        if attribute["name"] == "sites":
            attribute["permissions"]["edit"] = ["admin", "user"]
    admin.put("/users/profile", profile)
    *changes, last = keycloak.apply().splitlines()
    assert set(changes) == {
        "realm: accessTokenLifespan, bruteForceProtected",
        "attributes of people: sites",
        "client scope stepwell: mapper audience made",
        "client scope stepwell: mapper mail removed",
        "client portal: redirectUris",
        "client portal: roles auditor given",
        "client portal: roles service taken away",
        "client outcomes: made",
        "client outcomes: roles service given",
        "account of outcomes: attributes",
        "account of outcomes: roles service given",
        "client outcomes: secret",
        "role auditor: made",
    }
    assert last.endswith("is changed in 13 places.")
    assert "nothing changed" in keycloak.apply()


def test_an_operator_whom_keycloak_does_not_know_is_told_what_to_set(keycloak: Keycloak) -> None:
    stranger = Admin(keycloak.admin.url, "stepwell", "stepwell-operator", "another-secret")
    with pytest.raises(Problem, match="KEYCLOAK_ADMIN_SECRET_FILE") as told:
        stranger.find()
    assert "another-secret" not in str(told.value)


async def test_a_token_ends_after_its_five_minutes_and_the_leeway(
    system: System, keycloak: Keycloak, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted = await (await in_browser(keycloak, "auditor", "*")).log_in()
    token = granted["access_token"]
    said = claims(token)
    assert said["exp"] - said["iat"] == 300
    shown = 0.0
    clock = SimpleNamespace(time=lambda: shown, monotonic=time.monotonic)
    monkeypatch.setattr(tokens, "time", clock)
    shown = said["exp"] + tokens.LEEWAY_SECONDS - 1
    assert await status(system, token) == 200
    shown = said["exp"] + tokens.LEEWAY_SECONDS + 1
    assert "expired" in await refused(system, token)


async def test_a_new_key_is_taken_at_once_and_an_old_one_until_it_is_removed(
    system: System, keycloak: Keycloak, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await in_browser(keycloak, "auditor", "*")
    before = await browser.log_in()
    old = before["access_token"]
    assert await status(system, old) == 200
    keycloak.add_key("next", 200)
    new = (await browser.refresh(before["refresh_token"])).json()["access_token"]
    assert header(new)["kid"] != header(old)["kid"]
    given = time.monotonic()
    assert await status(system, new) == 200
    assert time.monotonic() - given < 2
    keycloak.make_passive("rsa-generated")
    assert await status(system, old) == 200

    monkeypatch.setattr(tokens, "KEYS_MAX_AGE_SECONDS", 0.0)
    monkeypatch.setattr(tokens, "KEYS_RETRY_SECONDS", 0.0)
    assert await status(system, old) == 200
    keycloak.remove_key("rsa-generated")
    async with asyncio.timeout(5):
        while True:
            if await status(system, old) == 401:
                break
            await asyncio.sleep(0.05)
    assert "key the issuer does not publish" in await refused(system, old)
    assert await status(system, new) == 200


async def test_tokens_that_are_not_meant_for_the_services_are_refused(
    system: System, keycloak: Keycloak
) -> None:
    forged = system.issuer.token("operator", ["*"])
    assert "key the issuer does not publish" in await refused(system, forged)

    async def of(role: str, *sites: str) -> str:
        return str((await (await in_browser(keycloak, role, *sites)).log_in())["access_token"])

    elsewhere = of_another_audience(keycloak)
    said = claims(elsewhere)
    assert (said["aud"], said["role"], said["sites"]) == ("elsewhere", ["auditor"], ["*"])
    assert "aud" in await refused(system, elsewhere)
    assert "role" in await refused(system, await of("", "*"))
    assert "several roles" in await refused(system, await of("counselor operator", "*"))
    assert "sites" in await refused(system, await of("counselor"))


def of_another_audience(keycloak: Keycloak) -> str:
    """A token that is right but for its audience."""

    def mapper(name: str, kind: str, **config: str) -> dict[str, Any]:
        given = {"access.token.claim": "true", **config}
        return {
            "name": name,
            "protocol": "openid-connect",
            "protocolMapper": f"oidc-{kind}-mapper",
            "config": given,
        }

    claim = {"jsonType.label": "JSON"}
    keycloak.admin.post(
        "/clients",
        {
            "clientId": "elsewhere",
            "secret": "secret-of-elsewhere",
            "serviceAccountsEnabled": True,
            "protocolMappers": [
                mapper("aud", "audience", **{"included.custom.audience": "elsewhere"}),
                mapper(
                    "role",
                    "hardcoded-claim",
                    **{"claim.name": "role", "claim.value": '["auditor"]', **claim},
                ),
                mapper(
                    "sites",
                    "hardcoded-claim",
                    **{"claim.name": "sites", "claim.value": '["*"]', **claim},
                ),
            ],
        },
    )
    token = keycloak.by_secret("elsewhere", "secret-of-elsewhere")
    keycloak.admin.delete(f"/clients/{keycloak.client('elsewhere')['id']}")
    return token


def of_client(keycloak: Keycloak, name: str, role: str, **attributes: list[str]) -> str:
    """The token of a client made for somebody else than the four services, as the page says how."""
    admin = keycloak.admin
    admin.post(
        "/clients",
        {
            "clientId": name,
            "secret": f"secret-of-{name}",
            "serviceAccountsEnabled": True,
            "fullScopeAllowed": True,
            "defaultClientScopes": ["basic", "stepwell"],
        },
    )
    account = admin.get(f"/clients/{keycloak.client(name)['id']}/service-account-user")
    admin.put(f"/users/{account['id']}", {**account, "attributes": {"sites": ["*"], **attributes}})
    keycloak.give(account["username"], role)
    return keycloak.by_secret(name, f"secret-of-{name}")


async def test_whoever_operates_at_a_terminal_gets_a_token_by_a_client_of_their_own(
    system: System, keycloak: Keycloak
) -> None:
    async with caller(system, of_client(keycloak, "operator-kim", "operator")) as http:
        assert (await http.get("/operations/pending")).status_code == 200
        assert (await http.get("/clients")).status_code in (403, 404)


async def test_a_subscriber_reads_the_events_of_its_topics_and_no_others(
    system: System, keycloak: Keycloak
) -> None:
    token = of_client(keycloak, "reporting", "subscriber", topics=["scheduling"])
    async with caller(system, token) as http:
        url = f"http://127.0.0.1:{system.ports['intake']}/events"
        own = await http.get("/events", params={"topic": "scheduling", "key": "a"})
        other = await http.get(url, params={"topic": "intake", "key": "a"})
        listed = await http.get("/sites")
    assert [answer.status_code for answer in (own, other, listed)] == [200, 403, 403]


async def test_the_portal_logs_somebody_in_shows_their_page_and_logs_them_out(
    system: System, keycloak: Keycloak
) -> None:
    scheduling = f"http://127.0.0.1:{system.ports['scheduling']}"
    settings = Settings(url=PORTAL.url, issuer=keycloak.url, scheduling=scheduling)
    person = await in_browser(keycloak, "operator", "*")
    app = ASGITransport(application(settings))
    async with AsyncClient(transport=app, base_url=PORTAL.url) as portal:
        flow = "/flow?service=scheduling"
        asked = await portal.get(flow, follow_redirects=False)
        away = await portal.get(asked.headers["location"])
        back = await person.sent_back(away.headers["location"])
        came = await portal.get(back)
        assert (came.status_code, came.headers["location"]) == (303, flow)
        page = await portal.get(flow)
        assert page.status_code == 200
        assert "Not sent yet" in page.text
        assert (await portal.get("/clients")).status_code == 403
        left = await portal.post("/logout", data={"csrf": Page(page.text).fields["csrf"]})
        assert (await person.sent_back(left.headers["location"])).startswith(PORTAL.url)
        assert (await portal.get(flow)).headers["location"].startswith("/login")
        again = await portal.get("/login")
        before = person.pages
        await person.sent_back(again.headers["location"])
        assert person.pages == before + 1, "the provider asks who it is again"


async def test_people_change_their_password_on_the_way_through_the_portal(
    keycloak: Keycloak,
) -> None:
    person = await keycloak.person("counselor", ["*"])
    new = {"password-new": "another long one", "password-confirm": "another long one"}
    told = await Browser(keycloak.url, {**person, **new}).authorize(kc_action="UPDATE_PASSWORD")
    assert told["kc_action_status"] == "success"
    changed = {**person, "password": "another long one"}
    assert (await Browser(keycloak.url, changed).log_in())["access_token"]


async def test_services_may_reach_keycloak_at_another_address_than_browsers(
    system: System, keycloak: Keycloak
) -> None:
    own = system.settings("notifications", topics=False)
    inside = own.model_copy(update={"oidc_discovery_url": keycloak.discovery})
    token = await ServiceToken(inside).get()
    verifier = Verifier(inside)
    try:
        known = await verifier.verify(token)
    finally:
        await verifier.close()
    assert (known.subject, known.role) == ("notifications", Role.SERVICE)
    assert claims(token)["iss"] == keycloak.url
