"""``artrator node pause``, ``resume`` and ``release``: the owner's word to a node that serves, or will."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from artrator.errors import ArtratorError, Code
from artrator.messages.node import Health
from artrator.node_controls import NodeControls, Pause
from artrator_node import config
from artrator_node.commands.address import data_option, health_of, local_url, paths_of
from artrator_node.owner.words import when

#: A node that serves has obeyed long before.
_PATIENCE_SECONDS: Final = 5.0
#: Running jobs have a worker's grace to let go.
_PATIENCE_NOW_SECONDS: Final = 15.0
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}

url_option = click.option("--url", help="Where the node answers, if not where its settings say.")


@click.command()
@click.option(
    "--for", "length", metavar="TIME", help="How long, such as 30m, 2h or 1h30m; until you resume without it."
)
@click.option("--now", is_flag=True, help="Do not wait for running jobs: they go back into the queue.")
@url_option
@data_option
def pause(length: str | None, now: bool, url: str | None, data: Path | None) -> None:
    """Have the machine to yourself: nothing new is accepted or started, and models leave the memory."""
    paths = paths_of(data)
    settings = config.load(paths)
    asked = time.time()
    wish = Pause(asked_at=asked, until=None if length is None else asked + _seconds(length), now=now)
    NodeControls(paths.root).pause(wish)
    until = "until you run `artrator node resume`" if wish.until is None else f"until {when(wish.until)}"

    def obeyed(found: Health) -> bool:
        return _paused(found, wish.asked_at) and not (now and found.running)

    health = _wait(
        paths, url or local_url(paths, settings), obeyed, _PATIENCE_NOW_SECONDS if now else _PATIENCE_SECONDS
    )
    if health is None:
        click.echo(f"paused {until}; the node is not serving now, and will keep to it when it starts")
    elif not _paused(health, wish.asked_at):
        raise _unnoticed("the pause")
    elif not health.running:
        click.echo(f"paused {until}")
    elif now:
        click.echo(f"paused {until}; {health.running} running still, which go back into the queue as they let go")
    else:
        click.echo(f"paused {until}; {health.running} running, which are finished first")


@click.command()
@url_option
@data_option
def resume(url: str | None, data: Path | None) -> None:
    """End a pause."""
    paths = paths_of(data)
    settings = config.load(paths)
    NodeControls(paths.root).resume()
    health = _wait(paths, url or local_url(paths, settings), lambda found: not _paused(found), _PATIENCE_SECONDS)
    if health is not None and _paused(health):
        raise _unnoticed("the end of the pause")
    if health is None:
        click.echo("not paused; the node is not serving now")
    elif health.hold is not None:
        last = "" if health.hold.until is None else f" until {when(health.hold.until)}"
        click.echo(f"not paused any more, but held still{last}: {health.hold.reason}")
    else:
        click.echo("not paused; the node takes jobs")


@click.command()
@click.argument("name")
@url_option
@data_option
def release(name: str, url: str | None, data: Path | None) -> None:
    """Let a package out of quarantine, by name or digest, and try it again with the next job."""
    paths = paths_of(data)
    settings = config.load(paths)
    address = url or local_url(paths, settings)
    health = asyncio.run(health_of(paths, address))
    if health is None:
        raise ArtratorError(Code.NODE_UNREACHABLE, "The node is not serving.", cure="Start it: artrator node serve.")
    mine = [package for package in health.packages if name in (package.name, package.package)]
    if not mine:
        raise ArtratorError(Code.NOT_FOUND, f"The node serves no package {name}.", cure="Look: artrator node status.")
    if all(package.state != "quarantined" for package in mine):
        click.echo(f"{name} is not in quarantine; it is {mine[0].state}")
        return
    asked = NodeControls(paths.root).release(name)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while asked.exists():
        if time.monotonic() > deadline:
            asked.unlink(missing_ok=True)
            raise _unnoticed("it")
        time.sleep(0.05)
    click.echo(f"{name} is out of quarantine and is tried again with the next job")


def _paused(health: Health, asked_at: float | None = None) -> bool:
    """Whether the node keeps to a pause: to the one that was asked for then if it says which, and to no earlier one."""
    if health.hold is None or health.hold.kind != "paused":
        return False
    return asked_at is None or health.hold.facts.get("asked_at", asked_at) == asked_at


def _unnoticed(what: str) -> ArtratorError:
    return ArtratorError(
        Code.NODE_UNREACHABLE,
        f"The node that answers did not notice {what}.",
        cure="Give the folder of that node with --data, or its address with --url.",
    )


def _wait(paths: config.Paths, url: str, enough: Callable[[Health], bool], seconds: float) -> Health | None:
    """Ask the node until it says so, or for as long as it should take; None if it is not serving.

    Raises:
        ArtratorError: ``node_unreachable`` if it gave no answer in all that time.
    """

    async def work() -> Health | None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                health = await health_of(paths, url)
                if health is None or enough(health) or time.monotonic() > deadline:
                    return health
            except ArtratorError:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.1)

    return asyncio.run(work())


def _seconds(text: str) -> float:
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhdw])", text.strip().lower())
    if not parts or "".join(number + unit for number, unit in parts) != text.strip().lower():
        raise ArtratorError(
            Code.REQUEST_INVALID, f"{text!r} is no length of time.", cure="Write it as 30m, 2h, 1h30m or 1d."
        )
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
