"""Pages of configured origins may call the API from a browser; others may not."""

from collections.abc import AsyncIterator

import httpx
import pytest

from shared.settings import SettingsWrong, load
from tests.support.apis import app_of, caller, service, settings

PORTAL = "https://portal.example.test"
KIOSK = "http://localhost:5173"
ASKED = {"Access-Control-Request-Method": "PUT"}
NEEDED = "authorization,content-type,idempotency-key,if-match,break-glass"


@pytest.fixture
async def api() -> AsyncIterator[httpx.AsyncClient]:
    app = app_of(service("intake"), cors_origins=f"{PORTAL}, {KIOSK}")
    async with caller(app) as client:
        yield client


@pytest.mark.parametrize("origin", [PORTAL, KIOSK])
async def test_a_preflight_of_a_configured_origin_needs_no_token(api, origin):
    asked = {**ASKED, "Access-Control-Request-Headers": NEEDED}
    answer = await api.options("/referrals", headers={"Origin": origin, **asked})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert {"GET", "POST", "PUT"} <= set(answer.headers["access-control-allow-methods"].split(", "))
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert set(NEEDED.split(",")) <= set(allowed)
    assert "access-control-allow-credentials" not in answer.headers


async def test_a_refusal_can_be_read_by_the_page_with_the_headers_it_goes_by(api):
    answer = await api.get("/referrals", headers={"Origin": PORTAL})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == PORTAL
    assert "Origin" in answer.headers["vary"]
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"ETag", "Location", "Retry-After"} <= set(exposed)
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_defect_and_an_answer_that_is_late_can_be_read_too(api):
    api.headers["Authorization"] = "Bearer front_desk"
    answer = await api.get("/referrals", headers={"Origin": PORTAL})
    assert answer.status_code == 503
    assert answer.headers["access-control-allow-origin"] == PORTAL


@pytest.mark.parametrize(
    "origin",
    [
        "https://elsewhere.example.test",
        f"{PORTAL}.evil.example",
        f"{PORTAL}:8443",
        "http://portal.example.test",
        "https://PORTAL.example.test",
        "null",
        "*",
    ],
)
async def test_an_origin_is_compared_as_a_whole(api, origin):
    preflight = await api.options("/referrals", headers={"Origin": origin, **ASKED})
    assert preflight.status_code == 400
    answer = await api.get("/referrals", headers={"Origin": origin})
    for told in (preflight, answer):
        assert "access-control-allow-origin" not in told.headers


async def test_a_header_that_nobody_needs_is_not_allowed(api):
    headers = {"Origin": PORTAL, **ASKED, "Access-Control-Request-Headers": "x-forwarded-for"}
    assert (await api.options("/referrals", headers=headers)).status_code == 400


async def test_no_origin_is_allowed_by_default():
    async with caller(app_of(service("intake"))) as api:
        preflight = await api.options("/referrals", headers={"Origin": PORTAL, **ASKED})
        answer = await api.get("/referrals", headers={"Origin": PORTAL})
    assert preflight.status_code == 405
    for told in (preflight, answer):
        assert not [name for name in told.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "given",
    [
        "*",
        "https://*.example.test",
        f"{PORTAL}/",
        f"{PORTAL}/app",
        "portal.example.test",
        "https://Portal.example.test",
        f"{PORTAL}:443",
        "http://localhost:80",
        "null",
        f"{PORTAL} {KIOSK}",
    ],
)
def test_an_origin_that_no_browser_would_send_is_refused_at_the_start(
    given: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("STEPWELL_CORS_ORIGINS", given)
    monkeypatch.setenv("DATABASE_URL_INTAKE", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("OIDC_ISSUER", "http://127.0.0.1:9")
    with pytest.raises(SettingsWrong, match="STEPWELL_CORS_ORIGINS"):
        load("intake")


def test_origins_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch):
    made = settings(cors_origins=f" {PORTAL} ,{KIOSK},http://[::1]:3000,")
    assert made.cors_origins == (PORTAL, KIOSK, "http://[::1]:3000")
    assert settings().cors_origins == ()
