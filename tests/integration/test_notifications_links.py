"""A message carries a link that works once, made right before it goes out."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from services.notifications.texts.policy import branding
from shared.access.client import ServiceToken
from shared.contracts.intake import QuestionnaireClosed, QuestionnaireDue
from shared.contracts.outcomes import FollowUpDue
from shared.web.links import new_secret
from stepwell.runtime.disposable import Stack
from tests.support.data import read_anew
from tests.support.notifications import DENVER, Client, Desk, open_desk

ELEVEN = datetime(2026, 6, 2, 11, tzinfo=DENVER)
PAGE = "https://appointments.example.test/s"
FORM = "https://appointments.example.test/f"


@dataclass
class LinkMaker:
    """A service that makes links, as far as it is asked."""

    status: int = 200
    state: str = "due"
    asked: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        self.secrets.append(new_secret())
        told = {"address": f"/follow-up#{self.secrets[-1]}", "state": self.state}
        body = json.dumps(told).encode()
        head = (
            f"HTTP/1.1 {self.status} X\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()


@pytest.fixture
def makes(monkeypatch: pytest.MonkeyPatch) -> LinkMaker:
    async def token(_: ServiceToken) -> str:
        return "a-token"

    monkeypatch.setattr(ServiceToken, "get", token)
    return LinkMaker()


@pytest.fixture
async def desk(
    stack: Stack,
    test_clock: Path,
    tmp_path: Path,
    makes: LinkMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Desk]:
    server = await asyncio.start_server(makes.answer, "127.0.0.1", 0)
    async with server, open_desk(stack, test_clock, monkeypatch, rules=None) as opened:
        port = server.sockets[0].getsockname()[1]
        opened.settings.url_outcomes = f"http://127.0.0.1:{port}"
        opened.settings.url_intake = f"http://127.0.0.1:{port}"
        folder = tmp_path / "notifications" / "texts"
        folder.mkdir(parents=True)
        pages = {"follow_up": PAGE, "questionnaire": FORM}
        own = branding().model_dump(mode="json") | {"link_pages": pages}
        (folder / "branding.json").write_text(json.dumps(own))
        read_anew(monkeypatch, branding, folder=tmp_path)
        opened.set_clock(ELEVEN)
        yield opened


async def asked_how_it_is(desk: Desk) -> FollowUpDue:
    ana = Client("ana")
    await desk.introduce(ana.details())
    await desk.tell(ana.agrees(uses=["questionnaires"]))
    survey = FollowUpDue(**ana.about, follow_up_id=uuid4(), days=30, due_on=date(2026, 6, 2))
    await desk.tell(survey)
    return survey


async def test_a_survey_is_sent_with_a_link_that_names_nobody(desk: Desk, makes: LinkMaker) -> None:
    survey = await asked_how_it_is(desk)
    await desk.dispatch()
    (request,) = makes.asked
    assert request.startswith(f"POST /follow-ups/{survey.follow_up_id}/link ")
    assert "authorization: bearer a-token" in request.lower()
    (body,) = desk.mailbox.bodies
    assert f"Please tell us here: {PAGE}#{makes.secrets[0]}" in body
    for known in (survey.client_id, survey.follow_up_id, survey.site_id):
        assert str(known) not in body
    secret = makes.secrets[0]
    assert all(secret not in span.to_json() for span in desk.spans)
    assert all(secret not in event.model_dump_json() for event, _ in await desk.published())


async def test_what_was_answered_meanwhile_is_not_asked_for(desk: Desk, makes: LinkMaker) -> None:
    makes.status = 409
    await asked_how_it_is(desk)
    await desk.dispatch()
    assert desk.mailbox.taken == []
    assert (await desk.message(kind="follow_up_survey")).state == "cancelled"


@pytest.mark.parametrize(
    ("state", "status", "sent"), [("answered", 200, 1), ("due", 200, 2), ("due", 503, 2)]
)
async def test_who_answered_on_the_telephone_is_not_asked_to_call_again(
    desk: Desk,
    makes: LinkMaker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    status: int,
    sent: int,
) -> None:
    (tmp_path / "notifications" / "texts" / "branding.json").unlink()
    read_anew(monkeypatch, branding, folder=tmp_path)
    survey = await asked_how_it_is(desk)
    await desk.dispatch()
    assert "#" not in desk.mailbox.bodies[0]
    makes.state, makes.status = state, status
    desk.set_clock(ELEVEN + timedelta(days=7))
    await desk.dispatch()
    assert len(desk.mailbox.bodies) == sent
    asked = {request.partition(" HTTP")[0] for request in makes.asked}
    assert asked == {f"GET /follow-ups/{survey.follow_up_id}"}, "no link that staff gave out ends"


async def test_a_service_that_makes_no_link_now_is_asked_again(
    desk: Desk, makes: LinkMaker
) -> None:
    makes.status = 503
    await asked_how_it_is(desk)
    await desk.dispatch()
    waiting = await desk.message(kind="follow_up_survey")
    assert (waiting.state, waiting.attempts) == ("planned", 1)
    makes.status = 200
    desk.set_clock(ELEVEN + timedelta(minutes=5))
    await desk.dispatch()
    assert makes.secrets[-1] in desk.mailbox.bodies[0]


async def test_a_questionnaire_that_is_due_is_sent_with_a_link_until_it_is_answered(
    desk: Desk, makes: LinkMaker
) -> None:
    ana = Client("Ana")
    await desk.introduce(ana.details())
    await desk.tell(ana.agrees(uses=["questionnaires"]))
    form = {**ana.about, "questionnaire_id": uuid4()}
    await desk.tell(QuestionnaireDue(**form, due_at=ELEVEN, expires_at=ELEVEN + timedelta(days=7)))
    await desk.dispatch()
    assert f"It is here: {FORM}#{makes.secrets[0]}" in desk.mailbox.bodies[0]
    desk.set_clock(ELEVEN + timedelta(days=2))
    await desk.dispatch()
    assert f"It is here: {FORM}#{makes.secrets[1]}" in desk.mailbox.bodies[1]
    asked = f"POST /questionnaires/{form['questionnaire_id']}/links "
    assert [request.startswith(asked) for request in makes.asked] == [True, True]
    for known in (ana.id, form["questionnaire_id"]):
        assert str(known) not in "".join(desk.mailbox.bodies)
    other = {**form, "questionnaire_id": uuid4()}
    later = ELEVEN + timedelta(days=3)
    await desk.tell(QuestionnaireDue(**other, due_at=later, expires_at=later + timedelta(days=7)))
    closed = {"client_id": ana.id, "site_id": ana.site_id, "how": "completed", "closed_at": later}
    await desk.tell(QuestionnaireClosed(questionnaire_id=other["questionnaire_id"], **closed))
    desk.set_clock(later)
    await desk.dispatch()
    assert len(desk.mailbox.bodies) == 2
