"""What a screen is: an address, a template, a function that gathers, and what may be done there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from portal.page import Page

Gather = Callable[..., Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class View:
    """A screen. A form on it names one of `acts`, and is sent to the screen's own address."""

    path: str
    template: str
    gather: Gather
    acts: tuple[str, ...]
    needs: str
    """The operation without which there is no such page: who may not call it, may not see it."""


VIEWS: list[View] = []


def view(path: str, template: str, needs: str, *acts: str) -> Callable[[Gather], Gather]:
    """Declare the screen whose template is shown with what the function gathers."""

    def declared(gather: Gather) -> Gather:
        VIEWS.append(View(path, template, gather, acts, needs))
        return gather

    return declared


__all__ = ["VIEWS", "Page", "View", "view"]
