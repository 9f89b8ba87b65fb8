"""How far the story is: bars on a terminal, a line a stage elsewhere."""

import contextlib
import time
from collections.abc import Callable, Iterator
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Bars:
    """Shows the stages of the story while they happen. A context."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars: Progress | None = None

    def __enter__(self) -> "Bars":
        if self._console.is_terminal:
            self._bars = Progress(
                TextColumn("{task.description:<34}"),
                BarColumn(bar_width=32),
                MofNCompleteColumn(),
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
        if self._bars is not None:
            self._bars.stop()

    @contextlib.contextmanager
    def stage(self, title: str, steps: int) -> Iterator[Callable[[], None]]:
        """A stage of so many steps; call what is given after each of them."""
        began = time.monotonic()
        if self._bars is None:
            yield lambda: None
            self._console.print(f"{title}: done after {time.monotonic() - began:.1f} s")
            return
        bars, task = self._bars, self._bars.add_task(title, total=steps)
        yield lambda: bars.update(task, advance=1)
        bars.update(task, completed=steps)
