"""What intake tells of stays: that they began, pause, go on and end, in whatever way."""

from services.notifications.stays.commands import Stay, enter_stays
from services.notifications.stays.rules import Standing
from shared.contracts.intake import ClientEnrolled, ClientSteppedDown, EpisodeStateChanged
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(ClientEnrolled)
async def clients_enrolled(tx: Transaction, received: list[Received[ClientEnrolled]]) -> None:
    events = [one.event for one in received]
    await enter_stays(
        tx,
        (Stay(e.enrolment_id, e.client_id, e.site_id, "in_program", e.enrolled_at) for e in events),
    )


@consumers.on_many(EpisodeStateChanged)
async def stays_changed(tx: Transaction, received: list[Received[EpisodeStateChanged]]) -> None:
    events = [one.event for one in received]
    await enter_stays(
        tx,
        (Stay(e.enrolment_id, e.client_id, e.site_id, _standing(e), e.changed_at) for e in events),
    )


@consumers.on_many(ClientSteppedDown)
async def clients_stepped_down(
    tx: Transaction, received: list[Received[ClientSteppedDown]]
) -> None:
    events = [one.event for one in received]
    await enter_stays(
        tx,
        (Stay(e.enrolment_id, e.client_id, e.site_id, "over", e.stepped_down_at) for e in events),
    )


def _standing(changed: EpisodeStateChanged) -> Standing:
    if changed.to_state == "died":
        return "gone"
    if changed.ended:
        return "over"
    return "on_hold" if changed.to_state == "on_hold" else "in_program"
