"""``artrator run``: run a model on this machine, one that was bought or one's own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from artrator.backend import Device
from artrator.cli import _session
from artrator.cli._outputs import write_outputs
from artrator.cli._request_options import request_options
from artrator.cli._session import json_option, print_json
from artrator.cli.generate import read_files, read_settings, try_places
from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError, Code
from artrator.frames import check_target, write_film
from artrator.local import Library, LocalEngine, LocalPackage, LocalProgress, LocalResult, LocalStage
from artrator.package import read_manifest
from artrator.profile import Profile, write_atomically

#: A listing, or the digest of a package.
_LISTING = re.compile(r"[a-z0-9-]+/[a-z0-9-]+|sha256:[0-9a-f]{64}")
_DEVICES = ("cpu", "cuda", "tensorrt", "directml", "coreml", "openvino", "openvino-gpu")


@click.command()
@click.argument("model")
@click.option("--local", is_flag=True, help="Use what is on this machine; ask no registry.")
@request_options
@click.option("--device", default="cpu", type=click.Choice(_DEVICES), show_default=True, help="What computes.")
@json_option
def run(
    model: str,
    local: bool,
    prompt: str | None,
    settings: Sequence[str],
    files: Sequence[str],
    output: Path | None,
    video: Path | None,
    rate: float | None,
    image_format: str,
    device: str,
    as_json: bool,
) -> None:
    """Run MODEL on this machine: a listing that you bought, or a folder of your own.

    Your own folder need not be signed. A licence that was bought elsewhere is fetched first, unless --local is given.
    Nothing is paid and nobody is told what you make.
    """
    if video is not None:
        check_target(video)
    package = _package(model, local=local)
    manifest = read_manifest((package.folder / "artrator.toml").read_text(encoding="utf-8"))
    inputs = read_settings(manifest, [*settings, *([f"prompt={prompt}"] if prompt is not None else [])])
    given = read_files(manifest, files)
    try_places(output, video, default=manifest.name)
    try:
        result = asyncio.run(_run(package, inputs, given.files, image_format, device, quiet=as_json))
    except ArtratorError as error:
        raise _unpaid(error) from error
    if video is not None:
        frames = [item.data for item in result.outputs if item.output.media_type.startswith("image/")]
        write_film(video, frames, rate or given.rate)
        written = [video]
    else:
        default = Path(f"{manifest.name}-{result.record.package[7:15]}")
        written = write_outputs(result.outputs, output, default=default)
    record = json.dumps(result.record.to_json(), ensure_ascii=False, indent=2).encode()
    write_atomically(written[0].with_suffix(".run.json"), record)
    if as_json:
        print_json({"files": [str(path) for path in written], **result.record.to_json()})
        return
    seconds = result.record.finished_at - result.record.started_at
    click.echo(f"{', '.join(map(str, written))}  ({seconds:.1f} s on {result.record.runtime})")


def _package(model: str, *, local: bool) -> LocalPackage:
    """What the argument names: a folder with a manifest, or something that is owned."""
    folder = Path(model)
    if (folder / "artrator.toml").is_file():
        return LocalPackage(folder.resolve())
    library = Library(Profile().folder / "packages")
    owned = library.owned(model)
    if owned is None and _LISTING.fullmatch(model) is None:
        raise ArtratorError(
            Code.REQUEST_INVALID,
            f"{model} is no folder with an artrator.toml in it, and no listing.",
            cure="Check the path; a listing is written HANDLE/NAME.",
        )
    if owned is None and not local:
        _session.run(lambda client: _fetch(client, model))
    return library.get(model).package if owned is None else owned.package


def _unpaid(error: ArtratorError) -> ArtratorError:
    """The same error without the comfort that nothing was charged: nothing ever is here."""
    cure = error.cure.removeprefix("Nothing was charged; ")
    return ArtratorError(error.code, error.message, cure=cure[:1].upper() + cure[1:], **error.details)


async def _fetch(client: RegistryClient, model: str) -> None:
    from artrator.cli.licences import make_licence_buyer

    bought = [item for item in await client.purchases() if model in (item.order.listing, item.order.package)]
    paid = next((item for item in bought if item.licence is not None), None)
    if paid is None:
        raise ArtratorError(
            Code.LICENCE_MISSING,
            f"You have no licence of {model}.",
            cure=f"Buy one with `artrator licence buy {model}`, or a single run with `artrator generate {model}`.",
        )
    await (await make_licence_buyer(client, Profile())).download(paid)


async def _run(
    package: LocalPackage,
    inputs: Mapping[str, object],
    files: Mapping[str, bytes | list[bytes]],
    image_format: str,
    device: str,
    *,
    quiet: bool,
) -> LocalResult:
    """One run with its progress; Ctrl+C stops it."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[news]}", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as progress:
        bar = progress.add_task("Loading", total=None, news="")
        this = str(uuid.uuid4())
        async with LocalEngine(Device(kind=device)) as engine:
            loop = asyncio.get_running_loop()
            with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers on the loop
                loop.add_signal_handler(signal.SIGINT, engine.cancel, this)
            return await engine.run(
                package,
                inputs,
                files,
                lambda news: _show(progress, bar, news),
                image_format=image_format,
                run=this,
            )


def _show(progress: Progress, bar: TaskID, news: LocalProgress) -> None:
    if news.stage is LocalStage.RUNNING and news.total:
        text = f"step {news.done} of {news.total}"
        progress.update(bar, description="Running", completed=news.done, total=news.total, news=text)
    elif news.stage is LocalStage.ENCODING:
        progress.update(bar, description="Writing", news="")
