"""What a story promises, checked against what the services say."""

from stepwell.region.found import Client
from stepwell.region.plan import Part
from stepwell.region.walk import Walk
from stepwell.runtime.problem import CHECK_FAILED, Problem

OUTREACH = "missed_session_outreach"


class StoryFailed(Problem):
    """Something that the story promises did not happen."""

    def __init__(self, line: str) -> None:
        super().__init__(f"The story did not keep its promise: {line}", exit_code=CHECK_FAILED)


def check_promises(walk: Walk, clients: dict[int, Client], above: set[str]) -> None:
    """Raises StoryFailed for the first promise that was not kept.

    `above` are the levels of care that are higher than the program's.
    """
    for plan in walk.region.playing(Part.STEPS_DOWN):
        _stepped_down(clients[plan.number])
        _reached_after_a_miss(clients[plan.number])
    for plan in walk.region.playing(Part.DUAL_DIAGNOSIS):
        client = clients[plan.number]
        if not any(p["track"] == "dual_diagnosis" for p in client.placements):
            raise StoryFailed(f"{client.label} has no seat in a dual-diagnosis cohort.")
    for plan in walk.region.playing(Part.NEEDS_MORE):
        client = clients[plan.number]
        if not above & {d["recommended_level"] for d in client.determinations}:
            raise StoryFailed(f"{client.label} was not found to need a higher level of care.")
        if client.enrolments:
            raise StoryFailed(f"{client.label} needs another level and was enrolled all the same.")
        if client.referral["state"] != "redirected":
            raise StoryFailed(f"{client.label} was not redirected to where the needs are met.")
    flags = [flag for client in clients.values() for flag in client.flags]
    if not flags:
        raise StoryFailed("no risk was flagged.")
    if any(flag["acknowledged_at"] is None for flag in flags):
        raise StoryFailed("a risk was flagged and seen to by nobody.")
    if walk.refusals.sent != sum(walk.refusals.refused.values()):
        raise StoryFailed("a faulty request was accepted.")


def _stepped_down(client: Client) -> None:
    found = [one for one in client.recommendations if one["kind"] == "step_down"]
    if not found:
        raise StoryFailed(f"no step-down was recommended for {client.label}.")
    criteria = found[-1]["criteria"]
    if not criteria or not all(criterion["met"] for criterion in criteria):
        raise StoryFailed(f"the recommendation for {client.label} is not explained.")
    if [enrolment["state"] for enrolment in client.enrolments] != ["stepped_down"]:
        raise StoryFailed(f"{client.label} was not stepped down after the decision.")
    if any(placement["state"] != "ended" for placement in client.placements):
        raise StoryFailed(f"{client.label} still has a seat after the step-down.")


def _reached_after_a_miss(client: Client) -> None:
    missed = {one["session_id"] for one in client.attendances if one["status"] == "no_show"}
    if not missed & {message["session_id"] for message in client.delivered(OUTREACH)}:
        raise StoryFailed(f"no message reached {client.label} after the missed session.")
