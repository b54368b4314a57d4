"""Looking and drawing, once a second, until Ctrl+C."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from typing import Final

import httpx
from rich.console import Console
from rich.live import Live

from artrator.errors import ArtratorError
from artrator_node.commands.address import client_of, local_url, read_health
from artrator_node.config import Paths, Settings
from artrator_node.watch.facts import Facts, Sample, parse_metrics
from artrator_node.watch.screen import Screen

_LOOK_SECONDS: Final = 1.0


async def watch(paths: Paths, settings: Settings, url: str | None, console: Console) -> None:
    """Show the node until Ctrl+C; without ``url`` where it answers since its last start.

    On a terminal it has a screen of its own, which leaves everything as it was; into a file or a pipe, and on a
    terminal that can do nothing, each look is printed below the one before.
    """
    facts = Facts()
    moving = console.is_terminal and not console.is_dumb_terminal
    with contextlib.ExitStack() as stack:
        live = None
        if moving:
            screen = Screen(settings.name, url or local_url(paths, settings), facts)
            live = stack.enter_context(Live(screen, console=console, screen=True, auto_refresh=False, transient=True))
        stop = asyncio.Event()
        _until(stop)
        while not stop.is_set():
            begun = time.monotonic()
            where = url or local_url(paths, settings)  # a node that was started again may answer elsewhere
            facts.add(await look(paths, where))
            drawn = Screen(settings.name, where, facts)
            if live is not None:
                live.update(drawn, refresh=True)
            else:
                console.print(drawn)
                console.print()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.05, _LOOK_SECONDS - (time.monotonic() - begun))):
                    await stop.wait()


async def look(paths: Paths, url: str) -> Sample:
    """One look: health, and the metrics where the node shows them."""
    client = client_of(paths)
    if client is None:
        return Sample(time.time(), None)
    async with client:
        try:
            health = await read_health(client, url)
        except ArtratorError as error:
            return Sample(time.time(), None, problem=error.message)
        if health is None:
            return Sample(time.time(), None)
        try:
            answer = await client.get(f"{url}/metrics")
            runs, connections = parse_metrics(answer.text) if answer.is_success else ({}, None)
        except (httpx.HTTPError, ValueError, KeyError):
            runs, connections = {}, None
        return Sample(time.time(), health, runs, connections)


def _until(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl+C is an exception there, and ends it as well
            loop.add_signal_handler(number, stop.set)
