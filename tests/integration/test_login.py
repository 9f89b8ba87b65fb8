"""Logging in at the local issuer, as a browser application does at Keycloak.

The walk that both must pass is in `tests/support/identity.py`; against Keycloak it is in
`tests/deployment/test_keycloak.py`.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import pytest

from stepwell.runtime import sessions
from stepwell.runtime.disposable import free_ports
from stepwell.runtime.login import CLIENT
from stepwell.runtime.sinks import Sinks
from tests.support.identity import (
    PORTAL,
    Browser,
    NotSentBack,
    Page,
    claims,
    in_browser,
    refusal,
    walk,
)
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


@pytest.fixture
async def browser(local: Local) -> Browser:
    return await in_browser(local, "counselor")


async def test_the_discovery_document_names_what_applications_ask_for(browser: Browser) -> None:
    await browser.endpoint("issuer")
    found = browser.found
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["response_types_supported"] == ["code"]
    for name in ("authorization", "token", "end_session"):
        assert found[f"{name}_endpoint"].startswith(f"{browser.issuer}/")
    assert found["jwks_uri"].startswith(f"{browser.issuer}/")


async def test_the_page_works_without_scripts_and_says_what_is_missing(browser: Browser) -> None:
    url = await browser.endpoint("authorization_endpoint")
    shown = await browser.http.get(url, params=browser.asked(state='"><script>'))
    page = Page(shown.text)
    assert page.scripts == 0
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert page.fields["state"] == '"><script>'
    for entered, said in (
        ({"role": "service"}, "Pick a role."),
        ({"others": "Cedar Ridge"}, "Write the ids of sites"),
        ({"name": "Ana Lima"}, "Write a name"),
    ):
        again = await browser.http.post(url, data={**page.fields, **entered})
        assert again.status_code == 422
        assert said in again.text
        assert "code=" not in again.headers.get("location", "")


async def test_no_site_means_all_and_a_name_is_the_subject(local: Local) -> None:
    person = {"role": "site_manager", "name": "ana.lima"}
    granted = await Browser(local.url, person).log_in()
    said = claims(granted["access_token"])
    assert (said["sub"], said["sites"]) == ("ana.lima", ["*"])


async def test_sites_can_be_ticked_by_their_names(system: System, tmp_path: Path) -> None:
    await system.start("scheduling", roles=("api",))
    regional = system.client("scheduling", "regional_operations")
    names = ("Cedar Ridge", "Harbor View")
    bodies = ({"name": name, "time_zone": "America/Denver"} for name in names)
    ids = [(await regional.post("/sites", body)).json()["id"] for body in bodies]
    issuer_port, smtp_port = free_ports(2)
    sinks = Sinks(
        issuer_port=issuer_port,
        smtp_port=smtp_port,
        key_file=tmp_path / "issuer-key.json",
        mail=tmp_path / "mail",
        clients={},
        subscribers=tmp_path / "subscribers.json",
        portal_url=PORTAL.url,
        sites_url=f"http://127.0.0.1:{system.ports['scheduling']}/sites",
    )
    # The services of this test trust this issuer's key, though not by its address.
    sinks.issuer.url = system.issuer.url
    sinks.start()
    try:
        browser = Browser(f"http://127.0.0.1:{issuer_port}", {})
        answer = await browser.http.get(f"{browser.issuer}/authorize", params=browser.asked())
        for site, name in zip(ids, names, strict=True):
            assert f'value="{site}"> {name}' in answer.text
        ticked = {**Page(answer.text).fields, "role": "counselor", "site": ids}
        back = await browser.http.post(f"{browser.issuer}/authorize", data=ticked)
        code = dict(parse_qsl(urlsplit(back.headers["location"]).query))["code"]
        form = {"grant_type": "authorization_code", "code": code, "client_id": CLIENT}
        form |= {"redirect_uri": PORTAL.redirect_uri, "code_verifier": browser.verifier}
        granted = (await browser.http.post(f"{browser.issuer}/token", data=form)).json()
        assert claims(granted["access_token"])["sites"] == ids
    finally:
        sinks.stop()


async def test_a_code_lasts_a_minute_and_an_unused_session_half_an_hour(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = 0.0
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + later)
    monkeypatch.setattr(sessions, "time", clock)
    code = (await browser.authorize())["code"]
    later += sessions.CODE_SECONDS + 1
    late = await browser.redeem(code)
    assert late.json() == {
        "error": "invalid_grant",
        "error_description": "The code has expired after 60 s.",
    }
    granted = await browser.log_in()
    later += sessions.IDLE_SECONDS + 1
    assert refusal(await browser.refresh(granted["refresh_token"])) == "invalid_grant"
    assert (await browser.authorize(prompt="none"))["error"] == "login_required"


async def test_a_code_is_good_at_its_own_address_and_for_its_own_client_only(
    browser: Browser,
) -> None:
    for wrong in ({"redirect_uri": PORTAL.after_logout}, {"client_id": "intake"}):
        code = (await browser.authorize())["code"]
        assert refusal(await browser.redeem(code, **wrong)) == "invalid_grant"
    granted = await browser.log_in()
    form = {"refresh_token": granted["refresh_token"], "client_id": "intake"}
    assert refusal(await browser.token(grant_type="refresh_token", **form)) == "invalid_grant"


async def test_what_is_refused_is_said_in_one_sentence(browser: Browser) -> None:
    told = await browser.authorize(code_challenge_method="plain")
    assert told == {
        "error": "invalid_request",
        "error_description": "The code_challenge_method is not S256: PKCE is required.",
        "state": "a state & more",
        "iss": browser.issuer,
    }
    with pytest.raises(NotSentBack) as shown:
        await browser.authorize(redirect_uri="https://somewhere.example.test/")
    assert "The redirect_uri is not http://127.0.0.1:8000/oidc/callback" in str(
        shown.value.answer.text
    )
    url = await browser.endpoint("authorization_endpoint")
    twice = await browser.http.get(f"{url}?state=a&state=b")
    assert "given more than once" in twice.text
    url = await browser.endpoint("end_session_endpoint")
    left = await browser.http.get(url, params={"post_logout_redirect_uri": "https://x.test/"})
    assert (left.status_code, "not configured" in left.text) == (400, True)


async def test_a_page_of_the_portal_may_ask_for_tokens_and_no_other(browser: Browser) -> None:
    url = await browser.endpoint("token_endpoint")
    for origin, allowed in ((PORTAL.url, PORTAL.url), ("https://somewhere.example.test", None)):
        answer = await browser.http.post(url, headers={"Origin": origin}, data={})
        assert answer.headers.get("access-control-allow-origin") == allowed
