"""``artrator package new | check | sign | verify | show | fetch | looks``."""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from artrator.cli._session import fetch_as_verifier, json_option, print_json
from artrator.cli._session import run as run_session
from artrator.cli._tables import plain_console, print_table
from artrator.errors import ArtratorError
from artrator.keys import PrivateKey, PublicKey
from artrator.manifest import InputSpec, Manifest, pick
from artrator.onnx_runtime import read_graph
from artrator.package import check as check_folder
from artrator.package import sign as sign_folder
from artrator.package import verify as verify_folder
from artrator.package.problems import Problem, in_lines
from artrator.package.report import Report
from artrator.package.starter import write_starter
from artrator.package.tree import SIGNATURE_NAME
from artrator.profile import Profile
from artrator.values import number_text
from artrator.worker.limits import WorkerInfo
from artrator.worker.trial import ask_backend, try_loading

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def package() -> None:
    """Make, check, sign and verify packages."""


@package.command()
@click.argument("name")
@click.option("--in", "parent", default=".", type=_FOLDER, help="Where to make the folder.", show_default=True)
@click.option("--graph", type=_FILE, help="An ONNX file: it is copied, and its tensors stand in artrator.toml.")
def new(name: str, parent: Path, graph: Path | None) -> None:
    """Make a folder NAME with a commented artrator.toml."""
    if re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", name) is None or len(name) > 64:
        raise click.BadParameter("use small letters, digits and single dashes, such as my-model", param_hint="NAME")
    folder = parent / name
    facts = None if graph is None else read_graph(graph.read_bytes(), str(graph))
    write_starter(folder, name, facts)
    if graph is not None and facts is not None:
        shutil.copyfile(graph, folder / "model.onnx")
        for weights in facts.external:
            click.echo(f"{graph} keeps weights in {weights!r}: put that file beside it as well.", err=True)
    click.echo(f"{folder / 'artrator.toml'} is ready to be filled in.")
    click.echo(f"{'Then' if graph else 'Put your files beside it, then'}: artrator package check {folder}")


@package.command()
@click.argument("folder", type=_FOLDER)
@click.option("--load", is_flag=True, help="Also load its weights, confined as on a node: says memory and time.")
@json_option
@click.pass_context
def check(context: click.Context, folder: Path, load: bool, as_json: bool) -> None:
    """Say everything that is wrong with the package in FOLDER, and what could be better.

    Its backend is asked about [settings] and the files they name, confined as on a node. Exit code 1 if anything must
    be mended.
    """
    report = asyncio.run(ask_backend(folder, check_folder(folder)))
    info = asyncio.run(try_loading(folder, report)) if load and report.ok else None
    if as_json:
        print_json(report.to_json() | ({} if info is None else {"loaded": _loaded_json(info)}))
    else:
        _print_report(report)
        if info is not None:
            _print_loaded(info)
    context.exit(0 if report.ok else 1)


@package.command()
@click.argument("folder", type=_FOLDER)
@click.option("--key", "key_file", type=_FILE, help="A P-256 private key in PEM; else your identity key.")
@json_option
def sign(folder: Path, key_file: Path | None, as_json: bool) -> None:
    """Check the package in FOLDER and sign it: writes model.sig."""
    key = _private_key(key_file) if key_file else Profile().identity
    report = asyncio.run(ask_backend(folder, check_folder(folder)))
    report.accepted()
    digest = sign_folder(folder, key)
    if as_json:
        warnings = [warning.to_json() for warning in report.warnings]
        print_json({"package": digest, "signer": key.id, "warnings": warnings})
        return
    _print_problems("look", "yellow", report.warnings)
    click.echo(f"signed {folder / SIGNATURE_NAME}\npackage {digest}\nsigner  {key.id}")


@package.command()
@click.argument("folder", type=_FOLDER)
@click.option("--key", metavar="KEY", help="The creator's public key: a PEM file or its text; else your own.")
@json_option
def verify(folder: Path, key: str | None, as_json: bool) -> None:
    """Hash every file in FOLDER and compare with what the creator signed."""
    verified = verify_folder(folder, _public_key(key))
    if as_json:
        files = {name: {"sha256": file.sha256, "size": file.size} for name, file in verified.files.items()}
        print_json({"ok": True, "package": verified.digest, "signer": verified.signer, "files": files})
        return
    click.echo(f"{_files(len(verified.files), verified.size)}, exactly as signed")
    click.echo(f"package {verified.digest}\nsigner  {verified.signer}")


@package.command()
@click.argument("folder", type=_FOLDER)
@click.option("--key", metavar="KEY", help="The creator's public key: a PEM file or its text; else your own.")
@json_option
def show(folder: Path, key: str | None, as_json: bool) -> None:
    """Show what the package in FOLDER is, asks for and makes, and whether its signature holds."""
    manifest = check_folder(folder).accepted()
    try:
        signature: dict[str, Any] = {"package": verify_folder(folder, _public_key(key)).digest, "problem": None}
    except ArtratorError as error:
        signature = {"package": None, "problem": error.message}
    if as_json:
        print_json(_manifest_json(manifest) | {"signature": signature})
        return
    click.secho(f"{pick(manifest.title, 'en')}  {manifest.name} {manifest.version}", bold=True)
    click.echo(f"{pick(manifest.summary, 'en')}\n")
    click.echo(f"task     {manifest.task}\nbackend  {manifest.backend}\nlicence  {manifest.license}")
    click.echo(f"rights   {', '.join(_rights(manifest)) or 'nothing beyond the licence'}")
    click.echo(f"package  {signature['package']}" if signature["package"] else f"NOT SIGNED: {signature['problem']}")
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("input", "type", "default", "accepts", ""):
        table.add_column(column)
    for spec in manifest.inputs.values():
        table.add_row(spec.name, spec.type.value, _default(spec), _accepts(spec), pick(spec.label, "en"))
    plain_console().print("", table)
    for unit in manifest.cost.units:
        click.echo(f"costs by {unit.name}: {' x '.join(unit.factors) or '1 a run'}")


