"""Rules and templates tried out: nothing is planned, and nothing goes out."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from services.notifications.contacts.queries import zone_for
from services.notifications.delivery.recipients import Recipient, recipients_of
from services.notifications.delivery.rules import (
    Agreed,
    Cancel,
    GiveUp,
    Postpone,
    Send,
    Suppress,
    decide,
)
from services.notifications.planning.rules import Occasion, Wanted, occasion_of, wanted
from services.notifications.planning.schemas import (
    RuleInForce,
    RulePreview,
    RulesInForce,
    RuleTrial,
    TemplatePreview,
    TemplateTrial,
    WouldSend,
)
from services.notifications.rulebook.policy import Rule, Rulebook, Sending, matches, rulebook
from services.notifications.rulebook.sources import SOURCES
from services.notifications.sites.queries import zones_of
from services.notifications.stays.rules import standing
from services.notifications.texts.policy import Template, templates
from services.notifications.texts.rendering import fill_in
from services.notifications.texts.rules import segments, spoken
from services.notifications.timing.policy import timing_policy
from shared.database import Transaction
from shared.errors import Invalid, NotFound
from shared.merges import records_of

M = TypeVar("M", bound=BaseModel)
PLANNED = """
SELECT DISTINCT ON (client_id, session_id) site_id, client_id, enrolment_id, session_id AS about,
  session_starts_at AS anchor, site_time_zone AS time_zone, expires_at AS until
