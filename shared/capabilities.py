"""What the capabilities of a service declare: routers, consumers and jobs, found by the names of
the rooms in which they stand."""

import re
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")
DECLARING = re.compile(r"(\w+_)?routes|page|consumers|jobs")
"""The rooms that are looked at; see CONTRIBUTING.md."""


class Capabilities:
    """The capabilities of a service; `names` are those of their folders, with spaces between."""

    def __init__(self, service: str, names: str) -> None:
        self.names = names.split()
        self._rooms: list[ModuleType] = []
        for name in self.names:
            folder = import_module(f"services.{service}.{name}")
            rooms = [one.name for one in iter_modules(folder.__path__)]
            for room in sorted(filter(DECLARING.fullmatch, rooms), key=lambda one: one != "routes"):
                self._rooms.append(import_module(f"{folder.__name__}.{room}"))

    def all(self, kind: type[T]) -> list[T]:
        """What the rooms have of that kind, once each: capabilities in the order in which they are
        named, and of the rooms of one `routes` first."""
        declared = [
            one for room in self._rooms for one in vars(room).values() if isinstance(one, kind)
        ]
        return list({id(one): one for one in declared}.values())
