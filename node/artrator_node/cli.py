"""``artrator node``: make a node, serve, publish, and see how it stands."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import click

from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError, Code
from artrator.keys import PublicKey
from artrator.money import format_credits, parse_credits
from artrator.one_process import only_one
from artrator.profile import Profile
from artrator_node import config, identity, logs
from artrator_node.commands.address import data_option, health_of, local_url, paths_of
from artrator_node.commands.bench_command import bench
from artrator_node.commands.owner import pause, release, resume
from artrator_node.config import Paths, Settings, own_url

_T = TypeVar("_T")

registry_option = click.option("--registry", "registry", help="The registry's address. Default: your profile's.")


@click.group()
def node() -> None:
    """Serve your own models from this machine."""


node.add_command(bench)
node.add_command(pause)
node.add_command(resume)
node.add_command(release)


@node.command()
@click.option("--name", required=True, help='What buyers see, such as "Mina\'s workstation".')
@registry_option
@data_option
@click.option("--url", "urls", multiple=True, help="Where buyers reach the node; repeat for several, best first.")
@click.option("--host", default="0.0.0.0", show_default=True, help="The address to listen on.")  # noqa: S104
@click.option("--port", default=8443, show_default=True, type=click.IntRange(1, 65535), help="Where it listens.")
def init(name: str, registry: str | None, data: Path | None, urls: Sequence[str], host: str, port: int) -> None:
    """Make the node's keys, certificate and settings, and your identity key if you have none."""
    profile, paths = Profile(), paths_of(data)
    if paths.settings.exists():
        raise ArtratorError(
            Code.CONFLICT,
            f"There is a node in {paths.root} already.",
            cure=f"Edit {paths.settings}, or choose another folder with --data.",
        )
    url = _registry(profile, registry)
    wished = {"name": name, "urls": tuple(urls) or (own_url(host, port),), "host": host, "port": port}
    settings = config.checked({**wished, "registry": url, "device": "auto"})
    root = asyncio.run(_root(profile, url))
    config.save(paths, settings)
    made = identity.load_or_create(paths, settings.urls)
    profile.configure(registry_url=profile.registry_url or url)
    click.echo(f"node      {made.node}")
    click.echo(f"creator   {profile.identity.id}")
    click.echo(f"registry  {url} (root key {root.id[:19]}… pinned)")
    click.echo(f"address   {', '.join(settings.urls)}")
    click.echo(f"settings  {paths.settings}")
    if not urls and host in ("0.0.0.0", "::"):  # noqa: S104
        click.echo(
            "Buyers on other machines cannot reach that address: set `urls` in the settings to one they can, "
            "or give --url.",
            err=True,
        )


