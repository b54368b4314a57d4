"""Asking what answers: in confined processes of a backend's own environment, never in the daemon.

The first process names the runtime, its providers and the cards. Each provider of a card is then tried in a process of
its own, because a driver that does not fit may end it, and the others should be asked all the same.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from artrator.backend import Device
from artrator.errors import ArtratorError
from artrator.nvml import is_named
from artrator.onnx_runtime.providers import PROVIDERS
from artrator.plugins import find_backend
from artrator.plugins.info import PluginInfo
from artrator.worker.limits import Limits
from artrator.worker.outlast import outlast
from artrator.worker.policy import environment, grants, sandbox_settings, visible_cards
from artrator.worker.process import Process, exit_sentence
from artrator.worker.wire import Channel, WireError
from artrator.worker.words import sentence
from artrator_node.engine.devices.places import KINDS, ON_PROCESSOR

#: Reading CUDA's libraries from a slow disk takes long.
_SECONDS: Final = 60.0
#: Cards of a kind whose number nobody tells (DirectML, OpenVINO).
_MOST_CARDS: Final = 4
#: A warning or an error of onnxruntime's log, which is in colours.
_LOGGED: Final = re.compile(r"\[[EW]:onnxruntime:[^\]]*\] ([^\x1b\n]+)")


@dataclass(frozen=True)
class Card:
    """A card that computes.

    Attributes:
        memory_bytes: All of it; 0 where nobody tells.
        driver: Its version; empty where nobody tells.
    """

    index: int
    name: str = ""
    memory_bytes: int = 0
    driver: str = ""


@dataclass(frozen=True)
class Answer:
    """What the environment of one backend can compute on.

    Attributes:
        runtime: Wheel and version; empty without onnxruntime.
        kinds: Kinds that answered on the processor.
        cards: Cards on which anything answered.
        cards_by_kind: Which kinds answered on which card.
        untold: Cards with CUDA on which onnxruntime did not answer, or was not there: a backend with kernels of its own
            may compute there all the same, which is seen when a package is tried.
        refused: Why the others did not, by device.
    """

    runtime: str = ""
    kinds: frozenset[str] = frozenset()
    cards: Sequence[Card] = ()
    cards_by_kind: frozenset[tuple[str, int]] = frozenset()
    untold: frozenset[tuple[str, int]] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)


async def ask(backend: str, *, trying: bool = True) -> Answer:
    """What a backend's environment can compute on; never raises for what is missing or broken there.

    Args:
        backend: Its name.
        trying: Whether each provider is tried; else only runtime and cards are named, of which none is known to answer.
    """
    try:
        plugin = find_backend(backend)
    except ArtratorError as error:
        return Answer(refused={"cpu": error.message})
    if plugin.error is not None:
        return Answer(refused={"cpu": plugin.error})
    return await _ask(plugin, trying)


async def _ask(plugin: PluginInfo, trying: bool) -> Answer:
    # The first question needs what a driver needs, but no provider is started by it.
    may_use_cards = grants(plugin, Device("cuda"))["gpu"]
    said = await _probe(plugin, Device("cuda" if may_use_cards else "cpu"), "", [])
    if isinstance(said, str):
        return Answer(kinds=frozenset({"cpu"}), refused={"cuda": said})
    driver = sentence(str(said.get("driver", "")), 40)
    found = [card for card in (_card(told, driver) for told in said.get("cards", ())) if card is not None]
    known = _counted(found, visible_cards())
    providers = said.get("providers", ())
    runtime = sentence(str(said.get("runtime", "")), 80)
    if not trying:
        return Answer(runtime, cards=list(known.values()))
    nvidias = frozenset(("cuda", index) for index in known)
    processor, by_card, refused = {"cpu"}, set[tuple[str, int]](), dict[str, str]()
    for kind in KINDS:
        if kind == "cpu" or PROVIDERS[kind] not in providers or not (kind in ON_PROCESSOR or may_use_cards):
            continue
        nvidia = kind in ("cuda", "tensorrt")
        indexes = [0] if kind in (*ON_PROCESSOR, "coreml") else sorted(known) if nvidia else range(_MOST_CARDS)
        if nvidia and not indexes:
            refused[kind] = "no NVIDIA card, or no driver, answers on this machine."
        for index in indexes:
            why, answered = await _try(plugin, kind, index)
            if why:
                refused[f"{kind}:{index}"] = why
                if nvidia and answered:
                    continue  # the driver says that there is a next one, which may be younger
                break  # where one card is not, the next is not either; and a driver that dies once dies again
            if kind in ON_PROCESSOR:
                processor.add(kind)
            else:
                by_card.add((kind, index))
                known.setdefault(index, Card(index))
    untold = nvidias - by_card if may_use_cards else frozenset()
    usable = [card for index, card in sorted(known.items()) if any(index == own for _, own in by_card | untold)]
    return Answer(runtime, frozenset(processor), usable, frozenset(by_card), untold, refused)


async def _try(plugin: PluginInfo, kind: str, index: int) -> tuple[str, bool]:
    """Why a device does not compute, empty if it does; and whether its process came as far as to say so."""
    # A worker sees one card of NVIDIA's, as its first; of others it sees all.
    device = Device(kind, index)
    inside = 0 if kind in ("cuda", "tensorrt") else index
    said = await _probe(plugin, device, kind, [inside])
    if isinstance(said, str):
        return said, False
    answers = said.get("answers")
    answer = answers.get(str(inside)) if isinstance(answers, dict) else None
    if not isinstance(answer, str):
        return "it gave no answer.", False
    return sentence(f"{answer} {said['logged']}", 300) if answer else "", True


async def _probe(plugin: PluginInfo, device: Device, kind: str, cards: Sequence[int]) -> Mapping[str, Any] | str:
    """One question in one confined process; the reason in words if it did not answer."""
    limits = Limits()
    try:
        process = await Process.start(
            plugin.interpreter,
            lambda scratch: {
                "sys_path": [str(path) for path in plugin.sys_path],
                "sandbox": sandbox_settings(plugin, device, limits, readable=[], scratch=scratch),
            },
            lambda scratch: environment(plugin, device, scratch),
        )
    except ArtratorError as error:
        return error.message
    channel = Channel(process.connection, max_body=0)
    try:
        async with asyncio.timeout(_SECONDS):
            await channel.send({"op": "probe", "kind": kind, "cards": cards})
            header = (await channel.receive()).header
    except TimeoutError:
        return f"it did not answer within {_SECONDS:g} seconds."
    except WireError:
        return f"its process {exit_sentence(await process.end())}. {sentence(process.last_words)}".strip()
    finally:
        process.kill()
        try:
            await outlast(process.exited)
        finally:
            await channel.close()
    # Computing elsewhere is no error to onnxruntime: why it does so stands in its log alone.
    logged = next(reversed(_LOGGED.findall(process.output)), "")
    return {**header, "logged": logged} if header.get("op") == "probed" else "it gave no answer."


def _card(said: object, driver: str) -> tuple[Card, str] | None:
    """One of NVIDIA's cards as its driver counts it, and its mark; None for what is none."""
    match said:
        case {"index": int(index), "name": str(name), "mark": str(mark), "memory_bytes": int(memory)} if (
            0 <= index < 64 and memory >= 0
        ):
            return Card(index, sentence(name, 80), memory, driver), mark
    return None


def _counted(cards: Sequence[tuple[Card, str]], visible: Sequence[str]) -> dict[int, Card]:
    """The cards that this node may use, by the numbers that it knows them by."""
    if not visible:
        return {card.index: card for card, _ in cards}
    found: dict[int, Card] = {}
    for index, name in enumerate(visible):
        card = next((card for card, mark in cards if is_named(name, card.index, mark)), None)
        if card is None:
            break  # CUDA sees none of those that stand behind a name that it does not know
        found[index] = replace(card, index=index)
    return found
