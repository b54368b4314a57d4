"""``artrator node bench``: what each package gives on each device, and which way the node chooses.

Workers of its own, started as the node starts them; with ``auto`` what is measured is kept for the node, which then
need not try it itself. A node that serves at the same time takes its share of the machine, and the output says so.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from artrator.errors import ArtratorError, Code
from artrator_node.catalogue import Catalogue, ServedPackage
from artrator_node.clock import Clock
from artrator_node.config import Paths, Settings
from artrator_node.engine.devices import Choice, Devices, Figures
from artrator_node.engine.devices.probe import ask
from artrator_node.engine.slot import StartWorker
from artrator_node.engine.trials import trial
from artrator_node.journal import Journal

#: Numbers of runs that are given at once.
SIZES: Final = (1, 4, 8)
#: The longest that one package may be tried on one choice; a node that tunes itself has less patience.
_SECONDS: Final = 120.0
#: Columns of the tables, on a terminal or in a file.
_WIDTH: Final = 100


@dataclass(frozen=True)
class Row:
    """One package on one choice.

    Attributes:
        chosen: The node would load the package this way.
    """

    package: ServedPackage
    choice: Choice
    figures: Figures
    chosen: bool = False


@dataclass(frozen=True)
class Bench:
    """What came out.

    Attributes:
        rows: In the order in which they were tried.
        refused: Why devices did not answer, by backend and device.
        whole: Everything was tried; not so after Ctrl+C.
    """

    rows: Sequence[Row]
    refused: Mapping[str, Mapping[str, str]]
    whole: bool = True

    def to_json(self, *, serving: bool) -> dict[str, Any]:
        """For programs."""
        return {
            "rough": serving,
            "whole": self.whole,
            "refused": {backend: dict(why) for backend, why in self.refused.items()},
            "rows": [
                {
                    "package": row.package.digest,
                    "name": row.package.manifest.name,
                    "device": row.choice.place.label,
                    "kind": row.choice.kind,
                    "threads": row.choice.threads if row.choice.is_on_processor else 0,
                    "precision": row.choice.precision,
                    "chosen": row.chosen,
                    **row.figures.to_json(),
                }
                for row in self.rows
            ],
        }


async def run(paths: Paths, settings: Settings, start: StartWorker, names: Sequence[str]) -> AsyncIterator[Row | Bench]:
    """Try packages; each row as it is known, and all of it at the end, also when it is ended from outside.

    Args:
        paths: The node's folder.
        settings: The owner's.
        start: How a worker is started.
        names: Names, or beginnings of digests, of packages; all of them if empty.

    Raises:
        ArtratorError: ``not_found`` for a name that is not served.
    """
    catalogue = Catalogue(paths.served)
    await catalogue.refresh()
    packages = _chosen(catalogue, names)
    devices = Devices(settings)
    rows: list[Row] = []
    refused: dict[str, Mapping[str, str]] = {}
    async with _journal(paths) as journal:
        clock = Clock()
        for package in packages:
            backend = package.manifest.backend
            if not devices.knows(backend):
                answer = await ask(backend)
                devices.learn(backend, answer)
                refused[backend] = answer.refused
        for package in packages:
            async for row in _package(package, devices, start, journal, clock):
                rows.append(row)
                yield row
        best = {way for package in packages for way in _ways(devices, package)}
    yield Bench([Row(r.package, r.choice, r.figures, (r.package.digest, r.choice) in best) for r in rows], refused)


async def _package(
    package: ServedPackage, devices: Devices, start: StartWorker, journal: Journal, clock: Clock
) -> AsyncIterator[Row]:
    choices = [choice for place in devices.places for choice in devices.choices(package, place)]
    reference: trial.Reference | None = None
    if not any(choice.kind == "cpu" for choice in choices):
        # Nobody asked for the processor's figures, but its picture is what the others are held against.
        processor = Devices(Settings(name="x", urls=("https://x",), registry="x", device="cpu"))
        (place,) = processor.places
        reference = (await trial.attempt(start, package, processor.choices(package, place)[0], sizes=())).reference
    for choice in sorted(choices, key=lambda choice: choice.kind != "cpu"):
        tried = await trial.attempt(start, package, choice, reference=reference, sizes=SIZES, seconds=_SECONDS)
        reference = reference or tried.reference
        measured = devices.remember(package, choice, tried.figures, clock.now())
        if devices.automatic:
            journal.keep_trial(measured.to_keep())
        yield Row(package, choice, tried.figures)


def _ways(devices: Devices, package: ServedPackage) -> Sequence[tuple[str, Choice]]:
    """The way that the node loads a package first; where the owner named several devices, one on each."""
    ranked = devices.ranked(package)
    return [(package.digest, way) for way in (ranked[:1] if devices.automatic else ranked)]


def _chosen(catalogue: Catalogue, names: Sequence[str]) -> Sequence[ServedPackage]:
    served = list(catalogue.packages.values())
    if not names:
        if not served:
            raise ArtratorError(
                Code.NOT_FOUND, "This node serves no package.", cure="Publish one with `artrator node publish FOLDER`."
            )
        return served
    found: list[ServedPackage] = []
    for name in names:
        alike = [p for p in served if name in (p.manifest.name, p.listing) or p.digest.startswith(name)]
        if not alike:
            offered = ", ".join(sorted(p.manifest.name for p in served)) or "nothing"
            raise ArtratorError(Code.NOT_FOUND, f"This node does not serve {name!a}.", cure=f"It serves {offered}.")
        found += [package for package in alike if package not in found]
    return found


@contextlib.asynccontextmanager
async def _journal(paths: Paths) -> AsyncIterator[Journal]:
    journal = Journal(paths.journal)
    await asyncio.to_thread(journal.open)
    try:
        yield journal
    finally:
        await journal.close()


# --- for people


def render(bench: Bench, *, serving: bool, width: int = _WIDTH) -> str:
    """Tables of at most ``width`` columns, one a package."""
    console = Console(width=width, force_terminal=False, color_system=None, highlight=False)
    with console.capture() as capture:
        names = list(dict.fromkeys(row.package.digest for row in bench.rows))
        for digest in names:
            rows = [row for row in bench.rows if row.package.digest == digest]
            console.print(_table(rows))
            for line in _reasons(rows):
                console.print(Text(f"  {line}"), soft_wrap=True)
            console.print()
        for backend, why in bench.refused.items():
            for device, reason in why.items():
                console.print(Text(f"{backend}: {device} does not answer: {reason}"), soft_wrap=True)
        if serving:
            console.print(Text("The node was serving meanwhile: these figures are rough."))
        if not bench.whole:
            console.print(Text("Stopped before everything was tried."))
    return capture.get()


def _table(rows: Sequence[Row]) -> Table:
    manifest = rows[0].package.manifest
    table = Table(title=f"{manifest.name} {manifest.version}", title_justify="left", title_style="", box=None)
    table.add_column("", width=1)
    table.add_column("device", no_wrap=True)
    for name in ("load s", "run s", *(f"x{size} /s" for size in SIZES), "MiB", "differs"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        figures = row.figures
        rates = [_number(figures.rows.get(size)) for size in SIZES]
        differs = "" if figures.difference is None else f"{figures.difference:.2f}"
        table.add_row(
            "*" if row.chosen else "x" if figures.out else "",
            str(row.choice),
            _number(figures.load_seconds),
            _number(figures.run_seconds),
            *rates,
            str(figures.memory_bytes >> 20) if figures.memory_bytes else "",
            differs,
        )
    return table


def _reasons(rows: Sequence[Row]) -> Sequence[str]:
    lines = []
    measured = [row for row in rows if row.figures.run_seconds and not row.figures.out]
    for row in rows:
        if row.chosen and len(measured) > 1 and row in measured:
            slowest = max(other.figures.cost for other in measured)
            lines.append(f"* {row.choice} is chosen: {slowest / row.figures.cost:.2f} times the slowest.")
        elif row.chosen:
            lines.append(f"* {row.choice} is chosen: there is no other way.")
        if row.figures.out:
            lines.append(f"x {row.choice} is out: {row.figures.out[: _WIDTH * 2]}")
        if row.figures.note:
            lines.append(f"  {row.choice}: {row.figures.note}")
    return lines


def _number(value: float | None) -> str:
    """Three digits that say something."""
    if not value:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