@node.command()
@registry_option
@data_option
@click.option("--port", type=click.IntRange(0, 65535), help="Another port than the settings'.")
def serve(registry: str | None, data: Path | None, port: int | None) -> None:
    """Serve the published packages until Ctrl+C or SIGTERM; running jobs are finished first."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    from artrator_node.serve import listen

    profile, paths = Profile(), paths_of(data)
    settings = config.load(paths)
    logs.set_up(settings.log_level)
    if registry is not None:
        settings = settings.model_copy(update={"registry": registry.rstrip("/")})
    serving = ArtratorError(
        Code.CONFLICT,
        f"A node is serving from {paths.root} already.",
        cure="Stop it first, or name another folder with --data.",
    )
    # Two on one folder would start each other's jobs, and each sweep away what the other keeps.
    with only_one(paths.lock, serving):
        sock = listen(settings.host, settings.port if port is None else port)
        taken = sock.getsockname()[1]
        urls = tuple(_with_port(each, settings.port, taken) for each in settings.urls)
        settings = settings.model_copy(update={"urls": urls, "port": taken})
        _run(_serve(profile, paths, settings, sock))


@node.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--price", "prices", multiple=True, help="unit=credits or unit=credits/per; repeat for several units.")
@click.option("--base", default="0", help="Credits for every run.")
@click.option("--free-runs", default=0, type=click.IntRange(0, 1_000_000), help="Runs a day that each buyer has free.")
@click.option(
    "--royalty",
    "royalties",
    multiple=True,
    metavar="LISTING=PERCENT",
    help="A share of every charge for a listing that this was made from; it must be in base_models.",
)
@click.option("--licence", metavar="CREDITS", help="Also sell the package itself, to keep and to run, at this price.")
@registry_option
@data_option
def publish(
    folder: Path,
    prices: Sequence[str],
    base: str,
    free_runs: int,
    royalties: Sequence[str],
    licence: str | None,
    registry: str | None,
    data: Path | None,
) -> None:
    """Offer a signed package at a price, and serve it. A node that is serving picks it up by itself.

    Its backend is asked about [settings] and the files they name first; what it refuses is not published.
    """
    from artrator.package.problems import in_lines
    from artrator_node.commands.publish import Terms, parse_price, parse_royalty, shares
    from artrator_node.commands.publish import publish as offer

    profile, paths = Profile(), paths_of(data)
    url = registry.rstrip("/") if registry else config.load(paths).registry
    terms = Terms(
        base=_credits(base),
        units=dict(parse_price(price) for price in prices),
        free_runs=free_runs,
        royalties=[parse_royalty(royalty) for royalty in royalties],
        licence=None if licence is None else _credits(licence),
    )
    if not terms.units and not terms.base and not free_runs:
        raise ArtratorError(
            Code.REQUEST_INVALID,
            "The offer has no price.",
            cure="Give --price unit=credits, --base credits, or both. --price unit=0 makes it free, --free-runs alone "
            "free so many times a day.",
        )

    async def work() -> None:
        async with RegistryClient(
            url, profile.identity, handle=profile.handle, display_name=profile.display_name
        ) as client:
            done = await offer(paths, folder.resolve(), profile.identity, client, terms)
            fee = (await client.info()).fee_basis_points
        for line in in_lines(done.warnings):
            click.secho(line, fg="yellow", err=True)
        click.echo(f"published {done.listing.card.listing} {done.listing.card.version}")
        click.echo(f"package   {done.digest}")
        click.echo(f"price     {format_credits(done.listing.card.price)} credits with the defaults")
        if terms.free_runs:
            click.echo(f"free      {terms.free_runs} runs a day for each buyer")
        if terms.licence is not None:
            click.echo(f"licence   {format_credits(terms.licence)} credits, sold once the operator has verified you")
        click.echo(f"split     {shares(terms, fee)}")

    asyncio.run(work())


@node.command()
@click.argument("listing")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--from", "source", metavar="NODE", help="Which of your nodes has it; else the registry picks one.")
@data_option
def fetch(listing: str, folder: Path, source: str | None, data: Path | None) -> None:
    """Fetch your own LISTING from another of your nodes into FOLDER, and serve it here as well. Resumable."""
    from artrator_node.commands.fetch import fetch_and_serve

    profile, paths = Profile(), paths_of(data)
    url = config.load(paths).registry

    async def work() -> None:
        root = await _root(profile, url)
        async with RegistryClient(
            url, profile.identity, handle=profile.handle, display_name=profile.display_name
        ) as client:
            found = await fetch_and_serve(paths, client, profile.identity, root, listing, folder.resolve(), source)
        click.echo(f"fetched   {listing} {found.manifest.version} into {folder}")
        click.echo(f"package   {found.digest}, served from there")

    asyncio.run(work())


@node.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.option("--watch", "watching", is_flag=True, help="Show it live, until Ctrl+C.")
@click.option("--url", help="Where the node answers, if not where its settings say.")
def status(data: Path | None, as_json: bool, watching: bool, url: str | None) -> None:
    """How the node stands: what it serves, what waits, what is wrong."""
    from artrator_node.commands.status import read_journal, render

    paths = paths_of(data)
    settings = config.load(paths)
    if watching:
        if as_json:
            raise click.UsageError("--watch is for people; programs ask for --json as often as they like.")
        from rich.console import Console

        from artrator_node.watch.watch import watch

        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(watch(paths, settings, url, Console(highlight=False)))
        return
    problem = None
    try:
        health = asyncio.run(health_of(paths, url or local_url(paths, settings)))
    except ArtratorError as error:  # what its journal holds can be told all the same
        health, problem = None, error
    journal = read_journal(paths.journal)
    if as_json:
        told = {
            "serving": health is not None or problem is not None,
            "health": None if health is None else health.model_dump(mode="json"),
            "problem": None if problem is None else problem.to_json()["error"],
            **journal,
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        click.echo(render(settings, health, journal, problem))


def _credits(text: str) -> int:
    try:
        return parse_credits(text)
    except ValueError as error:
        raise ArtratorError(Code.REQUEST_INVALID, f"{error}.", cure="Write it as 12 or 0.25.") from error


async def _serve(profile: Profile, paths: Paths, settings: Settings, sock: Any) -> None:
    from artrator_node.daemon import Node
    from artrator_node.serve import serve as serve_node

    root = await _root(profile, settings.registry)
    own = identity.load_or_create(paths, settings.urls)
    running = Node(paths, settings, own, profile.identity, root)
    await serve_node(running, paths, sock, lambda text: click.echo(text))


def _run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run on uvloop where there is one: half the cost of a request."""
    try:
        import uvloop
    except ImportError:  # Windows
        return asyncio.run(work)
    return uvloop.run(work)


async def _root(profile: Profile, url: str) -> PublicKey:
    """The registry's root key, pinned on first use."""
    root = profile.root_key(url)
    if root is None:
        async with RegistryClient(url) as client:
            root = profile.pin_root(url, (await client.info()).root_key)
    return root


def _registry(profile: Profile, given: str | None) -> str:
    url = given or profile.registry_url
    if url is None:
        raise ArtratorError(
            Code.REQUEST_INVALID, "No registry is chosen yet.", cure="Give its address with --registry."
        )
    return url.rstrip("/")


def _with_port(url: str, before: int, after: int) -> str:
    """The same address with the port that was really taken, if it named the one in the settings."""
    parts = urlsplit(url)
    if before == after or (parts.port or 443) != before:
        return url
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    return urlunsplit(parts._replace(netloc=f"{host}:{after}"))
