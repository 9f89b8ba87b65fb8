"""Requests that have to be refused, sent on purpose, and one that is repeated."""

from typing import Any

from stepwell.region.api import Answer, Who
from stepwell.region.arrivals import referral_of, screening_of
from stepwell.region.plan import ClientPlan, Fault, FaultPlan, Measured
from stepwell.region.settle import settled
from stepwell.region.walk import Walk, together
from stepwell.runtime.problem import CHECK_FAILED, Problem

REFUSED = (409, 422)
Request = tuple[str, str, Who, dict[str, Any], str]
"""Service, path, who asks, body and idempotency key."""


async def try_faults(walk: Walk) -> None:
    """Send every planned fault. Due after the first session and before the last one, at rest.

    Raises:
        Problem: a service did what it should have refused, or a refused request left an event.
    """
    before = (await settled(walk.services)).published
    clients = {client.number: client for client in walk.region.clients}

    async def one(numbered: tuple[int, FaultPlan]) -> None:
        number, fault = numbered
        service, path, who, body, key = request_of(walk, fault.kind, clients[fault.client], number)
        answer = await walk.services.attempt(service, path, who, body, key=key)
        walk.refusals.sent += 1
        if answer.status not in REFUSED:
            raise Problem(
                f"{service} answered {answer.status} to {fault.kind}, which it has to refuse.",
                exit_code=CHECK_FAILED,
            )
        walk.refusals.refused[(fault.kind.value, answer.problem)] += 1

    await together(enumerate(walk.region.faults), one)
    left = (await settled(walk.services)).published - before
    if left:
        raise Problem(f"Refused requests left {left} events.", exit_code=CHECK_FAILED)


async def repeat_referral(walk: Walk) -> Answer:
    """Send the first client's referral once more, as after a lost answer."""
    client = walk.region.clients[0]
    return await walk.services.attempt(
        "intake",
        "/referrals",
        walk.who("front_desk", client),
        referral_of(walk, client),
        key=walk.key("referral", client.number),
    )


def request_of(walk: Walk, kind: Fault, client: ClientPlan, number: int) -> Request:
    """The faulty request. `number` keeps the keys of several of a kind apart."""
    key = walk.key("fault", number)
    match kind:
        case Fault.IMPOSSIBLE_ANSWER | Fault.MISSING_ANSWER | Fault.UNKNOWN_VERSION:
            return _screening(walk, kind, client, key)
        case Fault.UNKNOWN_FIELD | Fault.KEY_REUSED:
            return _referral(walk, kind, client, key)
        case Fault.ENROLLED_TWICE | Fault.ANOTHER_LEVEL:
            return (
                "intake",
                f"/clients/{walk.id_of(client)}/enrolments",
                walk.who("site_manager", client),
                {"determination_id": walk.determinations[client.number]["id"]},
                key,
            )
        case Fault.TOO_EARLY | Fault.NOT_PLACED:
            return _attendance(walk, kind, client, key)


def _screening(walk: Walk, kind: Fault, client: ClientPlan, key: str) -> Request:
    answers: tuple[int | None, ...] = (0,) * 9
    if kind is Fault.IMPOSSIBLE_ANSWER:
        answers = (4, *answers[1:])
    if kind is Fault.MISSING_ANSWER:
        answers = answers[1:]
    body = screening_of("follow_up", (Measured("phq-9", answers),))
    if kind is Fault.UNKNOWN_VERSION:
        body["responses"][0]["version"] = "0.0"
    path = f"/clients/{walk.id_of(client)}/screenings"
    return "intake", path, walk.who("counselor", client), body, key


def _referral(walk: Walk, kind: Fault, client: ClientPlan, key: str) -> Request:
    body = referral_of(walk, client)
    if kind is Fault.UNKNOWN_FIELD:
        body["favourite_color"] = "green"
    else:
        body["source"] = "other" if body["source"] != "other" else "self"
        key = walk.key("referral", client.number)
    return "intake", "/referrals", walk.who("front_desk", client), body, key


def _attendance(walk: Walk, kind: Fault, client: ClientPlan, key: str) -> Request:
    site = walk.sites[client.site]["id"]
    here = next(cohort["id"] for cohort in walk.cohorts if cohort["site_id"] == site)
    session = walk.sessions[here][0]
    if kind is Fault.TOO_EARLY:
        session = walk.sessions[walk.placements[client.number]["cohort_id"]][-1]
    body = {"client_id": walk.id_of(client), "status": "present"}
    path = f"/sessions/{session['id']}/attendance"
    return "scheduling", path, walk.who("front_desk", client), body, key
