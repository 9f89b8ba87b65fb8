"""Logging in as a browser application does, at any issuer, and what must hold at each of them."""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Protocol
from urllib.parse import parse_qsl, urljoin, urlsplit
from uuid import UUID, uuid4

import httpx
import pytest

from shared.access.client import ServiceToken
from shared.messaging.feed import Feed, PublisherAway
from stepwell.runtime.login import CLIENT, Portal
from tests.support.system import System

PORTAL = Portal("http://127.0.0.1:8000")
Claims = dict[str, Any]


class Provider(Protocol):
    """An issuer, and how a test comes by people there."""

    @property
    def url(self) -> str: ...

    async def person(self, role: str, sites: Sequence[str]) -> Mapping[str, str]:
        """What somebody with a role at some sites enters on the issuer's page."""
        ...


def claims(token: str) -> Claims:
    """What a token says, unchecked."""
    return _part(token, 1)


def header(token: str) -> Claims:
    """What a token says of its signature, unchecked."""
    return _part(token, 0)


def _part(token: str, number: int) -> Claims:
    part = token.split(".")[number]
    found: Claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


class Page(HTMLParser):
    """The form of a page: where it is sent, and its fields as they stand."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.scripts = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.scripts += tag == "script"
        if tag == "form":
            self.action = given["action"]
        unticked = given.get("type") in ("radio", "checkbox") and "checked" not in given
        if tag == "input" and (name := given.get("name")) and not unticked:
            self.fields[name] = given.get("value") or ""


@dataclass
class Browser:
    """A browser with its cookies, in which the portal logs somebody in."""

    issuer: str
    person: Mapping[str, str]
    pages: int = 0
    """How many forms were filled in."""
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    http: httpx.AsyncClient = field(default_factory=lambda: with_cookies())
    found: dict[str, Any] = field(default_factory=dict)

    async def endpoint(self, name: str) -> str:
        """An address of the discovery document."""
        if not self.found:
            url = f"{self.issuer}/.well-known/openid-configuration"
            self.found = (await self.http.get(url)).raise_for_status().json()
        return str(self.found[name])

    def asked(self, **changed: str | None) -> dict[str, str]:
        """The parameters of an authorization request; None leaves one out."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": PORTAL.redirect_uri,
            "scope": "openid",
            "state": "a state & more",
            "nonce": "a nonce",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (asked | changed).items() if value is not None}

    async def authorize(self, **changed: str | None) -> dict[str, str]:
        """What the portal is told at its redirect URI, after all pages on the way there."""
        url = await self.endpoint("authorization_endpoint")
        back = await self.sent_back(url, self.asked(**changed))
        parts = urlsplit(back)
        assert f"{PORTAL.url}{parts.path}" == PORTAL.redirect_uri
        return dict(parse_qsl(parts.query or parts.fragment, strict_parsing=True))

    async def sent_back(self, url: str, asked: Mapping[str, str] | None = None) -> str:
        """The address of the portal that the issuer sends the browser back to."""
        answer = await self.http.get(url, params=asked)
        for _ in range(10):
            if answer.has_redirect_location:
                to = urljoin(str(answer.url), answer.headers["location"])
                if to.startswith(PORTAL.url):
                    return to
                answer = await self.http.get(to)
                continue
            page = Page(answer.text)
            if answer.status_code != 200 or page.action is None:
                raise NotSentBack(answer)
            self.pages += 1
            action = urljoin(str(answer.url), page.action)
            answer = await self.http.post(action, data={**page.fields, **self.person})
        raise AssertionError("the pages lead nowhere")

    async def token(self, **form: str) -> httpx.Response:
        """The answer of the token endpoint."""
        url = await self.endpoint("token_endpoint")
        return await self.http.post(url, data={"client_id": CLIENT, **form})

    async def redeem(self, code: str, **changed: str) -> httpx.Response:
        """The answer to a code."""
        form = {"redirect_uri": PORTAL.redirect_uri, "code_verifier": self.verifier, "code": code}
        return await self.token(grant_type="authorization_code", **{**form, **changed})

    async def log_in(self, **changed: str | None) -> dict[str, Any]:
        """The tokens of somebody who logs in."""
        told = await self.authorize(**changed)
        granted: dict[str, Any] = (await self.redeem(told["code"])).raise_for_status().json()
        return granted

    async def refresh(self, token: str) -> httpx.Response:
        """The answer to a refresh token."""
        return await self.token(grant_type="refresh_token", refresh_token=token)

    async def log_out(self, id_token: str) -> httpx.Response:
        """The answer to leaving, with the wish to come back to the portal."""
        url = await self.endpoint("end_session_endpoint")
        asked = {
            "id_token_hint": id_token,
            "client_id": CLIENT,
            "post_logout_redirect_uri": PORTAL.after_logout,
            "state": "left",
        }
        return await self.http.get(url, params=asked)


