"""What a worker may reach: the parent's decision, carried out by the sandbox inside the child."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import artrator
from artrator.backend import PRECISIONS, Device
from artrator.plugins.cache import VARIABLE, cache_of
from artrator.plugins.info import PluginInfo
from artrator.worker.limits import Limits

#: What every Linux process that loads shared libraries and asks for its processors reads.
_SYSTEM = (
    "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/etc/localtime",
    "/usr/share/zoneinfo", "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/proc/cpuinfo", "/proc/meminfo",
    "/proc/stat", "/sys/devices/system/cpu", "/sys/devices/system/node",
    "/nix/store", "/home/linuxbrew/.linuxbrew",
)  # fmt: skip
#: What it may know of itself. Not all of ``/proc/self``: below it lie the connections and disks of the whole machine.
_ITSELF = tuple(
    f"/proc/self/{name}" for name in ("auxv", "cgroup", "cmdline", "fd", "limits", "maps", "stat", "statm", "status")
)
#: Name resolution and certificates, for plugins that were allowed the network.
_NETWORK = (
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/ssl",
    "/usr/share/ca-certificates",
)
#: GPU drivers and what they read of the machine.
_GPU = (
    "/dev/dri", "/dev/nvidia-caps", "/proc/driver/nvidia", "/sys/bus/pci", "/sys/devices", "/sys/class/drm",
    "/sys/module/nvidia", "/usr/local/cuda", "/opt/rocm", "/usr/share/nvidia", "/etc/vulkan",
    "/usr/lib/wsl", "/proc/devices", "/proc/modules", "/proc/self",
)  # fmt: skip
#: Host variables that a GPU runtime needs; nothing else of the host's environment reaches a worker.
_GPU_VARIABLES = (
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
    "LD_LIBRARY_PATH",
    "HIP_VISIBLE_DEVICES",
    "CUDA_PATH",
)
#: Where a worker finds what was derived from its package.
DERIVED: Final = "ARTRATOR_DERIVED"
#: Kinds of device that CUDA finds.
_NVIDIA: Final = ("cuda", "tensorrt")
#: The owner's way out where a driver does not bear confinement. Workers say aloud that it is used.
_SWITCH = "ARTRATOR_CONFINEMENT"
#: Without these no process starts there.
_WINDOWS_VARIABLES = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE")


def machine_memory() -> int:
    """The memory of this machine in bytes; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return 0


def is_switched_off() -> bool:
    """Whether the owner has switched confinement off."""
    return os.environ.get(_SWITCH) == "off"


def is_confined() -> bool:
    """Whether a worker is kept from writing to files that it was not granted."""
    return sys.platform == "linux" and not is_switched_off()


def grants(plugin: PluginInfo, device: Device) -> dict[str, bool]:
    """What this worker gets of what its plugin wants. A built-in backend was allowed by installing Artrator."""
    allowed = plugin.wants if plugin.origin == "built-in" else plugin.allowed
    return {
        "network": plugin.wants.network and allowed.network,
        "files": plugin.wants.files and allowed.files,
        "gpu": not on_processor(device) and plugin.wants.gpu and allowed.gpu,
    }


def on_processor(device: Device) -> bool:
    """Whether a device is the processor itself, whatever library computes on it: then nothing of a driver is needed."""
    return device.kind in ("cpu", "openvino")


def seen_inside(device: Device) -> Device:
    """The device as the worker sees it: of NVIDIA's cards it sees its own and no other, so that one is the first."""
    return replace(device, index=0) if device.kind in _NVIDIA else device


def visible_cards() -> list[str]:
    """NVIDIA's cards that this process may use, by the names that CUDA knows; empty for all of them."""
    return [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]


def _visible(device: Device) -> str:
    """What ``CUDA_VISIBLE_DEVICES`` says to a worker; cards that are hidden from the node itself are not counted."""
    own = visible_cards()
    if not own:
        return str(device.index)
    return own[device.index] if device.index < len(own) else "-1"


