"""Tables of which nothing is cut off: an amount or a name that ends in dots is of no use.

What stands in them may come from strangers, so brackets are brackets and no commands of style: ``[/b]`` in a summary
would else end the whole list with a failure, and ``[link=…]`` be a link.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

_ENDLESS = 10_000


def plain_console(**how: Any) -> Console:
    """A console that prints what it is given as it is; ``how`` as of ``rich.console.Console``."""
    return Console(markup=False, emoji=False, **how)


def print_table(table: Table) -> None:
    """Print it as wide as the terminal, or as its columns that may not be broken; into a file, one line a row."""
    console = plain_console()
    wants = Measurement.get(console, console.options.update(width=_ENDLESS), table)
    least = wants.minimum if console.is_terminal else wants.maximum
    plain_console(width=max(console.width, least)).print(table)