FROM notifications
WHERE site_id = $1 AND kind = ANY ($2::text[]) AND state = 'planned' AND next_at < $3
ORDER BY client_id, session_id, expires_at DESC LIMIT 500
"""


class RuleRefused(Invalid):
    """The rule could not be in force."""


class TemplateRefused(Invalid):
    """The template could not be in force."""


async def show_rules(tx: Transaction, site_id: UUID) -> RulesInForce:
    """The rules in force at a site.

    Raises:
        NotFound: not one of the caller's sites.
    """
    _require_site(tx, site_id)
    return RulesInForce(
        site_id=site_id,
        rules=[
            RuleInForce(name=name, version=rule.version, rule=rule.model_dump(mode="json"))
            for name, rule in rulebook(site_id).rules.items()
        ],
    )


async def try_rule(tx: Transaction, trial: RuleTrial) -> RulePreview:
    """What a rule would do, by what is known of its clients now.

    Raises:
        NotFound: not one of the caller's sites.
        RuleRefused: the rule, or an event, is none; with a pointer.
    """
    _require_site(tx, trial.site_id)
    rule, sendings = _rule(trial)
    occasions = [one for one in await _occasions(tx, trial, rule) if one.site_id == trial.site_id]
    known = await recipients_of(tx, await records_of(tx, (one.client_id for one in occasions)))
    messages = []
    for about in occasions:
        to = known[about.client_id]
        zone, window = zone_for(to.contact, about.time_zone), timing_policy(about.site_id).hours
        for found in wanted(rule, about, zone=zone, window=window, now=tx.now):
            messages.append(_would(found, about, to, sendings.get(found.step.kind)))
    return RulePreview(
        site_id=trial.site_id, rule=trial.rule, tried_on=len(occasions), messages=messages
    )


async def try_template(tx: Transaction, trial: TemplateTrial) -> TemplatePreview:
    """A message with sample data, as it would arrive.

    Raises:
        NotFound: not one of the caller's sites.
        TemplateRefused: the template is none, or what is filled in; with a pointer.
    """
    _require_site(tx, trial.site_id)
    if trial.draft is not None:
        template = _draft(Template, trial.draft, TemplateRefused)
    elif (known := templates(trial.site_id).get(trial.template or "")) is not None:
        template = known
    else:
        names = ", ".join(templates(trial.site_id))
        raise TemplateRefused(f"There is no such template: take {names}.", pointer="/template")
    try:
        written = fill_in(template, trial.site_id, trial.channel, trial.language, trial.values)
    except ValueError as error:
        raise TemplateRefused(str(error), pointer="/values") from None
    cost = segments(written.text.body)
    return TemplatePreview(
        version=template.version,
        language=written.language,
        fell_back=written.fell_back,
        subject=written.text.subject,
        body=written.text.body,
        html=written.text.html,
        encoding=cost.encoding,
        segments=cost.count,
    )


def _require_site(tx: Transaction, site_id: UUID) -> None:
    if not tx.may_see(site_id):
        raise NotFound("There is no such site among yours.", pointer="/site_id")


def _rule(trial: RuleTrial) -> tuple[Rule, Mapping[str, Sending]]:
    book = rulebook(trial.site_id)
    if trial.draft is None:
        if (known := book.rules.get(trial.rule or "")) is None:
            names = ", ".join(book.rules)
            raise RuleRefused(f"There is no such rule: take {names}.", pointer="/rule")
        return known, book.sendings
    rule = _draft(Rule, trial.draft, RuleRefused)
    others = {name: one for name, one in book.rules.items() if name != trial.rule}
    try:
        return rule, Rulebook.of({**others, trial.rule or "draft": rule}).sendings
    except ValueError as error:
        raise RuleRefused(str(error), pointer="/draft/steps") from None


def _draft(model: type[M], draft: object, refused: type[Invalid]) -> M:
    try:
        return model.model_validate(draft)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        pointer = "/".join(["/draft", *map(str, first["loc"])])
        raise refused(first["msg"].removeprefix("Value error, "), pointer=pointer) from None


async def _occasions(tx: Transaction, trial: RuleTrial, rule: Rule) -> list[Occasion]:
    if not trial.events:
        in_force = rulebook(trial.site_id).rules.get(trial.rule or "", rule)
        kinds = [step.kind for step in in_force.steps]
        rows = await tx.fetch(PLANNED, trial.site_id, kinds, tx.now + timedelta(days=trial.days))
        return [Occasion(**dict(row)) for row in rows]
    zones = await zones_of(tx, [trial.site_id])
    found = []
    for n, data in enumerate(trial.events):
        try:
            event = SOURCES[rule.on].model_validate(data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            pointer = "/".join(["/events", str(n), *map(str, first["loc"])])
            raise RuleRefused(f"{rule.on}: {first['msg']}.", pointer=pointer) from None
        if matches(rule.where, event):
            zone = getattr(event, "time_zone", zones.get(trial.site_id, "UTC"))
            found.append(occasion_of(rule, event, zone))
    return found


def _would(found: Wanted, about: Occasion, known: Recipient, sending: Sending | None) -> WouldSend:
    outcome, because = "task", None
    channel, text, language, fell_back = None, None, None, False
    if sending is not None:
        zone = zone_for(known.contact, about.time_zone)
        outcome, because = _outcome(found, about, known, sending)
        channel = known.way()
        template = templates(about.site_id)[sending.template]
        language, fell_back = template.in_language(known.language)
        when = spoken(about.anchor, zone, ZoneInfo(about.time_zone), language)
        written = fill_in(template, about.site_id, channel, language, {"when": when})
        text = written.text.body
    return WouldSend(
        client_id=about.client_id,
        about=about.about,
        kind=found.step.kind,
        to=found.step.to,
        due_at=found.due_at,
        expires_at=found.expires_at,
        outcome=outcome,
        because=because,
        channel=channel,
        language=language,
        fell_back=fell_back,
        text=text,
    )


def _outcome(
    found: Wanted, about: Occasion, known: Recipient, sending: Sending
) -> tuple[Literal["send", "wait", "not_sent"], str | None]:
    """What would be decided at the instant at which the message is due."""
    policy, site_zone = timing_policy(about.site_id), ZoneInfo(about.time_zone)
    way = known.way()
    stands = standing(known.stays, about.enrolment_id)
    decision = decide(
        found.due_at,
        withdrawn=False,
        standing=stands,
        sent_on_hold=sending.rule.on_hold,
        after_stay=sending.rule.after_stay,
        resumes_at=None,
        due_at=found.due_at,
        expires_at=found.expires_at,
        reach=known.reach(about.time_zone),
        agreed=Agreed(known.consents, sending.purpose(way and known.needed(way)), site_zone),
        window=policy.hours,
        unknown_contact=timedelta(0),
        stopped=None if way is None else known.stopped_at(way),
    )
    match decision:
        case Send():
            return "send", None
        case Suppress(rule):
            return "not_sent", rule
        case GiveUp(failure):
            return "not_sent", failure
        case Postpone():
            return "wait", stands if stands == "on_hold" else "outside_safe_times"
        case Cancel():
            return "not_sent", stands
        case _:
            raise AssertionError(decision)  # nothing that is tried out was withdrawn