def sandbox_settings(
    plugin: PluginInfo,
    device: Device,
    limits: Limits,
    *,
    readable: Iterable[Path],
    scratch: Path,
    mapped_bytes: int = 0,
) -> dict[str, Any]:
    """The settings that ``artrator.worker.sandbox.confine`` carries out.

    ``mapped_bytes`` are files that the worker maps: the kernel counts them as room that it took, though their pages are
    the page cache's and not its own.
    """
    granted = grants(plugin, device)
    paths = [*_SYSTEM, *_ITSELF, *(_NETWORK if granted["network"] else ()), *(_gpu_paths() if granted["gpu"] else ())]
    stdlib = {
        str(Path(sys.base_prefix, "lib")),
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("platstdlib"),
        sysconfig.get_config_var("LIBDIR"),
    }
    cache = cache_of(plugin)
    own = [Path(artrator.__file__).parent, plugin.interpreter, scratch, *plugin.sys_path, *readable]
    own += [] if cache is None else [cache]
    return {
        **granted,
        "confined": not is_switched_off(),
        "parent": os.getpid(),
        "memory_bytes": 0 if granted["gpu"] else (limits.memory_bytes or machine_memory()) + mapped_bytes,
        "open_files": limits.open_files,
        "cores": list(limits.cores),
        "file_bytes": limits.scratch_bytes if granted["files"] or device.compiled else 0,
        "readable": [*paths, *sorted(filter(None, stdlib)), *(str(path.resolve()) for path in own)],
        "devices": [str(path) for path in Path("/dev").glob("nvidia*")] + ["/dev/dri", "/dev/kfd", "/dev/dxg"]
        if granted["gpu"]
        else [],
        "files": granted["files"] or bool(device.compiled),
        "writable": [
            *([str(scratch.resolve())] if granted["files"] else []),
            *([str(Path(device.compiled).resolve())] if device.compiled else []),
        ],
    }


def _gpu_paths() -> list[str]:
    """What a GPU's runtime reads, with the owner's own folders of libraries."""
    return [*_GPU, *filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":"))]


def environment(plugin: PluginInfo, device: Device, scratch: Path, derived: Path | None = None) -> dict[str, str]:
    """The whole environment of a worker: no variable of the host's but those named here."""
    chosen = {
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        # Libraries that name a cache after the user would else look for the name in /etc/passwd, and fail.
        "USER": "artrator-worker",
        "ORT_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
        # Each heap of a thread maps 64 MB, which would count against the limit of memory.
        "MALLOC_ARENA_MAX": "4",
        # Weights lie in large pages where the system leaves that to who asks, as most do: a step that is bound by
        # memory is up to a third shorter, and takes the same time in every process.
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    }
    cache = cache_of(plugin)
    if cache is not None:
        chosen[VARIABLE] = str(cache)
    if derived is not None:
        chosen[DERIVED] = str(derived)
    if device.threads:
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
        chosen.update(dict.fromkeys(names, str(device.threads)))
    if grants(plugin, device)["gpu"]:
        chosen["CUDA_CACHE_PATH"] = str(scratch)
        chosen.update({name: os.environ[name] for name in _GPU_VARIABLES if name in os.environ})
        if device.kind in _NVIDIA:
            # CUDA counts the fastest card first unless it is told to count as the driver and its tools do.
            chosen |= {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": _visible(device)}
            if device.precision == PRECISIONS[0]:
                # For libraries that have no option for it: factors are not to be rounded to ten bits.
                chosen["NVIDIA_TF32_OVERRIDE"] = "0"
    if sys.platform == "win32":
        chosen.update({name: os.environ[name] for name in _WINDOWS_VARIABLES if name in os.environ})
        chosen.update({"TEMP": str(scratch), "TMP": str(scratch), "USERPROFILE": str(scratch)})
    return chosen
