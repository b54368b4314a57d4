"""The screen, drawn anew for every look. Nothing is said by colour alone; eighty columns are enough, more are used."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Final

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from artrator.messages.node import CardHealth, Health, PackageHealth
from artrator_node.commands.status import held
from artrator_node.owner.words import span, when
from artrator_node.watch.facts import Facts, Sample, order

_WIDE: Final = 100
#: Packages that are shown on the lowest screen, and the lines that everything else takes.
_FEWEST_ROWS: Final = 4
_OTHER_ROWS: Final = 18
_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "warm": ("●", "green"),
    "loading": ("◐", "yellow"),
    "cold": ("○", "dim"),
    "broken": ("▲", "red"),
    "quarantined": ("■", "red"),
    "refused": ("■", "red"),
}
#: The registry asks for a heartbeat more often than this; a longer silence is worth a look.
_SILENT_SECONDS: Final = 90.0


class Screen:
    """A node on a terminal.

    Args:
        name: What its owner called it.
        url: Where it is asked.
        facts: What was read.
        now: Seconds since 1970.
    """

    def __init__(self, name: str, url: str, facts: Facts, now: float | None = None) -> None:
        self._name = name
        self._url = url
        self._facts = facts
        self._now = time.time() if now is None else now

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw."""
        sample = self._facts.latest
        health = sample.health if sample is not None else None
        if sample is None or health is None:
            yield from (_inset(line) for line in self._away(sample))
            return
        wide = options.max_width >= _WIDE
        yield _inset(self._head(health, sample.connections))
        yield self._packages(health, wide=wide, most=max(_FEWEST_ROWS, console.height - _OTHER_ROWS))
        sides = [panel for panel in (self._machine(health), self._owner(health)) if panel is not None]
        if wide and len(sides) == 2:
            row = Table.grid(expand=True, padding=(0, 1, 0, 0))
            row.add_column(ratio=1)
            row.add_column(ratio=1)
            row.add_row(*sides)
            yield row
        else:
            yield Group(*sides)
        yield _inset(self._registry(health))
        yield from (_inset(line) for line in self._troubles(health))
        yield Text()
        yield _inset(Text("Ctrl+C leaves; the node goes on.", style="dim"))

    # --- the parts

    def _away(self, sample: Sample | None) -> Iterator[RenderableType]:
        state = "looking …" if sample is None else "away" if sample.problem is None else "silent"
        yield Text.assemble((self._name, "bold"), "  ", (state, "yellow bold"))
        yield Text()
        if sample is not None:
            seen = _ago(self._facts.last_seen, self._now, "  It was last seen ")
            yield Text((sample.problem or f"Nothing answers at {self._url}.") + seen)
            cure = "" if sample.problem else "Start it with `artrator node serve`. "
            yield Text(f"{cure}This screen goes on looking.", style="dim")
        yield Text()
        yield Text("Ctrl+C leaves.", style="dim")

    def _troubles(self, health: Health) -> Iterator[Text]:
        said = " ".join(health.warnings)
        for package in health.packages:
            if package.error and package.error not in said:
                named = package.error.startswith(package.name)
                yield Text.assemble(("! ", "red bold"), "" if named else f"{package.name}: ", package.error)
        for warning in health.warnings:
            yield Text.assemble(("! ", "yellow bold"), warning)

    def _head(self, health: Health, connections: int | None) -> RenderableType:
        words, style = _standing(health)
        head = Table.grid(expand=True)
        head.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        head.add_column(justify="right", no_wrap=True)
        head.add_row(
            Text.assemble((health.name, "bold"), "  ", (words, f"{style} bold")),
            Text(time.strftime("%H:%M:%S", time.localtime(self._now)), style="dim"),
        )
        up = span(self._now - health.started_at)
        counts = f"{health.running} running, {health.queued} waiting"
        lines = "" if connections is None else f" · {connections} connection{'s' * (connections != 1)}"
        head.add_row(Text(f"{counts} · {health.device} · up {up}{lines}"), Text(f"v{health.version}", style="dim"))
        if health.hold is not None:
            until = "" if health.hold.until is None else f" Until {when(health.hold.until, self._now)}."
            return Group(head, Text.assemble((f"{health.hold.reason}{until}", "yellow")))
        return head

    def _packages(self, health: Health, *, wide: bool, most: int) -> RenderableType:
        if not health.packages:
            return Text("It serves nothing yet: artrator node publish FOLDER --price …", style="dim")
        table = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1), pad_edge=False, header_style="dim")
        table.add_column("package", ratio=1, no_wrap=True, overflow="ellipsis", min_width=12)
        table.add_column("state", no_wrap=True)
        for name in ("run", "wait", "jobs/min", "p50"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("memory", justify="right", no_wrap=True)
        if wide:
            table.add_column("done", justify="right", no_wrap=True)
            table.add_column("failed", justify="right", no_wrap=True)
            table.add_column("runs on", no_wrap=True, overflow="ellipsis", max_width=28)
        known = {package.package: package for package in health.packages}
        shown = order(health)
        for digest in shown[:most]:
            table.add_row(*self._row(known[digest], wide=wide))
        if len(shown) > most:
            table.add_row(Text(f"and {len(shown) - most} more", style="dim"))
        return table

    def _row(self, package: PackageHealth, *, wide: bool) -> Iterator[RenderableType]:
        mark, style = _STATES.get(package.state, ("?", "yellow"))
        pace = self._facts.pace(package.name, package.package)
        version = f" {package.version}" if wide else ""
        yield Text.assemble((package.name, "bold" if package.running else ""), (version, "dim"))
        yield Text(f"{mark} {package.state}", style=style)
        yield _together(package)
        yield _count(package.queued)
        yield "–" if pace.jobs_a_minute is None else _number(pace.jobs_a_minute)
        yield "–" if pace.median_seconds is None else _seconds(pace.median_seconds)
        yield _bytes(package.memory_bytes) if package.memory_bytes else Text("–", style="dim")
        if wide:
            yield f"{package.jobs_done:,}"
            yield f"{package.jobs_failed:,}" if package.jobs_failed else Text("–", style="dim")
            yield Text(package.runtime or "–", style="" if package.runtime else "dim")

    def _machine(self, health: Health) -> RenderableType | None:
        machine = health.machine
        if machine is None:
            return None
        grid = _grid()
        for card in machine.cards:
            grid.add_row(card.name, _card(card))
        if machine.processor_temperature is not None:
            grid.add_row("processor", f"{machine.processor_temperature:.0f} °C")
        taken = sum(package.memory_bytes for package in health.packages)
        grid.add_row("models", f"{_bytes(taken)} of memory" if taken else "none in memory")
        if not machine.cards and machine.processor_temperature is None:
            grid.add_row("sensors", Text("this machine tells none", style="dim"))
        return _panel("machine", grid)

    def _owner(self, health: Health) -> RenderableType | None:
        machine = health.machine
        if machine is None:
            return None
        grid = Table.grid(expand=True)
        grid.add_column(overflow="fold")
        for rule in machine.owner_rules:
            grid.add_row(Text(rule.words))
        if machine.hours_change_at is not None:
            left = span(machine.hours_change_at - self._now)
            words = "closes" if machine.hours_open else "opens"
            grid.add_row(Text(f"{words} {when(machine.hours_change_at, self._now)}, in {left}", style="cyan"))
        if not machine.owner_rules:
            grid.add_row(Text("none: it may work whenever it runs", style="dim"))
        return _panel("your rules", grid)

    def _registry(self, health: Health) -> RenderableType:
        reached = health.registry_reached_at
        if reached is None:
            heard, style = "never heard of", "red"
        else:
            silent = self._now - reached
            heard, style = f"heard {span(silent)} ago", "green" if silent < _SILENT_SECONDS else "red"
        parts: list[str | tuple[str, str]] = [("registry ", "dim"), health.registry, "  ", (heard, style)]
        if health.outbox:
            parts += ["  ", (f"{health.outbox} receipts wait", "yellow")]
        return Text.assemble(*parts)


def _standing(health: Health) -> tuple[str, str]:
    if health.hold is not None:
        return held(health.hold), "yellow"
    return {"serving": ("open", "green"), "draining": ("stopping", "yellow")}.get(health.state, ("starting", "yellow"))


def _panel(title: str, content: RenderableType) -> RenderableType:
    return Group(
        Padding(Rule(Text(title, style="dim"), align="left", style="dim"), (0, 1)), Padding(content, (0, 1, 1, 1))
    )


def _inset(content: RenderableType) -> RenderableType:
    return Padding(content, (0, 1))


def _grid() -> Table:
    grid = Table.grid(expand=True, padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, overflow="ellipsis", max_width=24, style="dim")
    grid.add_column(ratio=1, overflow="fold")
    return grid


def _card(card: CardHealth) -> Text:
    parts = []
    if card.busy is not None:
        parts.append(f"{card.busy:.0%} busy")
    if card.temperature is not None:
        parts.append(f"{card.temperature:.0f} °C")
    if card.power is not None:
        parts.append(f"{card.power:.0f} W")
    if card.memory_used is not None:
        whole = f" of {_bytes(card.memory_total)}" if card.memory_total else ""
        parts.append(f"{_bytes(card.memory_used)}{whole}")
    return Text(" · ".join(parts) or "tells nothing")


def _together(package: PackageHealth) -> Text:
    """How many jobs are in its workers, of how many that their steps are worth merging for."""
    seats = f"/{package.seats}" if package.seats and package.state == "warm" else ""
    return Text.assemble(_count(package.running), (seats, "dim"))


def _count(number: int) -> Text:
    return Text(str(number), style="bold" if number else "dim")


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 or value == 0 else f"{value:.1f}"


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s" if value < 100 else span(value)


def _bytes(number: int) -> str:
    return f"{number / (1 << 30):.1f} GiB" if number >= 1 << 30 else f"{number / (1 << 20):.0f} MiB"


def _ago(moment: float | None, now: float, words: str) -> str:
    return "" if moment is None else f"{words}{span(now - moment)} ago."
