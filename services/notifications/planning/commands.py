"""Planning and taking back what the rules in force make of events."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.notifications.contacts.queries import contacts_of, zone_for
from services.notifications.delivery.commands import (
    Earlier,
    PlannedMessage,
    Subject,
    cancel_earlier,
    cancel_for_other_starts,
    cancel_messages,
    plan_messages,
    replan,
)
from services.notifications.delivery.queries import (
    Untried,
    told_of_another_start,
    untried_of,
)
from services.notifications.escalations.tasks import (
    NewTask,
    PlannedTask,
    plan_tasks,
    withdraw_earlier,
    withdraw_tasks,
)
from services.notifications.planning.rules import (
    Occasion,
    Wanted,
    about_of,
    at_the_earliest,
    due,
    occasion_of,
    wanted,
)
from services.notifications.rulebook.policy import Rule, matches, rulebook
from services.notifications.sites.queries import zones_of
from services.notifications.timing.policy import timing_policy
from services.notifications.timing.rules import next_open
from shared.calendar import day_at
from shared.contracts.base import Event
from shared.database import Transaction
from shared.merges import records_of

Told = tuple[Event, str | None]
"""An event and the trace that it came with."""
ZONE_OF_NOWHERE = "UTC"
"""Of a site that nothing was told of yet."""


async def follow_rules(tx: Transaction, name: str, told: Sequence[Told]) -> None:
    """Take back what events end, and plan what they start, by the rules of their sites.

    All `told` are events of the name; of several about the same the last one counts, whether it
    starts or ends.
    """
    started: dict[tuple[str, UUID, UUID], tuple[Rule, Event, str | None]] = {}
    over: dict[str, list[Subject]] = {"client": [], "staff": []}
    earlier: dict[str, list[Earlier]] = {"client": [], "staff": []}
    for event, traceparent in told:
        book, client = rulebook(_site(event)), _client(event)
        for key, rule, end in book.ended_by(name):
            if not matches(end.where, event):
                continue
            steps = [step for step in rule.steps if end.takes_back(step)]
            if end.earlier:
                for step in steps:
                    earlier[step.to].append((step.kind, client, getattr(event, rule.anchor)))
                continue
            about = about_of(end.about or rule.about, event)
            for step in steps:
                over[step.to].append((step.kind, client, about))
            started.pop((key, client, about), None)
        for key, rule in book.started_by(name):
            if matches(rule.where, event):
                started[key, client, about_of(rule.about, event)] = rule, event, traceparent
    await cancel_messages(tx, over["client"])
    await withdraw_tasks(tx, over["staff"])
    await cancel_earlier(tx, earlier["client"])
    await withdraw_earlier(tx, earlier["staff"])
    if started:
        await _start(tx, list(started.values()))


async def move_messages(tx: Transaction, client_id: UUID) -> None:
    """Plan the messages of a person that have not been tried yet anew, for the zone stated now."""
    contact = (await contacts_of(tx, await records_of(tx, [client_id]))).get(client_id)
    times = []
    for one in await untried_of(tx, client_id):
        sending = rulebook(one.site_id).sendings.get(one.kind)
        if sending is None or sending.step.when is None:
            continue
        about = _occasion(one, sending.rule)
        zone, window = zone_for(contact, about.time_zone), timing_policy(about.site_id).hours
        found = due(sending.step, about, zone=zone, window=window, now=tx.now)
        times.append({"id": one.id, **_times(found, about, known=contact is not None)})
    await replan(tx, times)


async def _start(tx: Transaction, started: Sequence[tuple[Rule, Event, str | None]]) -> None:
    """Plan what rules make of events, each of another thing.

    Who was told of a time to which something was moved from hears the new one at once.
    """
    zones = await zones_of(tx, (_site(event) for _, event, _ in started))
    contacts = await contacts_of(
        tx, await records_of(tx, (_client(event) for _, event, _ in started))
    )
    told_wrong = await told_of_another_start(
        tx,
        [
            (_client(event), about_of(rule.about, event), getattr(event, rule.anchor))
            for rule, event, _ in started
            if getattr(event, "moved_from", None) is not None
        ],
    )
    messages, tasks = [], []
    left_out: dict[Subject, datetime] = {}
    for rule, event, traceparent in started:
        known = zones.get(_site(event), ZONE_OF_NOWHERE)
        about = occasion_of(rule, event, getattr(event, "time_zone", known))
        contact = contacts.get(about.client_id)
        zone, window = zone_for(contact, about.time_zone), timing_policy(about.site_id).hours
        found = list(wanted(rule, about, zone=zone, window=window, now=tx.now))
        if found and (about.client_id, about.about) in told_wrong:
            found[0] = at_the_earliest(found[0], next_open(tx.now, zone, window))
        kinds = {one.step.kind for one in found}
        for step in rule.steps:
            if step.to == "client" and step.kind not in kinds and not step.once:
                left_out[step.kind, about.client_id, about.about] = about.anchor
        for one in found:
            if one.step.to == "staff":
                tasks.append(_task(about, one, traceparent))
                continue
            messages.append(_message(rule, about, one, traceparent, known=contact is not None))
    await cancel_for_other_starts(tx, left_out)
    await plan_messages(tx, messages)
    await plan_tasks(tx, tasks)


def _occasion(planned: Untried, rule: Rule) -> Occasion:
    """What a planned message is about. One that ends with its anchor may have been given up as too
    late, so its end is the anchor's again."""
    ends_then = rule.until_field is None and not rule.until.ahead
    return Occasion(
        site_id=planned.site_id,
        client_id=planned.client_id,
        enrolment_id=planned.enrolment_id,
        about=planned.session_id,
        anchor=planned.session_starts_at,
        until=planned.session_starts_at if ends_then else planned.expires_at,
        time_zone=planned.site_time_zone,
    )


def _times(found: Wanted, about: Occasion, *, known: bool) -> dict[str, Any]:
    """The times of a message. It is never too late for a client not heard of yet, who may state
    another zone in a moment: what becomes of such a message is decided when it is due."""
    return {
        "due_at": found.due_at,
        "due_on": day_at(found.due_at, about.time_zone),
        "expires_at": found.expires_at if known else about.until,
    }


def _task(about: Occasion, found: Wanted, traceparent: str | None) -> PlannedTask:
    return PlannedTask(
        NewTask(
            site_id=about.site_id,
            client_id=about.client_id,
            enrolment_id=about.enrolment_id,
            kind=found.step.kind,
            about=about.about,
            anchor=about.anchor,
            opens_at=found.due_at,
        ),
        pause=timedelta(minutes=found.step.next_person_minutes),
        rounds=found.step.rounds,
        expires_at=found.expires_at,
        traceparent=traceparent,
    )


def _message(
    rule: Rule, about: Occasion, found: Wanted, traceparent: str | None, *, known: bool
) -> PlannedMessage:
    return PlannedMessage(
        site_id=about.site_id,
        client_id=about.client_id,
        enrolment_id=about.enrolment_id,
        kind=found.step.kind,
        session_id=about.about,
        session_starts_at=about.anchor,
        site_time_zone=about.time_zone,
        **_times(found, about, known=known),
        traceparent=traceparent,
        once=found.step.once,
        after_stay=rule.after_stay,
    )


def _site(event: Event) -> UUID:
    site_id: UUID = event.site_id  # type: ignore[attr-defined]  # every source has one
    return site_id


def _client(event: Event) -> UUID:
    client_id: UUID = event.client_id  # type: ignore[attr-defined]  # every source has one
    return client_id
