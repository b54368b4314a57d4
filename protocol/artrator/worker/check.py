"""Ask a plugin, in a worker, whether it keeps the contract."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from artrator.backend import Device
from artrator.errors import ArtratorError, Code
from artrator.plugins.info import PluginInfo
from artrator.worker.claims import error_of
from artrator.worker.limits import Limits
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
    device = Device()
    process = await Process.start(
        plugin.interpreter,
        lambda scratch: {
            "sys_path": [str(path) for path in plugin.sys_path],
            "sandbox": sandbox_settings(plugin, device, limits, readable=[], scratch=scratch),
        },
        lambda scratch: environment(plugin, device, scratch),
    )
    channel = Channel(process.connection, max_body=0)
    try:
        async with asyncio.timeout(limits.load_seconds):
            await channel.send({"op": "check", "plugin": plugin.name, "entry_points": dict(plugin.entry_points)})
            header = (await channel.receive()).header
    except TimeoutError as error:
        raise _broken(plugin, f"it was not loaded within {limits.load_seconds:g} seconds") from error
    except WireError as error:
        words = sentence(process.last_words)
        raise _broken(plugin, f"its worker {exit_sentence(await process.end())}. {words}".rstrip(". ")) from error
    finally:
        process.kill()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(process.exited)
        await channel.close()
    match header:
        case {"op": "checked", "hooks": list(hooks), "backends": list(backends)}:
            return CheckedPlugin([sentence(hook, 80) for hook in hooks], [sentence(name, 80) for name in backends])
        case {"op": "failed"}:
            raise error_of(header, loading=True)
    raise _broken(plugin, "its worker talks nonsense")


def _broken(plugin: PluginInfo, reason: str) -> ArtratorError:
    return ArtratorError(Code.PLUGIN_BROKEN, f"The plugin {plugin.name} is broken: {reason}.", plugin=plugin.name)
