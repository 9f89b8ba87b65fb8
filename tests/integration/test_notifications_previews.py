"""Rules and templates are tried out: who would get what, when, and why not; nothing is planned."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.notifications.planning.previews import (
    RuleRefused,
    TemplateRefused,
    show_rules,
    try_rule,
    try_template,
)
from services.notifications.planning.schemas import (
    RulePreview,
    RuleTrial,
    TemplatePreview,
    TemplateTrial,
)
from services.notifications.rulebook.policy import rulebook
from services.notifications.texts.policy import templates
from shared.database import ALL_SITES
from shared.errors import NotFound
from stepwell.runtime.disposable import Stack
from tests.support.notifications import DENVER_SITE, MONDAY_NOON, Client, Desk, open_desk
from tests.support.texting import texted

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
THURSDAY = MONDAY_NOON + 3 * DAY


@pytest.fixture
async def desk(
    stack: Stack, test_clock: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    async with open_desk(stack, test_clock, monkeypatch, rules=None) as opened:
        yield opened


async def tried(desk: Desk, **trial: Any) -> RulePreview:
    async with desk.database.transaction(ALL_SITES) as tx:
        return await try_rule(tx, RuleTrial(site_id=DENVER_SITE, **trial))


async def shown(desk: Desk, **trial: Any) -> TemplatePreview:
    async with desk.database.transaction(ALL_SITES) as tx:
        return await try_template(tx, TemplateTrial(site_id=DENVER_SITE, **trial))


def draft(name: str = "session_reminder", **parts: Any) -> dict[str, Any]:
    return rulebook().rules[name].model_dump(mode="json", exclude_defaults=True) | parts


async def test_a_rule_tried_out_says_who_would_get_what_when_and_why_not(desk: Desk) -> None:
    ana, ben, cleo = Client("ana"), Client("ben"), Client("cleo")
    await desk.introduce(ana.details())
    await desk.tell(ana.reads("es"))
    await desk.tell(ben.details())
    await desk.introduce(cleo.details())
    await desk.tell(cleo.enrolled())
    await desk.tell(cleo.becomes("on_hold"))
    sessions = [who.expected(THURSDAY) for who in (ana, ben, cleo)]
    events = [one.model_dump(mode="json") for one in sessions]
    found = await tried(desk, rule="session_reminder", events=events)
    assert found.tried_on == 3
    told = {(one.client_id, one.kind): one for one in found.messages}
    first = told[ana.id, "session_reminder"]
    assert (first.outcome, first.due_at, first.language) == ("send", THURSDAY - DAY, "es")
    assert first.text is not None
    assert first.text.startswith("Tiene una cita el jue 12:00 PM.")
    assert told[ana.id, "session_reminder_soon"].due_at == THURSDAY - 2 * HOUR
    reasons = {who: told[who.id, "session_reminder"].because for who in (ben, cleo)}
    assert reasons == {ben: "no_consent", cleo: "on_hold"}
    assert await desk.messages() == []
    assert await desk.published() == []


async def test_a_rule_is_tried_out_by_the_way_that_its_message_would_take(desk: Desk) -> None:
    ana, ben = Client("ana"), Client("ben")
    for who, channels in ((ana, ["email"]), (ben, ["voice"])):
        await desk.tell(texted(who, email=f"{who.name}@example.test"))
        await desk.tell(who.agrees(channels=channels))
    events = [who.expected(THURSDAY).model_dump(mode="json") for who in (ana, ben)]
    found = await tried(desk, rule="session_reminder", events=events)
    told = {(one.client_id, one.channel, one.outcome, one.because) for one in found.messages}
    assert told == {
        (ana.id, "email", "send", None),
        (ben.id, "sms", "not_sent", "other_way"),
    }


async def test_a_draft_is_tried_out_on_what_is_planned(desk: Desk) -> None:
    ana = Client("ana")
    await desk.introduce(ana.details())
    await desk.tell(ana.expected(THURSDAY))
    steps = [{"kind": "session_reminder", "when": {"hours": -48}, "margin_minutes": 60}]
    found = await tried(desk, rule="session_reminder", draft=draft(steps=steps))
    assert [(one.client_id, one.due_at) for one in found.messages] == [(ana.id, THURSDAY - 2 * DAY)]
    assert await desk.next_due() == THURSDAY - DAY


@pytest.mark.parametrize(
    ("parts", "pointer"),
    [
        ({"until": {"days": 900}}, "/draft/until/days"),
        ({"on": "Nothing"}, "/draft"),
        ({"steps": [{"kind": "newsletter"}]}, "/draft/steps"),
    ],
)
async def test_a_draft_that_could_not_be_in_force_is_refused_with_a_pointer(
    desk: Desk, parts: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(RuleRefused) as refused:
        await tried(desk, rule="session_reminder", draft=draft(**parts))
    assert refused.value.pointer == pointer


async def test_a_rule_without_an_end_is_refused(desk: Desk) -> None:
    endless = draft()
    del endless["until"]
    with pytest.raises(RuleRefused) as refused:
        await tried(desk, draft=endless)
    assert refused.value.pointer == "/draft/until"


async def test_an_event_that_is_none_and_a_site_of_others_are_refused(desk: Desk) -> None:
    with pytest.raises(RuleRefused) as refused:
        await tried(desk, rule="session_reminder", events=[{"client_id": "x"}])
    assert (refused.value.pointer or "").startswith("/events/0/")
    async with desk.database.transaction(frozenset()) as tx:
        with pytest.raises(NotFound):
            await try_rule(tx, RuleTrial(site_id=DENVER_SITE, rule="session_reminder"))
        with pytest.raises(NotFound):
            await show_rules(tx, DENVER_SITE)


async def test_a_template_is_shown_with_sample_data_and_what_it_costs(desk: Desk) -> None:
    found = await shown(desk, template="session_reminder", language="es", channel="sms")
    assert (found.language, found.encoding, found.segments) == ("es", "GSM-7", 1)
    found = await shown(desk, template="session_reminder", language="vi")
    assert (found.language, found.fell_back) == ("en", True)
    assert found.html is not None


async def test_a_draft_with_an_unknown_variable_or_a_revealing_word_is_refused(desk: Desk) -> None:
    for text in ("Hello {{ name }}", "Your rehab is {{ when }}"):
        changed = templates()["session_reminder"].model_dump(mode="json")
        changed["languages"]["en"]["body"] = text
        with pytest.raises(TemplateRefused) as refused:
            await shown(desk, draft=changed)
        assert (refused.value.pointer or "").startswith("/draft")
    with pytest.raises(TemplateRefused) as refused:
        await shown(desk, template="newsletter")
    assert refused.value.pointer == "/template"
