"""Who follows the board: one look at the database for all listeners of a process.

A change raises the number of its site's board (`commands.tell_sites`), whichever process applied
it. Each process looks when it is woken, and twice a second anyway, which boards have a higher
number, and reckons those that somebody follows once for all who see the same sites. What a listener
is sent is the state, so nothing is queued for anybody: who reads slowly is sent the latest state
when it has read the one before. What changes by time alone, such as how long somebody waits, is
told every half minute.
"""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from fastapi import FastAPI

from services.outcomes.board.queries import show_board
from services.outcomes.board.schemas import BoardEvent, Figures, SiteBoard
from services.outcomes.directory.schemas import Area
from shared import clock
from shared.access import Caller
from shared.database import ALL_SITES, Database, Sites, Transaction
from shared.errors import ServiceUnavailable
from shared.service import is_stopping

log = structlog.get_logger()

POLL_SECONDS = 0.5
PAUSE_SECONDS = 0.1
"""Between two looks, so that a burst of changes is one event."""
REFRESH_SECONDS = 30.0
KEEP_ALIVE_SECONDS = 15.0
LONGEST_SECONDS = 3_600.0
"""So long one stream lasts, whatever its token says."""
MOST_LISTENERS = 1_000
"""Of one process. Each holds a number and a connection, some 50 KB."""
RETRY_MS = 2_000
NUMBER = re.compile(r"\d{1,18}", re.ASCII)
CHANGED = "SELECT site_id, change FROM board_changes WHERE change > $1"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose boards somebody follows."""

    sites: Sites
    area: Area


@dataclass(slots=True)
class View:
    """The latest state of the boards of a scope. `revision` goes up when something differs."""

    scope: Scope
    listeners: int = 0
    revision: int = 0
    change: int = 0
    at: datetime = clock.EPOCH
    boards: dict[UUID, tuple[int, SiteBoard]] = field(default_factory=dict)
    """With the revision since which a site stands so."""
    total: Figures = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    told: dict[int, str] = field(default_factory=dict)
    """What is sent to whoever has seen a revision; the same for all of them."""

    def may_show(self, changed: set[UUID]) -> bool:
        """Whether one of these sites may be among those that are followed, or come to be."""
        return bool(changed if self.scope.sites == ALL_SITES else changed & self.scope.sites)

    async def look(self, tx: Transaction) -> None:
        """Take the state as it is now."""
        board = await show_board(tx, self.scope.area)
        known = {site: shown for site, (_, shown) in self.boards.items()}
        now = {shown.site_id: shown for shown in board.sites}
        self.at, self.change = board.at, board.change
        if known == now and self.revision:
            return
        self.revision += 1
        self.boards = {
            site: self.boards[site] if known.get(site) == shown else (self.revision, shown)
            for site, shown in now.items()
        }
        self.total = board.total
        self.told.clear()
        self.changed.set()
        self.changed = asyncio.Event()

    def first(self, last_id: int | None) -> str:
        """The whole board; of the event that was read last it says what was missed since."""
        boards = [shown for _, shown in self.boards.values()]
        missed = [s.site_id for s in boards if last_id is not None and s.change > last_id]
        return self._block(boards, missed=missed, whole=True)

    def event(self, seen: int) -> str:
        """What changed since a revision."""
        if seen not in self.told:
            boards = [shown for since, shown in self.boards.values() if since > seen]
            self.told[seen] = self._block(boards, missed=[], whole=False)
        return self.told[seen]

    def _block(self, boards: list[SiteBoard], *, missed: list[UUID], whole: bool) -> str:
        told = BoardEvent(
            at=self.at,
            change=self.change,
            whole=whole,
            sites=boards,
            missed_site_ids=missed,
            total=self.total,
        )
        data = told.model_dump_json()
        return f"id: {self.change}\nevent: board\nretry: {RETRY_MS}\ndata: {data}\n\n"


class Hub:
    """The views of one process, and the one task that keeps them."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._views: dict[Scope, View] = {}
        self._woken = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._known = 0

    @property
    def _database(self) -> Database:
        database: Database = self._app.state.database
        return database

    async def follow(self, caller: Caller, area: Area, last_id: str | None) -> AsyncIterator[str]:
        """The events for a caller, the first of which is the whole board.

        Raises:
            ServiceUnavailable: too many follow already in this process.
        """
        if sum(view.listeners for view in self._views.values()) >= MOST_LISTENERS:
            raise ServiceUnavailable("Too many follow the board here: try again in a moment.")
        scope = Scope(caller.sites, area)
        view = self._views.get(scope)
        if view is None:
            view = View(scope)
            await self._database.run(scope.sites, view.look)
            view = self._views.setdefault(scope, view)
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep(), name="board")
        return self._events(
            view, caller, int(last_id) if last_id and NUMBER.fullmatch(last_id) else None
        )

    async def _events(self, view: View, caller: Caller, last_id: int | None) -> AsyncIterator[str]:
        self._views[view.scope] = view
        view.listeners += 1
        seen, spoke = 0, time.monotonic()
        until = min(time.time() + LONGEST_SECONDS, caller.expires_at or float("inf"))
        try:
            while True:
                changed = view.changed
                if seen != view.revision:
                    text = view.event(seen) if seen else view.first(last_id)
                    seen = view.revision
                    yield text
                    spoke = time.monotonic()
                elif time.monotonic() - spoke > KEEP_ALIVE_SECONDS:
                    yield ": nothing has changed\n\n"
                    spoke = time.monotonic()
                left = until - time.time()
                if left <= 0 or is_stopping(self._app):
                    reason = "token_expired" if left <= 0 else "stopping"
                    yield f'event: end\nretry: {RETRY_MS}\ndata: {{"reason":"{reason}"}}\n\n'
                    return
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(1.0, left)):
                        await changed.wait()
        finally:
            view.listeners -= 1
            if not view.listeners:
                self._views.pop(view.scope, None)

    async def _keep(self) -> None:
        """Look for as long as somebody follows."""
        refreshed = 0.0
        with self._database.listening(self._woken.set):
            while self._views:
                try:
                    changed = await self._database.run(ALL_SITES, self._changed)
                    due = time.monotonic() - refreshed > REFRESH_SECONDS
                    for view in list(self._views.values()):
                        if due or view.may_show(changed):
                            await self._database.run(view.scope.sites, view.look)
                    if due:
                        refreshed = time.monotonic()
                        self._forget()
                except Exception as error:  # the database is away; it is looked at again
                    log.warning("board_awaited", error=type(error).__name__)
                    self._known, refreshed = 0, 0.0
                    await asyncio.sleep(POLL_SECONDS)
                await asyncio.sleep(PAUSE_SECONDS)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._woken.wait()
                self._woken.clear()

    def _forget(self) -> None:
        """Nobody came for the stream, or its reader went before the first event."""
        self._views = {scope: view for scope, view in self._views.items() if view.listeners}

    async def _changed(self, tx: Transaction) -> set[UUID]:
        rows = await tx.fetch(CHANGED, self._known)
        self._known = max((row["change"] for row in rows), default=self._known)
        return {row["site_id"] for row in rows}


def hub_of(app: FastAPI) -> Hub:
    """The hub of an application; made when it is first needed."""
    if not hasattr(app.state, "board"):
        app.state.board = Hub(app)
    hub: Hub = app.state.board
    return hub
