"""Tables at the terminal."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

WIDEST = 10_000


def show(table: Table) -> None:
    """Print a table as wide as what it says.

    A narrow terminal, or none at all, cuts nothing off, so that a key can be copied into the next
    command and a line be searched for.
    """
    console = Console()
    needed = Measurement.get(console, console.options.update(width=WIDEST), table).maximum
    Console(width=max(console.width, needed)).print(table)
