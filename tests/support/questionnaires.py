"""Questionnaires over HTTP: staff who assign them, and clients who answer by a link."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from tests.conftest import MONDAY
from tests.support.flow import Intake, created
from tests.support.system import Client

FOURTEEN_DAYS_ON = MONDAY + timedelta(days=14, hours=-1)
"""The same time of day at the site, where the clocks go forward on 8 March."""
NOTHING = [None] * 9
AUDIT_WORDS = {
    "permission": "Letter of 2026-01-12",
    "items": [
        {"text": f"Question {n}", "labels": {str(v): f"Value {v}" for v in values}}
        for n, values in enumerate([(0, 1, 2, 3, 4)] * 8 + [(0, 2, 4)] * 2, 1)
    ],
}


def answered(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    """The body of an answer that must have a status."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


def etag(thing: dict[str, Any]) -> str:
    return f'"{thing["version"]}"'


@dataclass
class Holder:
    """A client's browser. It has no token."""

    http: httpx.AsyncClient
    session: str = ""

    async def open(self, secret: str) -> httpx.Response:
        answer = await self.http.post(
            "/questionnaire/session", headers={"Authorization": f"Link {secret}"}
        )
        if answer.status_code == 200:
            self.session = answer.json()["session"]
        return answer

    def headers(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Session {self.session}", **more}

    async def form(self) -> httpx.Response:
        return await self.http.get("/questionnaire/form", headers=self.headers())

    async def save(
        self, answers: list[Any], version: int, instrument: str = "phq-9"
    ) -> httpx.Response:
        return await self.http.put(
            f"/questionnaire/answers/{instrument}",
            json={"answers": answers},
            headers=self.headers(**{"If-Match": f'"{version}"'}),
        )

    async def complete(self, version: int) -> httpx.Response:
        return await self.http.post(
            "/questionnaire/completion", headers=self.headers(**{"If-Match": f'"{version}"'})
        )


@dataclass
class Questionnaires:
    """Staff of a site and clients with links."""

    intake: Intake

    def staff(self, role: str = "counselor", site: UUID | None = None) -> Client:
        return self.intake.system.client("intake", role, [site or self.intake.site])

    async def assign(
        self, client: str, *instruments: str, role: str = "front_desk", **changed: object
    ) -> dict[str, Any]:
        body = {
            "occasion": "intake",
            "instruments": [
                {"instrument": name, "version": "1.0"} for name in instruments or ("phq-9",)
            ],
        } | changed
        return created(await self.staff(role).post(f"/clients/{client}/questionnaires", body))

    async def assigned(self, *instruments: str, **changed: object) -> dict[str, Any]:
        """A questionnaire of a new client."""
        return await self.assign(await self.intake.refer(), *instruments, **changed)

    async def save(
        self,
        of: dict[str, Any],
        answers: list[Any],
        instrument: str = "phq-9",
        role: str = "counselor",
        **more: object,
    ) -> httpx.Response:
        at = f"/questionnaires/{of.get('questionnaire_id', of.get('id'))}"
        return await self.staff(role).put(
            f"{at}/answers/{instrument}", {"answers": answers, **more}, etag=etag(of)
        )

    async def post(
        self, of: dict[str, Any], what: str, role: str = "counselor", tag: str | None = None
    ) -> httpx.Response:
        at = f"/questionnaires/{of.get('questionnaire_id', of.get('id'))}"
        return await self.staff(role).http.post(
            f"{at}/{what}", headers={"If-Match": tag or etag(of)}
        )

    async def link(self, of: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The secret of a new link, and the link."""
        made = answered(await self.post(of, "links", "front_desk"))
        path, _, secret = made["address"].partition("#")
        assert path == "/questionnaire"
        return secret, made

    def browser(self) -> Holder:
        http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.intake.system.ports['intake']}", timeout=15
        )
        self.intake.system.exits.push_async_callback(http.aclose)
        return Holder(http)

    async def opened(self, of: dict[str, Any]) -> tuple[Holder, int]:
        """A browser that opened a link to it, and the version of what it saw."""
        secret, _ = await self.link(of)
        browser = self.browser()
        answered(await browser.open(secret))
        return browser, answered(await browser.form())["version"]

    async def rows(self, table: str) -> list[dict[str, Any]]:
        found = await self.intake.system.fetch("intake", f"SELECT * FROM {table}")
        return [dict(row) for row in found]

    async def told(self) -> list[str]:
        """What was published beside the referral and the ends of questionnaires."""
        names = [name for _, _, name in await self.intake.system.published("intake")]
        beside = ("ReferralReceived", "ContactDetailsChanged", "QuestionnaireClosed")
        return [n for n in names if n not in beside]
