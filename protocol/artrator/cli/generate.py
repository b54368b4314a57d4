"""``artrator generate``: buy one job and write its pictures."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from artrator.cli._outputs import try_place, write_outputs
from artrator.cli._prices import agree, paid, price_of, read_max_price, say_split
from artrator.cli._request_options import request_options
from artrator.cli._session import json_option, make_buyer, print_json, run
from artrator.clients.buyer import Buyer, Prepared, Result, Stage, Update, read_listing
from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError, Code
from artrator.frames import FilmLimits, check_target, is_film, read_film, write_film
from artrator.inputs import parse_value
from artrator.manifest import InputType, Manifest
from artrator.messages import registry as m
from artrator.money import format_credits
from artrator.profile import Profile, write_atomically
from artrator.values import FILE_TYPES


@click.command()
@click.argument("listing")
@request_options
@click.option("--max-price", metavar="CREDITS", help="Refuse to pay more than this.")
@click.option(
    "--pay",
    default="any",
    type=click.Choice(["any", "credits"]),
    show_default=True,
    help="any: a free run, then a pass, then credits, whatever costs least. credits: keep those.",
)
@click.option("--quote", "quote_only", is_flag=True, help="Say the price and who gets what of it, and stop.")
@click.option("--yes", is_flag=True, help="Buy without asking.")
@json_option
def generate(
    listing: str,
    prompt: str | None,
    settings: Sequence[str],
    files: Sequence[str],
    output: Path | None,
    video: Path | None,
    rate: float | None,
    image_format: str,
    max_price: str | None,
    pay: Literal["any", "credits"],
    quote_only: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Buy one run of LISTING and write what it makes.

    You pay when the picture is here and whole; whatever goes wrong before that costs nothing. Exit codes: 0 done,
    1 failed, 2 usage, 3 not enough credits or too dear, 4 nobody reachable, 130 cancelled.
    """
    limit = read_max_price(max_price)

    async def work(client: RegistryClient) -> None:
        if video is not None:
            check_target(video)
        buyer = await make_buyer(client, Profile())
        found = await client.listing(listing)
        manifest, _, _ = read_listing(found)
        inputs = read_settings(manifest, [*settings, *([f"prompt={prompt}"] if prompt is not None else [])])
        given = read_files(manifest, files)
        if not quote_only:
            try_places(output, video, default=manifest.name)
        prepared = buyer.prepare(found, inputs, given.files, image_format=image_format, pay=pay)
        quote = await buyer.quote(prepared)
        if limit is not None and quote.cap > limit:
            raise ArtratorError(
                Code.PRICE_ABOVE_CAP,
                f"This costs {format_credits(quote.cap)} credits, more than the {format_credits(limit)} you allow.",
            )
        if quote_only:
            _say_quote(quote, as_json)
            return
        agree(price_of(quote), quote.split, yes=yes or as_json or limit is not None or not quote.cap)

        def keep(result: Result) -> list[Path]:
            try:
                if video is not None:
                    return write_film_of(result, video, rate or given.rate)
                return write_result(result, output, default=manifest.name)
            except OSError as error:
                raise _unwritten(
                    Code.DISK_FULL if error.errno == errno.ENOSPC else Code.REQUEST_INVALID,
                    f"{error.filename or 'the file'}: {error.strerror}",
                ) from error
            except ArtratorError as error:
                raise _unwritten(error.code, error.message.rstrip(".")) from error

        # The file is named after what the creator signed, which is a plain word; a registry may send any listing.
        result, written = await _follow(buyer, prepared, quote, keep, quiet=as_json)
        _say_result(result, written, as_json)

    run(work)


def read_settings(manifest: Manifest, settings: Sequence[str]) -> dict[str, object]:
    """``NAME=VALUE`` pairs as typed values; what is out of bounds is for ``prepare`` to say."""
    inputs: dict[str, object] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        spec = manifest.inputs.get(name)
        if not equals:
            raise click.UsageError(f"--set {setting!r} is not NAME=VALUE.")
        if spec is None:
            known = ", ".join(manifest.inputs)
            raise ArtratorError(Code.INPUT_UNKNOWN, f"{manifest.name} has no input {name!r}; it has: {known}.")
        if spec.type in FILE_TYPES:
            raise ArtratorError(Code.INPUT_INVALID, f"{name} is an image: give it with --file {name}=PATH.")
        inputs[name] = parse_value(spec, value)
    return inputs


@dataclass(frozen=True)
class GivenFiles:
    """What ``--file`` named.

    Attributes:
        files: Bytes by input name; of several images a list.
        rate: Frames a second of the first film among them that says so.
    """

    files: Mapping[str, bytes | list[bytes]]
    rate: float | None = None


def read_files(manifest: Manifest, files: Sequence[str]) -> GivenFiles:
    """``NAME=PATH`` pairs. A sole image input may leave its name out; films become the frames they hold."""
    wanted = [spec.name for spec in manifest.inputs.values() if spec.type in FILE_TYPES]
    found: dict[str, bytes | list[bytes]] = {}
    rate: float | None = None
    for given in files:
        name, equals, path = given.partition("=")
        if not equals and len(wanted) == 1:
            name, path = wanted[0], given
        if name not in wanted:
            has = f"it has: {', '.join(wanted)}" if wanted else "it takes no files"
            raise ArtratorError(Code.INPUT_UNKNOWN, f"{manifest.name} has no image input {name!r}; {has}.")
        spec = manifest.inputs[name]
        if spec.type is not InputType.IMAGES:
            found[name] = _bytes(Path(path))
            continue
        several = found.setdefault(name, [])
        if isinstance(several, list):
            if is_film(Path(path)):
                film = read_film(Path(path), FilmLimits.of(spec))
                rate = rate or film.rate
                several.extend(film.frames)
            else:
                several.append(_bytes(Path(path)))
    return GivenFiles(found, rate)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtratorError(
            Code.INPUT_INVALID, f"{path} cannot be read: {error.strerror}.", cure="Check the path."
        ) from error


