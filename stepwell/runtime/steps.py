"""What the person at the terminal sees while parts start: progress bars, or lines in a log."""

import contextlib
import threading
import time
from collections.abc import Iterator
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Steps:
    """A bar for each step on a terminal, one line for each finished step elsewhere; nothing
    once the context is left.

    Safe to use from several threads.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars: Progress | None = None
        self._downloads: dict[str, TaskID] = {}
        self._lock = threading.Lock()
        self._over = False

    def __enter__(self) -> "Steps":
        if self._console.is_terminal:
            self._bars = Progress(
                SpinnerColumn(finished_text="[green]✓[/]"),
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[note]}"),
                TimeElapsedColumn(),
                console=self._console,
            )
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over = True
        if self._bars is not None:
            self._bars.stop()

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show that `title` is under way until the block is left."""
        started = time.monotonic()
        task = self._bars.add_task(title, total=None, note="") if self._bars else None
        try:
            yield
        except BaseException:
            if self._bars and task is not None:
                self._bars.update(task, note="[red]stopped[/]")
                self._bars.stop_task(task)
            raise
        if self._bars and task is not None:
            self._bars.update(task, total=1, completed=1)
        elif not self._over:
            self._console.print(f"{title}: ready after {time.monotonic() - started:.1f} s")

    def download(self, title: str, done: int, total: int) -> None:
        """Show how many bytes of a download are there."""
        if self._over:
            return
        note = f"{done / 1e6:.0f} of {total / 1e6:.0f} MB"
        with self._lock:
            first = title not in self._downloads
            if self._bars is not None:
                if first:
                    self._downloads[title] = self._bars.add_task(
                        f"Fetching {title}", total=total, note=note
                    )
                self._bars.update(self._downloads[title], completed=done, note=note)
                return
            self._downloads[title] = TaskID(0)
        if first or done == total:
            self._console.print(f"Fetching {title}: {note}")
