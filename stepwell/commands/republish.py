"""`stepwell republish`: refill a lost topic from its publisher's journal."""

from typing import Annotated

import typer

from shared.contracts.topics import TOPICS
from stepwell.operator import Operator
from stepwell.runtime.problem import WRONG_USE, Problem

PUBLISHERS = {topic.stream: topic.producer for topic in TOPICS if not topic.derived}


def command(
    stream: Annotated[str, typer.Argument(help=f"One of {', '.join(PUBLISHERS)}.")],
    key: Annotated[str | None, typer.Option(help="One client only.")] = None,
) -> None:
    """Queue every event of a stream for the relay once more, in the order of each client.

    Subscribers skip what they applied before, so doing it twice does no harm. Create the topic
    first with `stepwell topics` when it is gone.
    """
    if stream not in PUBLISHERS:
        raise Problem(
            f"No service keeps a journal of {stream}: use {', '.join(PUBLISHERS)}.",
            exit_code=WRONG_USE,
        )
    operator = Operator()
    queued, cursor = 0, None
    while True:
        page = operator.post(
            PUBLISHERS[stream], "/operations/republish", stream=stream, key=key, cursor=cursor
        )
        queued += page["queued"]
        cursor = page["next"]
        if cursor is None:
            break
        typer.echo(f"{queued} events queued …", err=True)
    typer.echo(f"{queued} events of {stream} were queued for publishing.")
