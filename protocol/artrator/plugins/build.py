"""Build a wheel from a folder of source.

Building runs the folder's build backend: code of its author, before anybody could look at it. On Linux the whole
build is confined by Landlock, which its children inherit: it reads the system and the copy of the folder, writes to
its scratch folder, and reaches the network for the build backend itself. It cannot read a key. Elsewhere it is an
ordinary process with a bare environment, and the person is told so before.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator.plugins import uv
from artrator.plugins.environment import interpreter
from artrator.profile import home
from artrator.worker.sandbox import confined_command

#: What is no source: environments, version control, caches.
_IGNORED: Final = shutil.ignore_patterns(".git", ".venv", "venv", "__pycache__", ".*_cache", "node_modules", "dist")
#: What the build may know of the host: how to reach an index, and nothing else.
_VARIABLES: Final = (
    "ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT",
    "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS",
)  # fmt: skip
_SYSTEM: Final = (
    "/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ssl", "/etc/resolv.conf", "/etc/hosts",
    "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/localtime", "/etc/os-release", "/dev/null", "/dev/zero",
    "/dev/urandom", "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu",
)  # fmt: skip


def build_wheel(folder: Path, scratch: Path) -> Path:
    """Build the project in ``folder``; the wheel lies in ``scratch``.

    Raises:
        ArtratorError: ``plugin_invalid`` if it is no project or does not build.
    """
    if not (folder / "pyproject.toml").is_file():
        raise ArtratorError(Code.PLUGIN_INVALID, f"{folder} holds no pyproject.toml, so it is no plugin's source.")
    if home().resolve().is_relative_to(folder):
        # The copy that the build may read would hold the keys.
        raise ArtratorError(Code.PLUGIN_INVALID, f"{folder} holds your profile with its keys, so it is not built.")
    source, wheels = scratch / "source", scratch / "wheels"
    shutil.copytree(folder, source, ignore=_IGNORED, symlinks=True)
    wheels.mkdir()
    (scratch / "home").mkdir()
    command = [uv.binary(), "build", "--wheel", "--out-dir", str(wheels), "--no-config", "--no-progress"]
    command += ["--python", str(interpreter()), "--no-python-downloads", str(source)]
    readable = [*_SYSTEM, str(Path(uv.binary()).resolve()), *_interpreter_folders()]
    variables = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    own_home = str(scratch / "home")
    # A cache of its own: a build that could write to the shared one could change the wheels of everything else.
    variables |= {"HOME": own_home, "TMPDIR": own_home, "UV_CACHE_DIR": str(scratch / "cache"), "PATH": "/usr/bin:/bin"}
    uv.run(confined_command(interpreter(), command, readable=readable, writable=[str(scratch)]), scratch, variables)
    found = sorted(wheels.glob("*.whl"))
    if len(found) != 1:
        raise ArtratorError(Code.PLUGIN_INVALID, f"Building {folder.name} made {len(found)} wheels instead of one.")
    return found[0]


def is_confined() -> bool:
    """Whether a build is kept from the owner's files on this machine."""
    from artrator.worker.sandbox import landlock

    return sys.platform == "linux" and landlock.version() > 0


def _interpreter_folders() -> list[str]:
    names = ("stdlib", "platstdlib", "include", "platinclude", "scripts")
    paths = [sysconfig.get_path(name) for name in names] + [sysconfig.get_config_var("LIBDIR")]
    return [str(path) for path in [*paths, sys.base_prefix] if path]
