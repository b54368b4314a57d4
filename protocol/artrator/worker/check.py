"""Ask a plugin, in a worker: whether it keeps the contract, and what it says of a package that is not loaded for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artrator.backend import Device, Inspection
from artrator.errors import ArtratorError, Code
from artrator.plugins.info import PluginInfo
from artrator.worker.claims import SignedContent, error_of, inspection_of
from artrator.worker.limits import Limits
from artrator.worker.outlast import outlast
from artrator.worker.policy import environment, sandbox_settings
from artrator.worker.process import Process, exit_sentence
from artrator.worker.wire import Channel, WireError
from artrator.worker.words import sentence


@dataclass(frozen=True)
class CheckedPlugin:
    """A plugin that loads.

    Attributes:
        hooks: The hooks it implements.
        backends: The backends it registers.
    """

    hooks: Sequence[str]
    backends: Sequence[str]


async def check_plugin(plugin: PluginInfo, limits: Limits = Limits()) -> CheckedPlugin:  # noqa: B008 - frozen
    """Import a plugin in a worker and tell what it registers.

    Raises:
        ArtratorError: ``plugin_broken``; the message names the plugin and the reason.
    """
    if plugin.error is not None:
        raise ArtratorError(Code.PLUGIN_BROKEN, plugin.error, plugin=plugin.name)
    try:
        header = await _answer(plugin, {"op": "check"}, limits)
    except _NoAnswerError as error:
        raise _broken(plugin, str(error)) from error
    match header:
        case {"op": "checked", "hooks": list(hooks), "backends": list(backends)}:
            return CheckedPlugin([sentence(hook, 80) for hook in hooks], [sentence(name, 80) for name in backends])
        case {"op": "failed"}:
            raise error_of(header, loading=True)
    raise _broken(plugin, "its worker talks nonsense")


async def inspect_package(
    plugin: PluginInfo,
    content: SignedContent,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> Inspection:
    """What the backend of a package says of its settings and files.

    Raises:
        ArtratorError: ``package_invalid`` and the like with what is wrong; ``plugin_broken``; ``worker_died`` or
            ``worker_limit`` if the worker did not get so far.
    """
    request = {"op": "inspect", **content.told()}
    try:
        header = await _answer(plugin, request, limits, readable=[content.folder])
    except _NoAnswerError as error:
        raise ArtratorError(error.code, f"{content.manifest.name} was not looked at to its end: {error}.") from error
    if header.get("op") == "failed":
        raise error_of(header, loading=True)
    return inspection_of(header.get("inspection"))


class _NoAnswerError(Exception):
    """Why a worker did not answer, to be put into a sentence."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason.rstrip(". "))
        self.code = code


async def _answer(
    plugin: PluginInfo, request: Mapping[str, Any], limits: Limits, readable: Sequence[Path] = ()
) -> Mapping[str, Any]:
    """Ask one question of a worker of its own; raises _NoAnswerError."""
    device = Device()
    process = await Process.start(
        plugin.interpreter,
        lambda scratch: {
            "sys_path": [str(path) for path in plugin.sys_path],
            "sandbox": sandbox_settings(plugin, device, limits, readable=readable, scratch=scratch),
        },
        lambda scratch: environment(plugin, device, scratch),
    )
    channel = Channel(process.connection, max_body=0)
    try:
        async with asyncio.timeout(limits.load_seconds):
            await channel.send({**request, "plugin": plugin.name, "entry_points": dict(plugin.entry_points)})
            return (await channel.receive()).header
    except TimeoutError as error:
        reason = f"it was not loaded within {limits.load_seconds:g} seconds"
        raise _NoAnswerError(Code.WORKER_LIMIT, reason) from error
    except WireError as error:
        reason = f"its worker {exit_sentence(await process.end())}. {sentence(process.last_words)}"
        if process.breach is not None:
            raise _NoAnswerError(process.breach.reason.code, process.breach.reason.message) from error
        raise _NoAnswerError(Code.WORKER_DIED, reason) from error
    finally:
        process.kill()
        try:
            await outlast(process.exited)
        finally:
            await channel.close()


def _broken(plugin: PluginInfo, reason: str) -> ArtratorError:
    return ArtratorError(Code.PLUGIN_BROKEN, f"The plugin {plugin.name} is broken: {reason}.", plugin=plugin.name)
