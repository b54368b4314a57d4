"""``artrator demo``: a registry, a node and the desktop on this machine."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import platformdirs

from artrator.demo.services import command, environment
from artrator.demo.stage import stage
from artrator.demo.tour import tour


@click.command()
@click.option("--headless", is_flag=True, help="Open no window: buy from each example and show the papers.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Where the demo lives.")
@click.option(
    "--output",
    default="demo-output",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where --headless writes its pictures.",
)
@click.option("--reset", is_flag=True, help="Forget the demo's accounts, credits and keys first.")
def demo(headless: bool, data: Path | None, output: Path, reset: bool) -> None:
    """Start a registry and a node with the example models, and open the desktop.

    You are a buyer with test credits. Everything stays on this machine; the credits have no cash value.
    """
    started = time.monotonic()
    _end_in_order()
    folder = data or platformdirs.user_data_path("Artrator", appauthor=False) / "demo"
    headless = headless or not has_screen()
    with stage(folder, say, reset=reset, more=not headless) as running:
        if headless:
            asyncio.run(tour(running, output, started, say))
            return
        say(f"opening the desktop, {time.monotonic() - started:.1f} s after the start; close its window to stop")
        say(f"for `artrator` in another terminal: ARTRATOR_HOME={running.buyer.folder}")
        # The buyer's My node page shows the creator's node: in a demo both sit at the same desk.
        surroundings = {**environment(running.buyer.folder), "ARTRATOR_NODE": running.node_url}
        opened = subprocess.run(command("desktop"), env=surroundings, check=False)
        if opened.returncode != 0:
            say("the desktop ended with an error; `artrator demo --headless` shows the same without a window")
            sys.exit(opened.returncode)


def _end_in_order() -> None:
    """Have a closed terminal and a plain kill end the demo as Ctrl+C does: registry and node are stopped first."""

    def end(number: int, _frame: object) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)  # once is enough, and what is being stopped must not be broken off
        sys.exit(128 + number)

    numbers = [getattr(signal, name) for name in ("SIGHUP", "SIGTERM") if hasattr(signal, name)]
    for number in numbers:
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup stays what it is
            signal.signal(number, end)


def has_screen() -> bool:
    """Whether a window can be opened here."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def say(text: str) -> None:
    """A line of progress."""
    click.echo(f"  {text}", err=True)
