"""``artrator node bench`` on the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import click

from artrator.errors import ArtratorError
from artrator_node import config
from artrator_node.commands.address import data_option, health_of, local_url, paths_of


@click.command()
@click.argument("packages", nargs=-1, metavar="[PACKAGE]...")
@click.option("--all", "every", is_flag=True, help="Try every device of this machine, whatever the settings name.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@data_option
def bench(packages: Sequence[str], every: bool, as_json: bool, data: Path | None) -> None:
    """What your packages give on each device, in pictures a second, and which way the node chooses.

    A PACKAGE is a name or the beginning of a digest; all that you serve if none is given.
    """
    from artrator.worker.derived import DerivedGraphs
    from artrator_node.commands import bench as trials
    from artrator_node.engine.workers import worker_starter

    paths = paths_of(data)
    settings = config.load(paths)
    try:
        serving = asyncio.run(health_of(paths, local_url(paths, settings))) is not None
    except ArtratorError:  # it listens, and is so busy that it says nothing
        serving = True
    if every:
        settings = settings.model_copy(update={"device": "auto", "devices": ()})
    rows: list[trials.Row] = []
    done: list[trials.Bench] = []

    async def work() -> None:
        derived = DerivedGraphs(paths.derived, settings.derived_bytes, settings.reserve_bytes)
        start = worker_starter(settings, paths, derived)
        async for found in trials.run(paths, settings, start, packages):
            if isinstance(found, trials.Bench):
                done.append(found)
            else:
                rows.append(found)
                click.echo(f"tried {found.package.manifest.name} on {found.choice}", err=True)

    try:
        asyncio.run(work())
    except KeyboardInterrupt:
        click.echo("stopped; what was tried until now:", err=True)
    result = done[0] if done else trials.Bench(rows, {}, whole=False)
    if as_json:
        click.echo(json.dumps(result.to_json(serving=serving), ensure_ascii=False, indent=2))
    else:
        click.echo(trials.render(result, serving=serving), nl=False)
