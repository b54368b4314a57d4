"""Tables of which nothing is cut off: an amount or a name that ends in dots is of no use."""

from __future__ import annotations

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

_ENDLESS = 10_000


def print_table(table: Table) -> None:
    """Print it as wide as the terminal, or as its columns that may not be broken; into a file, one line a row."""
    console = Console()
    wants = Measurement.get(console, console.options.update(width=_ENDLESS), table)
    least = wants.minimum if console.is_terminal else wants.maximum
    Console(width=max(console.width, least)).print(table)
