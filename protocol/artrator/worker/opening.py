"""How a worker begins: whether it may, how its process is started, and what that is told to load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from artrator.backend import Device
from artrator.errors import ArtratorError, Code
from artrator.plugins.info import PluginInfo
from artrator.worker.claims import SignedContent
from artrator.worker.derived import DerivedFiles
from artrator.worker.guard import Guard
from artrator.worker.held import HeldFiles
from artrator.worker.limits import Limits
from artrator.worker.policy import (
    environment,
    grants,
    is_confined,
    machine_memory,
    on_processor,
    sandbox_settings,
    seen_inside,
)
from artrator.worker.process import Process


def require_able(plugin: PluginInfo, content: SignedContent, device: Device) -> None:
    """See that the plugin can load the package there.

    Raises:
        ArtratorError: ``plugin_broken``; ``backend_missing`` if it has no such backend, or may not use a card.
    """
    if plugin.error is not None:
        raise ArtratorError(Code.PLUGIN_BROKEN, plugin.error, plugin=plugin.name)
    if content.manifest.backend not in plugin.entry_points:
        raise ArtratorError(
            Code.BACKEND_MISSING, f"{plugin.name} does not provide the backend {content.manifest.backend}."
        )
    if not on_processor(device) and not grants(plugin, device)["gpu"]:
        raise ArtratorError(
            Code.BACKEND_MISSING,
            f"{plugin.name} is to compute on {device.kind}, but it may not use a GPU.",
            cure="Its author must ask for it in artrator-plugin.toml, and you allow it when you install it.",
        )


async def start_process(
    plugin: PluginInfo,
    content: SignedContent,
    device: Device,
    limits: Limits,
    derived: DerivedFiles | None,
    held: HeldFiles,
) -> Process:
    """A confined process that waits to be told what to load.

    Raises:
        ArtratorError: ``worker_died`` if it cannot be started.
    """

    def guard(scratch: Path) -> Guard:
        writable = scratch if grants(plugin, device)["files"] or not is_confined() else None
        writable = Path(device.compiled) if device.compiled else writable
        return Guard(limits, limits.memory_bytes or machine_memory(), writable)

    return await Process.start(
        plugin.interpreter,
        lambda scratch: {
            "sys_path": [str(path) for path in plugin.sys_path],
            "sandbox": sandbox_settings(
                plugin,
                device,
                limits,
                readable=[content.folder, *([] if derived is None else [derived.folder])],
                scratch=scratch,
                mapped_bytes=held.size + (0 if derived is None else derived.size),
            ),
        },
        lambda scratch: environment(plugin, device, scratch, None if derived is None else derived.folder),
        guard,
        list(held.descriptors.values()),
    )


def load_request(
    plugin: PluginInfo, content: SignedContent, device: Device, held: Mapping[str, int], limits: Limits
) -> dict[str, Any]:
    """What the process is sent; ``held`` are files that it has inherited, by its own numbers."""
    return {
        "op": "load",
        "plugin": plugin.name,
        "entry_points": dict(plugin.entry_points),
        **content.told(),
        "held": dict(held),
        "device": asdict(seen_inside(device)),
        "output_bytes": limits.output_bytes,
    }
