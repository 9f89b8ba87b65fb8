"""The table of windows: what it remembers is merged when it is recovered, never replaced."""

from collections.abc import Iterable
from typing import Any, cast

import faust
from faust.types import EventT, FutureMessage

from services.outcomes.engagement.rules import Window, merged


class Windows(faust.Table[str, Any]):
    """A client's window by client id, with a changelog that may be read in any order.

    A worker that was cut off and comes to itself again may write an older state after the newer
    one of its successor, and a worker that keeps a partition reads its own changelog again while
    its latest writes are still under way. Merging makes both harmless.
    """

    sent: FutureMessage
    """The latest change; done when the broker has acknowledged it."""

    def send_changelog(self, *args: Any, **kwargs: Any) -> FutureMessage:
        self.sent = super().send_changelog(*args, **kwargs)
        return self.sent

    def apply_changelog_batch(self, batch: Iterable[EventT[Any]]) -> None:
        """Take over states that were read from the changelog."""
        for event in batch:
            if event.value is not None:
                read = cast(Window, event.value)
                known = self.data.get(event.key)
                self.data[event.key] = merged(known, read) if known else read
