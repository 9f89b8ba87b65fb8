"""`stepwell subscriber`: let a system that is none of the four services read events."""

import os
from typing import Annotated

import typer

from stepwell.runtime import environment
from stepwell.runtime.problem import WRONG_USE, Problem
from stepwell.runtime.state import State
from stepwell.runtime.subscribers import MECHANISM, OPEN, Subscribers, admit, checked, expel
from stepwell.runtime.topics import Broker

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Its principal, and the name of its consumer group.")]


@app.command("add")
def add(
    name: Name,
    topics: Annotated[str, typer.Option(help=f"With commas between, of {', '.join(OPEN)}.")],
) -> None:
    """Give a system a principal, a password, a group, and read access to topics; print them once.

    Added again it gets a new password and these topics only. Works on the broker of the running
    system, or on the one that KAFKA_BOOTSTRAP_SERVERS names (as `stepwell topics` does).
    """
    subscriber = checked(name, [part.strip() for part in topics.split(",") if part.strip()])
    broker, prefix, local = _place()
    admit(broker, prefix, name, subscriber)
    if local is not None:
        local.keep({**local.all(), name: subscriber})
    told = {
        "bootstrap servers": broker.bootstrap_servers,
        "SASL mechanism": MECHANISM,
        "principal": name,
        "password": subscriber.secret,
        "consumer group": f"{prefix}{name}, or {prefix}{name}.anything",
        "topics": ", ".join(prefix + OPEN[stream].name for stream in subscriber.topics),
        "missed events": "GET /events of the publishing service, with a token of the role "
        f"subscriber and the claim topics {subscriber.topics}",
        "token": f"client credentials {name} and the password, at the local issuer's /token"
        if local is not None
        else "by your identity provider",
    }
    for what, value in told.items():
        typer.echo(f"{what}: {value}")


@app.command("list")
def list_all() -> None:
    """Show the subscribers of the running system, without their passwords."""
    _, _, local = _place()
    if local is None:
        raise Problem("Only the running system keeps a list: ask the broker for its access lists.")
    for name, subscriber in sorted(local.all().items()):
        typer.echo(f"{name}: {', '.join(subscriber.topics)}")


@app.command("remove")
def remove(name: Name) -> None:
    """Take a subscriber's password and access away. A token it holds ends within five minutes."""
    broker, prefix, local = _place()
    known = {} if local is None else local.all()
    if local is not None and name not in known:
        raise Problem(
            f"There is no subscriber {name}: see `stepwell subscriber list`.", exit_code=WRONG_USE
        )
    expel(broker, prefix, name)
    if local is not None:
        local.keep({other: one for other, one in known.items() if other != name})
    typer.echo(f"{name} may read nothing any more.")


def _place() -> tuple[Broker, str, Subscribers | None]:
    """The broker that is meant, the prefix of its topics, and the local list if it is ours."""
    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        known = dict(os.environ)
        return environment.broker(known), known.get("KAFKA_TOPIC_PREFIX", ""), None
    known = environment.load_running()
    prefix = known.get("KAFKA_TOPIC_PREFIX", "")
    return environment.broker(known), prefix, Subscribers(State.default().subscribers)