@package.command("fetch")
@click.argument("listing")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--verify", "verifying", is_flag=True, help="With a verification ticket: for the creator and verifiers.")
@click.option("--node", help="The node to fetch from; else the registry picks one.")
@json_option
def fetch(listing: str, folder: Path, verifying: bool, node: str | None, as_json: bool) -> None:
    """Fetch the package of LISTING into FOLDER to look at it; its creator sees that you did. Resumable."""
    if not verifying:
        raise click.UsageError("Say --verify to look at a package; to keep one, buy it: artrator licence buy.")
    found = run_session(lambda client: fetch_as_verifier(client, listing, folder, node))
    if as_json:
        print_json({"package": found.digest, "folder": str(folder), "bytes": found.size})
        return
    click.echo(f"{folder}: {found.digest}, every file as its creator signed it")


@package.command()
@json_option
def looks(as_json: bool) -> None:
    """Say who looked at your packages and when, and what you looked at.

    Those are the looks with a verification ticket, which a creator and verifiers may ask for.
    """
    found = run_session(lambda client: client.verifications())
    if as_json:
        print_json([each.model_dump(mode="json", exclude={"ticket", "descriptor"}) for each in found])
        return
    if not found:
        click.echo("Nobody has looked.")
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("when", "who", "listing", "package", "node"):
        table.add_column(column)
    for each in found:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(each.at))
        table.add_row(when, each.verifier, each.listing, each.package[:19], each.node[:19])
    print_table(table)


def _print_report(report: Report) -> None:
    _print_problems("wrong", "red", report.problems)
    _print_problems("look", "yellow", report.warnings)
    summary = _files(len(report.files), report.size)
    if report.ok:
        click.echo(f"{summary}: ready to be signed")
    else:
        click.echo(f"{summary}: {len(report.problems)} to mend before it can be signed")


def _print_loaded(info: WorkerInfo) -> None:
    needs = f"needs at most {info.inspection.memory_bytes / 2**20:.0f} MiB"
    click.echo(f"loads in {info.load_seconds:.1f} s on {info.runtime}, {needs}")


def _loaded_json(info: WorkerInfo) -> dict[str, Any]:
    return {
        "runtime": info.runtime,
        "seconds": round(info.load_seconds, 3),
        "memory_bytes": info.inspection.memory_bytes,
    }


def _print_problems(word: str, colour: str, problems: Sequence[Problem]) -> None:
    for line in in_lines(problems):
        click.echo(f"{click.style(word, fg=colour)}  {line}")


def _private_key(path: Path) -> PrivateKey:
    try:
        return PrivateKey.load(path)
    except (ValueError, OSError) as error:
        raise click.BadParameter(
            f"{path} is not a P-256 private key in PEM without a password", param_hint="--key"
        ) from error


def _public_key(given: str | None) -> PublicKey:
    if given is None:
        return Profile().identity.public
    try:
        path = Path(given)
        return PublicKey.from_pem(path.read_bytes()) if path.is_file() else PublicKey.decode(given)
    except (ValueError, OSError) as error:
        raise click.BadParameter(
            "that is neither the PEM file nor the text of a P-256 public key", param_hint="--key"
        ) from error


def _manifest_json(manifest: Manifest) -> dict[str, Any]:
    return {
        "name": manifest.name,
        "version": manifest.version,
        "title": dict(manifest.title),
        "summary": dict(manifest.summary),
        "task": manifest.task,
        "backend": manifest.backend,
        "license": manifest.license,
        "rights": _rights(manifest),
        "tags": list(manifest.tags),
        "inputs": {
            name: {"type": spec.type.value, "default": spec.default, "required": spec.required}
            for name, spec in manifest.inputs.items()
        },
        "outputs": {name: output.type.value for name, output in manifest.outputs.items()},
        "cost": {unit.name: list(unit.factors) for unit in manifest.cost.units},
    }


def _rights(manifest: Manifest) -> list[str]:
    return [right for right in ("commercial", "derivatives") if getattr(manifest.rights, right)]


def _default(spec: InputSpec) -> str:
    if spec.random:
        return "random"
    if spec.default is None:
        return "required" if spec.required else ""
    return str(spec.default).lower() if isinstance(spec.default, bool) else str(spec.default)


def _accepts(spec: InputSpec) -> str:
    if spec.choices:
        values = [choice.value for choice in spec.choices]
        return ", ".join(values[:6]) + (f", … ({len(values)})" if len(values) > 6 else "")
    bounds = [number_text(bound) for bound in (spec.minimum, spec.maximum) if bound is not None]
    if bounds:
        return " … ".join(bounds)
    if spec.max_side:
        return f"up to {spec.max_side} px"
    return f"up to {spec.max_length} characters" if spec.max_length else ""


def _files(count: int, size: int) -> str:
    shown = f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size / 2**10:.1f} KiB"
    return f"{count} {'file' if count == 1 else 'files'}, {shown}"