def with_cookies() -> httpx.AsyncClient:
    """A client that, like browsers, sends secure cookies to this machine without encryption too."""

    async def keep(response: httpx.Response) -> None:
        for cookie in http.cookies.jar:
            cookie.secure = False

    http = httpx.AsyncClient(timeout=30, event_hooks={"response": [keep]})
    return http


class NotSentBack(Exception):
    """The issuer showed a page in place of sending the browser back to the portal."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(f"{answer.status_code} {answer.text[:200]}")
        self.answer = answer


async def in_browser(provider: Provider, role: str, *sites: str) -> Browser:
    """A new browser, in front of which somebody with a role at some sites sits."""
    return Browser(provider.url, await provider.person(role, sites))


def caller(system: System, token: str) -> httpx.AsyncClient:
    """A caller of scheduling with a token."""
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{system.ports['scheduling']}",
        headers={"Authorization": f"Bearer {token}"},
    )


async def status(system: System, token: str) -> int:
    """How scheduling answers to a token: 200, or 401."""
    async with caller(system, token) as http:
        return (await http.get("/sites")).status_code


async def opened_sites(system: System, provider: Provider, *names: str) -> list[str]:
    """Sites that somebody who may do so opened; their ids."""
    granted = await (await in_browser(provider, "regional_operations", "*")).log_in()
    made = []
    async with caller(system, granted["access_token"]) as http:
        for name in names:
            answer = await http.post(
                "/sites",
                json={"name": name, "time_zone": "America/Denver"},
                headers={"Idempotency-Key": str(uuid4())},
            )
            assert answer.status_code == 201, answer.text
            made.append(answer.json()["id"])
    return made


async def walk(system: System, provider: Provider) -> None:
    """What must hold at every issuer, with scheduling and intake running."""
    here, elsewhere = await opened_sites(system, provider, "Cedar Ridge", "Harbor View")
    await a_person_sees_what_role_and_sites_allow(system, provider, here, elsewhere)
    await codes_and_refresh_tokens_are_used_once(system, provider, here)
    await who_is_logged_in_stays_so_until_they_leave(provider, here)
    await requests_that_are_not_the_portals_are_refused(provider, here)
    await services_get_tokens_by_their_secrets(system, provider)


async def a_person_sees_what_role_and_sites_allow(
    system: System, provider: Provider, here: str, elsewhere: str
) -> None:
    browser = await in_browser(provider, "counselor", here)
    told = await browser.authorize()
    assert (told["state"], told["iss"]) == ("a state & more", provider.url)
    granted = (await browser.redeem(told["code"])).raise_for_status().json()
    assert granted["token_type"] == "Bearer"
    assert 290 < granted["expires_in"] <= 300, "what is left of it when it is answered"
    access, identity = claims(granted["access_token"]), claims(granted["id_token"])
    assert access["exp"] - access["iat"] == 300
    assert access["iss"] == identity["iss"] == provider.url
    assert access["sub"] == identity["sub"]
    assert (access["aud"], identity["aud"]) == ("stepwell", CLIENT)
    assert identity["nonce"] == "a nonce"
    for said in (access, identity):
        assert (said["role"], said["sites"]) == (["counselor"], [here])
    assert identity["preferred_username"]
    assert not {"name", "preferred_username", "email"} & access.keys()

    async with caller(system, granted["access_token"]) as http:
        listed = (await http.get("/sites")).json()["items"]
        assert [site["id"] for site in listed] == [here]
        assert (await http.get(f"/sites/{elsewhere}")).status_code == 404
        body = {"name": "Another", "time_zone": "America/Denver"}
        refused = await http.post("/sites", json=body, headers={"Idempotency-Key": "a"})
        assert refused.status_code == 403


async def codes_and_refresh_tokens_are_used_once(
    system: System, provider: Provider, here: str
) -> None:
    browser = await in_browser(provider, "counselor", here)
    code = (await browser.authorize())["code"]
    wrong = await browser.redeem(code, code_verifier=secrets.token_urlsafe(48))
    assert refusal(wrong) == "invalid_grant"
    browser = await in_browser(provider, "counselor", here)
    code = (await browser.authorize())["code"]
    first = (await browser.redeem(code)).raise_for_status().json()
    assert refusal(await browser.redeem(code)) == "invalid_grant"
    assert refusal(await browser.refresh(first["refresh_token"])) == "invalid_grant"

    browser = await in_browser(provider, "auditor", here)
    first = await browser.log_in()
    second = (await browser.refresh(first["refresh_token"])).raise_for_status().json()
    assert second["refresh_token"] != first["refresh_token"]
    assert await status(system, second["access_token"]) == 200
    assert refusal(await browser.refresh(first["refresh_token"])) == "invalid_grant"
    assert refusal(await browser.refresh(second["refresh_token"])) == "invalid_grant"


async def who_is_logged_in_stays_so_until_they_leave(provider: Provider, here: str) -> None:
    browser = await in_browser(provider, "clinical_lead", here)
    assert (await browser.authorize(prompt="none"))["error"] == "login_required"
    granted = await browser.log_in()
    assert browser.pages == 1
    again = await browser.log_in(prompt="none")
    assert browser.pages == 1
    assert claims(again["access_token"])["sub"] == claims(granted["access_token"])["sub"]

    left = await browser.log_out(granted["id_token"])
    assert left.headers["location"] == f"{PORTAL.after_logout}?state=left"
    assert refusal(await browser.refresh(granted["refresh_token"])) == "invalid_grant"
    assert (await browser.authorize(prompt="none"))["error"] == "login_required"


async def requests_that_are_not_the_portals_are_refused(provider: Provider, here: str) -> None:
    browser = await in_browser(provider, "counselor", here)
    for wrong in (
        {"redirect_uri": "https://somewhere.example.test/oidc/callback"},
        {"redirect_uri": f"{PORTAL.redirect_uri}/more"},
        {"redirect_uri": None},
        {"client_id": "nobody"},
        {"client_id": "intake"},
    ):
        with pytest.raises(NotSentBack) as shown:
            await browser.authorize(**wrong)
        assert shown.value.answer.status_code in (400, 401, 403), wrong
    for unsafe in (
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"response_type": "token"},
        {"response_type": "code token"},
    ):
        told = await browser.authorize(**unsafe)
        assert told["error"], unsafe
        assert told["state"] == "a state & more"
        assert "code" not in told
    password = await browser.token(grant_type="password", username="a", password="b")
    assert refusal(password) in ("unauthorized_client", "unsupported_grant_type")
    assert browser.pages == 0


async def services_get_tokens_by_their_secrets(system: System, provider: Provider) -> None:
    settings = system.settings("notifications", topics=False)
    said = claims(await ServiceToken(settings).get())
    assert (said["sub"], said["aud"]) == ("notifications", "stepwell")
    assert (said["role"], said["sites"]) == (["service"], ["*"])
    key = str(UUID(int=1))
    for service, may_read in (("notifications", True), ("outcomes", False)):
        own = system.settings(service, topics=False)
        feed = Feed(own, ServiceToken(own))
        try:
            assert await feed.events("contacts", key, 1, 1) == []
            assert may_read
        except PublisherAway:
            assert not may_read
        finally:
            await feed.close()


def refusal(answer: httpx.Response) -> str:
    """The code of an OAuth error, which comes with a reason in words."""
    told = answer.json()
    assert answer.status_code in (400, 401), answer.text
    assert told["error_description"]
    return str(told["error"])
