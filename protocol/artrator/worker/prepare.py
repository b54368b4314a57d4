"""A plugin's prepare step: a module of it run once, confined like a worker, that may write to one folder.

It is run after an install, by ``artrator plugins prepare``, and before a worker starts where it has not been tried for
the plugin's version and this interpreter. It is given no package and no request, no network, no GPU and none of what
else the plugin was allowed. What it wrote is measured while it writes, and afterwards, when nobody writes any more,
stripped of everything but plain files; then it is renamed into place, where workers can read it and nothing can write.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import tempfile
import time
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator.plugins.cache import (
    VARIABLE,
    Preparation,
    cache_place,
    folder_of,
    forget_preparation,
    is_due,
    last_preparation,
    note_preparation,
    running_python,
)
from artrator.plugins.info import PluginInfo
from artrator.worker.limits import Limits
from artrator.worker.policy import is_switched_off
from artrator.worker.removal import remove_folder
from artrator.worker.sandbox import landlock
from artrator.worker.step import Step, StepError, run_step
from artrator.worker.usage import folder_bytes
from artrator.worker.words import sentence

_log: Final = logging.getLogger(__name__)

_SCRATCH: Final = ".preparing-"
_OLD: Final = ".replaced-"
#: A half-made cache that is older than this belongs to nobody any more.
_STALE_SECONDS: Final = 3600
#: Of what the step printed, what is told when it fails.
_TOLD: Final = 700

#: One step of a plugin at a time; a second one that waited finds it done.
_turns: Final[weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]]] = (
    weakref.WeakKeyDictionary()
)


def is_confined() -> bool:
    """Whether the step is kept from the owner's files on this machine."""
    return sys.platform == "linux" and landlock.version() > 0 and not is_switched_off()


async def prepare_plugin(plugin: PluginInfo, limits: Limits = Limits()) -> Preparation:  # noqa: B008 - frozen
    """Run the prepare step of ``plugin``, whether it is due or not, and put its cache into place.

    Raises:
        ArtratorError: ``plugin_broken`` if the plugin cannot be used, ``plugin_invalid`` if it has no such step;
            ``plugin_not_prepared`` with the plugin's name, the reason and what the step printed, or ``disk_full``.
            The plugin can be used all the same.
    """
    if plugin.error is not None:
        raise ArtratorError(Code.PLUGIN_BROKEN, plugin.error, plugin=plugin.name)
    if plugin.prepare is None:
        raise ArtratorError(Code.PLUGIN_INVALID, f"{plugin.name} has nothing to prepare.")
    async with _turn(plugin):
        return await _prepare(plugin, limits)


async def prepare_if_due(plugin: PluginInfo, limits: Limits) -> None:
    """Run the step unless it has been tried for this version and interpreter; what fails is logged, never raised."""
    if not is_due(plugin):
        return
    # The memory that one package may take says nothing of what the step needs, and its failure would be remembered.
    limits = replace(limits, memory_bytes=0)
    async with _turn(plugin):
        if not is_due(plugin):
            return
        try:
            await _prepare(plugin, limits)
        except ArtratorError as error:
            _log.warning("%s", error.message)


def _turn(plugin: PluginInfo) -> asyncio.Lock:
    return _turns.setdefault(asyncio.get_running_loop(), {}).setdefault(plugin.name, asyncio.Lock())


async def _prepare(plugin: PluginInfo, limits: Limits) -> Preparation:
    begun = time.monotonic()
    known = Preparation(plugin.version, running_python())
    cache = None
    try:
        cache = _scratch(plugin)
        size = await _run(plugin, cache, limits)
        done = replace(known, seconds=round(time.monotonic() - begun, 3), size=size)
        _put_in_place(plugin, cache)
        note_preparation(plugin, done)
    except OSError as error:
        # Not remembered either, as below.
        raise _failed(plugin, f"its cache cannot be written: {sentence(error.strerror or error, 200)}") from error
    except ArtratorError as error:
        before = last_preparation(plugin)
        # A full disk says nothing of the next time, and a plugin that was removed meanwhile must not come back.
        known_bad = error.code == Code.PLUGIN_NOT_PREPARED and folder_of(plugin).is_dir()
        if known_bad and (before is None or before.failure is not None):
            with contextlib.suppress(ArtratorError):
                note_preparation(plugin, replace(known, failure=error.message))
        raise
    finally:
        if cache is not None:
            remove_folder(cache)
    return done


async def _run(plugin: PluginInfo, cache: Path, limits: Limits) -> int:
    """Run the module to its end in a process that may write to ``cache``; returns how many bytes it left there."""
    step = Step(
        plugin,
        {"op": "prepare", "plugin": plugin.name, "module": plugin.prepare},
        "prepared",
        cache,
        seconds=limits.prepare_seconds,
        most_bytes=limits.cache_bytes,
        variables={VARIABLE: str(cache)},
        limits=limits,
    )
    try:
        await run_step(step)
    except StepError as error:
        code = Code.PLUGIN_NOT_PREPARED if error.lasting else Code.DISK_FULL
        raise _failed(plugin, str(error), error.output, code) from error
    return folder_bytes(cache, limits.cache_bytes)


def _scratch(plugin: PluginInfo) -> Path:
    """A folder for the step beside where its cache belongs; what an earlier one left behind is swept away."""
    folder = folder_of(plugin)
    if plugin.location is None:
        folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(".*"):
        if leftover.name.startswith((_SCRATCH, _OLD)) and time.time() - leftover.stat().st_mtime > _STALE_SECONDS:
            remove_folder(leftover)
    return Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=folder))


def _put_in_place(plugin: PluginInfo, made: Path) -> None:
    """Put a new cache where workers look; without a record meanwhile, so that a crash makes the step due again."""
    place = cache_place(plugin)
    forget_preparation(plugin)
    if place.exists():
        old = Path(tempfile.mkdtemp(prefix=_OLD, dir=place.parent))
        place.rename(old / place.name)
        remove_folder(old)
    made.rename(place)


def _failed(plugin: PluginInfo, reason: str, output: str = "", code: Code = Code.PLUGIN_NOT_PREPARED) -> ArtratorError:
    said = sentence(output, len(output))[-_TOLD:]
    message = f"{plugin.name} was not prepared: {reason.rstrip('.')}."
    return ArtratorError(code, f"{message} It said: {said}" if said else message, plugin=plugin.name)
