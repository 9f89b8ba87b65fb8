"""Which function takes which event."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeVar

from shared.contracts.base import Event
from shared.database.transaction import Transaction
from shared.messaging.envelope import Received
from shared.messaging.spans import applying

E = TypeVar("E", bound=Event)
One = Callable[[Transaction, Received[E]], Awaitable[None]]
Many = Callable[[Transaction, list[Received[E]]], Awaitable[None]]
Keeping = Callable[[Transaction, Sequence[E]], Awaitable[None]]


class OrderOfHandlers(RuntimeError):
    """Handlers of one event that cannot run in the order they declare; the service does not
    start."""


@dataclass(frozen=True, slots=True)
class Handler:
    """A function for one event type. `takes_many`: it gets a list, for set-based SQL.

    `after` names the capabilities of the service whose handlers of this event run before.
    """

    contract: type[Event]
    function: Callable[[Transaction, Any], Awaitable[None]]
    takes_many: bool
    after: tuple[str, ...] = ()

    @property
    def capability(self) -> str:
        """The folder that the function's `consumers.py` or `commands.py` stands in, or another
        module's own name."""
        *_, folder, module = self.function.__module__.split(".")
        return folder if module in ("consumers", "commands") else module

    async def __call__(self, tx: Transaction, consumer: str, received: list[Received[Any]]) -> None:
        if self.takes_many:
            with applying(consumer, received):
                await self.function(tx, received)
            return
        for one in received:
            with applying(consumer, [one]):
                await self.function(tx, one)


class Consumers:
    """The handlers of a capability. A handler is a plain async function, registered in one line."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}

    def on(self, contract: type[E], *after: str) -> Callable[[One[E]], One[E]]:
        """Register a function that takes one event.

        Handlers of one event run in any order, unless one says `after` which other capabilities of
        the service it has to run: as it reads what they write, or as they take locks that come
        before its own.
        """

        def register(function: One[E]) -> One[E]:
            self._add(Handler(contract, function, takes_many=False, after=after))
            return function

        return register

    def on_many(self, contract: type[E], *after: str) -> Callable[[Many[E]], Many[E]]:
        """Register a function that takes a list of events of one type; `after` as for `on`.

        A client may occur several times in the list, in the order of its stream.
        """

        def register(function: Many[E]) -> Many[E]:
            self._add(Handler(contract, function, takes_many=True, after=after))
            return function

        return register

    def give(self, contract: type[E], command: Keeping[E], *after: str) -> None:
        """Let a command of the capability take the events of one type as they are; `after` as for
        `on`."""

        @wraps(command)
        async def keep(tx: Transaction, received: list[Received[E]]) -> None:
            await command(tx, [one.event for one in received])

        self._add(Handler(contract, keep, takes_many=True, after=after))

    def _add(self, handler: Handler) -> None:
        name = handler.contract.type_name()
        if name in self.handlers:
            raise ValueError(f"{name} already has a handler here.")
        self.handlers[name] = handler


class Registry:
    """All handlers of a service. Several capabilities may react to one event, in the order that
    the handlers declare.

    Raises:
        OrderOfHandlers: one runs after a capability that does not handle the event, or they wait
            for one another.
    """

    def __init__(
        self, consumer: str, consumers: Iterable[Consumers], *, some: bool = False
    ) -> None:
        """With `some` they are not all of the service: what they are to run after may be absent."""
        self.consumer = consumer
        self.by_type: dict[str, list[Handler]] = {}
        for capability in consumers:
            for name, handler in capability.handlers.items():
                self.by_type.setdefault(name, []).append(handler)
        for name, handlers in self.by_type.items():
            self.by_type[name] = in_order(among(handlers) if some else handlers)

    @property
    def streams(self) -> list[str]:
        """The streams that carry the handled events."""
        return sorted({h[0].contract.stream for h in self.by_type.values()})

    def contract_of(self, type_name: str) -> type[Event] | None:
        """The contract of a handled type, or None when nobody here reacts to it."""
        handlers = self.by_type.get(type_name)
        return None if handlers is None else handlers[0].contract

    async def handle(self, tx: Transaction, type_name: str, received: list[Received[Any]]) -> None:
        """Give events of one type to every handler of that type, whose spans lie side by side."""
        sent_in = [one.traceparent for one in received]
        for handler in self.by_type[type_name]:
            for one, traceparent in zip(received, sent_in, strict=True):
                one.traceparent = traceparent
            await handler(tx, self.consumer, received)


def among(handlers: Sequence[Handler]) -> list[Handler]:
    """The handlers, each after those only that are among them."""
    there = {handler.capability for handler in handlers}
    return [replace(h, after=tuple(name for name in h.after if name in there)) for h in handlers]


def in_order(handlers: Sequence[Handler]) -> list[Handler]:
    """The handlers of one event, each after those that it declares.

    Raises:
        OrderOfHandlers: see `Registry`.
    """
    by_capability: dict[str, Handler] = {}
    for handler in handlers:
        if by_capability.setdefault(handler.capability, handler) is not handler:
            name = handler.contract.__name__
            raise OrderOfHandlers(f"{handler.capability} has two handlers of {name}.")
    for handler in handlers:
        if unknown := set(handler.after) - set(by_capability):
            raise OrderOfHandlers(
                f"{handler.capability} handles {handler.contract.__name__} after "
                f"{min(unknown)}, which does not handle it."
            )
    order = TopologicalSorter({name: one.after for name, one in by_capability.items()})
    try:
        return [by_capability[name] for name in order.static_order()]
    except CycleError as error:
        waiting = " → ".join(error.args[1])
        raise OrderOfHandlers(
            f"Handlers of {handlers[0].contract.__name__} wait for one another: {waiting}."
        ) from None