def write_film_of(result: Result, video: Path, rate: float | None) -> list[Path]:
    """Write all pictures of a result as one film, and the papers beside it."""
    frames = [delivered.data for delivered in result.outputs if delivered.output.media_type.startswith("image/")]
    write_film(video, frames, rate)
    _write_papers(result, video)
    return [video]


def write_result(result: Result, output: Path | None, *, default: str, folder: Path = Path()) -> list[Path]:
    """Write every output, and the papers beside the first; without ``output``, into ``folder``."""
    written = write_outputs(result.outputs, output, default=folder / f"{default}-{result.order[:8]}")
    _write_papers(result, written[0])
    return written


def try_places(output: Path | None, video: Path | None, *, default: str) -> None:
    """Try where outputs would go, before anybody works for them; nothing is left behind.

    Raises:
        ArtratorError: ``request_invalid``, ``disk_full``.
    """
    # With an ending, because a creator has the package itself beside it: a folder of that very name.
    picture = Path(f"{default}.png")
    if video is None:
        try_place(output or picture)
    else:
        try_place(video if video.suffix else video / picture)


def _unwritten(code: Code, why: str) -> ArtratorError:
    return ArtratorError(
        code,
        f"It is made, but cannot be written: {why}.",
        cure="Nothing is lost: `artrator orders resume --folder FOLDER` writes it where there is room.",
    )


def _write_papers(result: Result, beside: Path) -> None:
    papers = {
        "receipt": result.receipt_document,
        "acknowledgement": result.acknowledgement_document,
        "node": result.descriptor_document,
    }
    write_atomically(beside.with_suffix(".receipt.json"), json.dumps(papers, indent=2).encode())


async def _follow(
    buyer: Buyer, prepared: Prepared, quote: m.Quote, keep: Callable[[Result], list[Path]], *, quiet: bool
) -> tuple[Result, list[Path]]:
    """Show the job's progress until its result; Ctrl+C cancels the job and releases the hold."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers on the loop
        loop.add_signal_handler(signal.SIGINT, stop.set)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[news]}", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as progress:
        bar = progress.add_task(
            f"{format_credits(quote.cap)} credits held" if quote.cap else price_of(quote), total=None, news=""
        )
        consumer = asyncio.ensure_future(_consume(buyer, prepared, quote, keep, progress, bar))
        stopper = asyncio.ensure_future(stop.wait())
        await asyncio.wait({consumer, stopper}, return_when=asyncio.FIRST_COMPLETED)
        if not consumer.done():
            progress.update(bar, description="Cancelling")
            for pending in await asyncio.to_thread(buyer.pending):
                if pending.request == prepared.digest:
                    await buyer.cancel(pending)
        stopper.cancel()
        return await consumer


async def _consume(
    buyer: Buyer,
    prepared: Prepared,
    quote: m.Quote,
    keep: Callable[[Result], list[Path]],
    progress: Progress,
    bar: TaskID,
) -> tuple[Result, list[Path]]:
    kept: tuple[Result, list[Path]] | None = None
    async with contextlib.aclosing(buyer.run(prepared, quote, progress=not progress.disable)) as updates:
        async for update in updates:
            _show(progress, bar, update)
            if update.result is not None:
                kept = update.result, keep(update.result)
    if kept is None:
        raise ArtratorError(Code.INTERNAL, "The job ended without a result.")
    return kept


def _show(progress: Progress, bar: TaskID, update: Update) -> None:
    match update.stage:
        case Stage.QUEUED:
            wait = f", about {update.expected_seconds:.0f} s" if update.expected_seconds is not None else ""
            progress.update(bar, description="Waiting", news=f"{update.position or 0} ahead{wait}")
        case Stage.STARTED:
            progress.update(bar, description=f"Running on {update.node}", news="")
        case Stage.PROGRESS:
            news = f"step {update.done} of {update.total}"
            description = f"Running on {update.node}"
            progress.update(bar, description=description, completed=update.done, total=update.total, news=news)
        case Stage.LOST:
            progress.update(bar, description=f"{update.node} does not answer", news="asked again; your money is held")
        case Stage.FOUND:
            progress.update(bar, description=f"{update.node} answers again", news="")
        case Stage.FETCHING:
            progress.update(bar, description="Fetching", news="")


def _say_quote(quote: m.Quote, as_json: bool) -> None:
    if as_json:
        print_json(quote.model_dump(mode="json", exclude={"nodes"}))
        return
    click.echo(f"{price_of(quote)}, on {quote.nodes[0].name} ({quote.nodes[0].state.value})")
    say_split(quote.split)


def _say_result(result: Result, written: Sequence[Path], as_json: bool) -> None:
    if as_json:
        facts: Mapping[str, object] = {
            "order": result.order,
            "files": [str(path) for path in written],
            "charged": result.charged,
            "paid_by": result.paid_by,
            "settled": result.settled,
            "missing": result.missing,
            "package": result.receipt.package,
            "node": result.node,
            "receipt": result.receipt_document,
        }
        print_json(facts)
        return
    for path in written:
        click.echo(path)
    if result.missing:
        made, why = len(result.outputs), result.receipt.error or "the model made no more"
        click.secho(f"{made} of {result.ordered} pictures ({why}); you pay for {made}.", err=True, fg="yellow")
    click.secho(
        f"{paid(result.charged, result.paid_by)}; receipt verified: {result.receipt.package[:23]}… "
        f"on {result.node} ({result.receipt.runtime})",
        err=True,
        fg="green",
    )
