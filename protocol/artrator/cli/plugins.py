"""``artrator plugins list | info | install | prepare | uninstall``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table

from artrator.cli._session import json_option, print_json
from artrator.cli._tables import plain_console
from artrator.errors import ArtratorError, Code
from artrator.plugins import Plan, PluginInfo, discover, find_plugin
from artrator.plugins import install as install_plugin
from artrator.plugins import uninstall as uninstall_plugin
from artrator.plugins.cache import last_preparation
from artrator.plugins.environment import Environment
from artrator.worker.check import check_plugin
from artrator.worker.prepare import is_confined as is_preparing_confined
from artrator.worker.prepare import prepare_plugin
from artrator.worker.sandbox import can_confine_programs

#: What each want means to the owner of the machine.
_MEANING: Final = {
    "network": "outgoing network connections",
    "gpu": "the GPU and its drivers",
    "files": "a scratch folder of its own to write to",
}


@click.group()
def plugins() -> None:
    """List, install and uninstall backends."""


@plugins.command("list")
@click.option("--check", is_flag=True, help="Load each one in a worker, to see whether it works.")
@json_option
def list_(check: bool, as_json: bool) -> None:
    """List all plugins, the broken ones with their reason."""
    rows = asyncio.run(_described(discover(), check=check))
    if as_json:
        print_json({"plugins": rows})
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("plugin", "version", "backends", "origin", "wants", "state"):
        table.add_column(column)
    for row in rows:
        state = "broken" if row["error"] else "works" if check else ""
        table.add_row(
            row["name"], row["version"], ", ".join(row["backends"]), row["origin"], ", ".join(row["wants"]), state
        )
    plain_console().print(table)
    for row in rows:
        if row["error"]:
            click.secho(row["error"], fg="red")


@plugins.command()
@click.argument("name")
@click.option("--check", is_flag=True, help="Load it in a worker, to see whether it works.")
@json_option
def info(name: str, check: bool, as_json: bool) -> None:
    """Show all that is known of the plugin NAME without running it."""
    plugin = find_plugin(name)
    row = asyncio.run(_described([plugin], check=check))[0] | _record(plugin)
    if as_json:
        print_json(row)
        return
    if "installed_at" in row:
        row["installed_at"] = datetime.fromtimestamp(row["installed_at"], UTC).isoformat(sep=" ")
    for key, value in row.items():
        if key == "wheels":
            for wheel in value:
                click.echo(f"  {wheel['file']}  sha256:{wheel['sha256']}")
        elif value not in (None, [], {}, ""):
            click.echo(f"{key:12}  {', '.join(map(str, value)) if isinstance(value, list | tuple) else value}")


@plugins.command()
@click.argument("source")
@click.option("--yes", is_flag=True, help="Install without asking, and allow what it asks for.")
@click.option("--trust-build", is_flag=True, help="If SOURCE is a folder: run its author's build code.")
@click.option("--index", metavar="URL", help="A package index to use instead of the default one.")
@click.option(
    "--find-links",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of wheels to use instead of any index.",
)
@json_option
def install(
    source: str, yes: bool, trust_build: bool, index: str | None, find_links: Path | None, as_json: bool
) -> None:
    """Install a plugin from SOURCE: a name on the index, a wheel, or a folder of source."""

    def consent(plan: Plan) -> bool:
        if not as_json:
            _show_plan(plan)
        return yes or click.confirm("Install it?", err=as_json)

    if trust_build and not can_confine_programs():
        click.secho("Its build is not confined on this system: it can read what you can read.", fg="yellow", err=True)
    plugin = install_plugin(source, consent=consent, trust_build=trust_build, index=index, find_links=find_links)
    if plugin is None:
        click.echo("Nothing was installed.", err=True)
        raise click.exceptions.Exit(1)
    if not as_json:
        click.echo(f"Installed {plugin.name} {plugin.version}: {', '.join(plugin.backends)}.")
    if plugin.prepare is not None:
        _prepare_new(plugin, quiet=as_json)
    if as_json:
        print_json(asyncio.run(_described([plugin], check=False))[0] | _record(plugin))


@plugins.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@json_option
def prepare(names: Sequence[str], as_json: bool) -> None:
    """Let the plugins NAME, or all that can, make their caches anew. Each is confined to its own folder."""
    found = [find_plugin(name) for name in names] or [each for each in discover() if each.prepare and not each.error]
    rows: list[dict[str, Any]] = []
    failed = False
    for plugin in found:
        try:
            done = asyncio.run(prepare_plugin(plugin))
        except ArtratorError as error:
            if error.code != Code.PLUGIN_NOT_PREPARED:
                raise
            failed = True
            rows.append({"name": plugin.name, "error": error.message})
            if not as_json:
                click.secho(error.message, fg="red", err=True)
            continue
        rows.append({"name": plugin.name, "error": None, "seconds": done.seconds, "bytes": done.size})
        if not as_json:
            click.echo(f"Prepared {plugin.name} in {done.seconds:.1f} s: {done.size / 1e6:.1f} MB.")
    if as_json:
        print_json({"prepared": rows})
    elif not rows:
        click.echo("No plugin here has anything to prepare.")
    if failed:
        raise click.exceptions.Exit(1)


@plugins.command()
@click.argument("name")
def uninstall(name: str) -> None:
    """Remove the plugin NAME and everything that was installed for it, broken or not."""
    click.echo(f"Removed {uninstall_plugin(name)}.")


def _prepare_new(plugin: PluginInfo, *, quiet: bool) -> None:
    """Run the prepare step of what was just installed; whether it fails or not, the plugin is installed."""
    if not is_preparing_confined():
        # Whoever installs something has not said yet that it may run.
        click.secho(
            f"It has something to prepare, which this system cannot confine. It runs at the first use, or now with: "
            f"artrator plugins prepare {plugin.name}",
            fg="yellow",
            err=True,
        )
        return
    try:
        done = asyncio.run(prepare_plugin(plugin))
    except ArtratorError as error:
        click.secho(f"{error.message} It can be used all the same.", fg="yellow", err=True)
        return
    if not quiet:
        click.echo(f"Prepared it in {done.seconds:.1f} s: {done.size / 1e6:.1f} MB for its workers to read.")


def _show_plan(plan: Plan) -> None:
    plugin = plan.plugin
    click.secho(f"{plugin.name} {plugin.version}", bold=True, nl=False)
    click.echo(f"  (instead of {plan.replaces})" if plan.replaces else "")
    if plugin.summary:
        click.echo(plugin.summary)
    click.echo(f"Backends: {', '.join(plugin.backends)}. From {plan.source}.")
    others = [f"{wheel.name} {wheel.version}" for wheel in plan.wheels if wheel.name != plugin.name]
    click.echo(f"In an environment of its own, with {', '.join(others)}: {plan.size / 1e6:.1f} MB.")
    for want in plugin.wants.names():
        reason = plugin.wants.reasons.get(want)
        click.secho(f"It asks for {_MEANING[want]}{f': {reason}' if reason else '.'}", fg="yellow")
    if not plugin.wants.names():
        click.echo("It asks for nothing: no network, no GPU, no files.")
    if plugin.prepare is not None:
        click.echo(f"It runs {plugin.prepare} once to prepare, confined to a folder of its own.")
    for note in plan.notes:
        click.secho(note, fg="yellow")


async def _described(found: Sequence[PluginInfo], *, check: bool) -> list[dict[str, Any]]:
    """What is told of each plugin; with ``check``, what its worker says too."""
    few = asyncio.Semaphore(4)  # each check is a process that imports a runtime

    async def described(plugin: PluginInfo) -> dict[str, Any]:
        row: dict[str, Any] = {
            "name": plugin.name,
            "version": plugin.version,
            "summary": plugin.summary,
            "origin": plugin.origin,
            "backends": list(plugin.backends),
            "wants": plugin.wants.names(),
            "allowed": (plugin.wants if plugin.origin == "built-in" else plugin.allowed).names(),
            "hooks": None,
            "error": plugin.error,
            "location": None if plugin.location is None else str(plugin.location),
            "prepare": plugin.prepare,
            **_preparation(plugin),
        }
        if check and plugin.error is None:
            try:
                async with few:
                    row["hooks"] = list((await check_plugin(plugin)).hooks)
            except ArtratorError as error:
                row["error"] = error.message
        return row

    return list(await asyncio.gather(*(described(plugin) for plugin in found)))


def _preparation(plugin: PluginInfo) -> dict[str, Any]:
    """How the prepare step went; nothing for a plugin that has none."""
    if plugin.prepare is None:
        return {}
    last = last_preparation(plugin)
    if last is None:
        return {"prepared": False}
    if last.failure is not None:
        return {"prepared": False, "not_prepared_because": last.failure}
    return {"prepared": True, "cache_bytes": last.size}


def _record(plugin: PluginInfo) -> dict[str, Any]:
    """What was written down when it was installed; nothing for a built-in or a ruined one."""
    if plugin.location is None:
        return {}
    try:
        record = Environment(plugin.location, plugin.name).read().to_json()
    except ArtratorError:
        return {}
    return {key: record[key] for key in ("source", "python", "installed_at", "wheels")}
