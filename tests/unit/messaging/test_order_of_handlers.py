"""Handlers of one event run in the order that they declare, however a service lists them."""

import importlib
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from shared.contracts.base import Event
from shared.contracts.intake import (
    ClientMergeUndone,
    ClientsMerged,
    ContactDetailsChanged,
    EpisodeStateChanged,
)
from shared.contracts.scheduling import SessionAttended, SessionMissed, SessionNotHeld
from shared.database import Transaction
from shared.messaging.envelope import Received
from shared.messaging.handlers import Consumers, Handler, OrderOfHandlers, Registry
from shared.service import Service
from shared.settings import SERVICES


def handler(capability: str, *after: str) -> Handler:
    async def take(tx: Transaction, received: Received[Any]) -> None: ...

    take.__module__ = f"services.made_up.{capability}.consumers"
    return Handler(SessionAttended, take, takes_many=False, after=after)


def order_of(*handlers: Handler) -> list[str]:
    listed = []
    for one in handlers:
        consumers = Consumers()
        consumers.handlers[SessionAttended.type_name()] = one
        listed.append(consumers)
    registry = Registry("made_up", listed)
    return [one.capability for one in registry.by_type[SessionAttended.type_name()]]


def test_a_handler_runs_after_those_that_it_names():
    assert order_of(handler("c", "b"), handler("b", "a"), handler("a")) == ["a", "b", "c"]


def test_a_handler_that_would_run_after_one_that_is_not_there_is_refused_at_the_start():
    with pytest.raises(OrderOfHandlers, match="c handles SessionAttended after b, which does not"):
        order_of(handler("c", "b"), handler("a"))


def test_handlers_that_wait_for_one_another_are_refused_at_the_start():
    with pytest.raises(OrderOfHandlers, match="wait for one another: "):
        order_of(handler("a", "b"), handler("b", "a"))


def test_two_handlers_of_one_capability_are_refused_at_the_start():
    with pytest.raises(OrderOfHandlers, match="a has two handlers of SessionAttended"):
        order_of(handler("a"), handler("a"))


def test_a_command_that_is_given_events_is_a_handler_of_its_capability():
    async def keep(tx: Transaction, events: Sequence[SessionAttended]) -> None: ...

    keep.__module__ = "services.made_up.a.commands"
    consumers = Consumers()
    consumers.give(SessionAttended, keep, "b")
    assert order_of(*consumers.handlers.values(), handler("b")) == ["b", "a"]


async def test_each_handler_gets_an_event_in_the_trace_that_it_was_sent_in():
    seen = []

    async def take(tx: Transaction, received: Any) -> None:
        seen.append(received.traceparent)
        received.traceparent = "that of the span around the handler"

    registry = Registry("made_up", [])
    first, second = (handler(name) for name in "ab")
    registry.by_type["told"] = [replace(one, function=take) for one in (first, second)]
    told: Any = SimpleNamespace(traceparent=None)
    await registry.handle(cast(Transaction, None), "told", [told])
    assert seen == [None, None]
    assert told.traceparent, "for what is left for the end"


@pytest.mark.parametrize("name", SERVICES)
def test_the_order_in_which_a_service_lists_its_consumers_decides_nothing(name: str):
    service: Service = importlib.import_module(f"services.{name}.service").service
    random = Random(7)
    for _ in range(20):
        listed = list(service.consumers)
        random.shuffle(listed)
        for handlers in Registry(name, listed).by_type.values():
            ran: set[str] = set()
            for one in handlers:
                assert ran.issuperset(one.after)
                ran.add(one.capability)


def test_locks_of_a_client_s_grants_come_before_the_rows_that_attendance_changes():
    service: Service = importlib.import_module("services.intake.service").service
    by_type = Registry("intake", reversed(service.consumers)).by_type
    for contract in (SessionAttended, SessionMissed, SessionNotHeld):
        assert by_type[contract.type_name()][0].capability == "authorizations"


@pytest.mark.parametrize(
    ("name", "contract", "order"),
    [
        ("outcomes", ClientsMerged, ["merges", "risk", "step_down"]),
        ("outcomes", ClientMergeUndone, ["merges", "step_down"]),
        ("outcomes", EpisodeStateChanged, ["episodes", "step_down"]),
        ("notifications", ClientMergeUndone, ["merges", "planning"]),
        ("notifications", ContactDetailsChanged, ["contacts", "planning"]),
    ],
)
def test_what_others_read_is_written_first(name: str, contract: type[Event], order: list[str]):
    service: Service = importlib.import_module(f"services.{name}.service").service
    handlers = Registry(name, reversed(service.consumers)).by_type[contract.type_name()]
    assert [one.capability for one in handlers if one.capability in order] == order
