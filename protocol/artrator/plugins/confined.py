"""Run a program on what strangers made: uv on wheels, and through it the build of a folder.

Unpacking a wheel runs nothing of it, but a wheel of some megabytes may hold a disk full of zeros, metadata of half a
gigabyte or a million files; and a build is code of its author. So the program knows nothing of the host's settings,
takes a bounded part of the disk, and ends together with whoever started it. On Linux, Landlock keeps it and all it
starts from every file but the system's, what it is given to read, and one scratch folder to write to, and the kernel
bounds its memory; it may reach the network, because wheels and build tools come from there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator.plugins.environment import interpreter
from artrator.worker.process import exit_sentence
from artrator.worker.sandbox import confined_command
from artrator.worker.usage import free_bytes
from artrator.worker.words import sentence

#: Of the scratch folder: what uv keeps of the wheels.
CACHE: Final = "cache"
#: Of a plugin with all it depends on, unpacked. The largest runtimes of today take half of it.
MOST_BYTES: Final = 20 << 30
#: Files and folders of the scratch folder, where most wheels stand twice: as uv keeps them and as they are imported.
MOST_FILES: Final = 250_000
#: What stays free on the disk.
SPARE_BYTES: Final = 1 << 30
#: Of each process: uv takes a tenth of it; compiling a source of a hundred megabytes would take more.
_MEMORY_BYTES: Final = 2 << 30
#: Downloads of large runtimes over slow lines take their time; what hangs longer is stuck.
_SECONDS: Final = 1800
_WATCH_SECONDS: Final = 0.1
#: Looking at a folder of very many files takes long; so many times as long nobody looks again.
_REST: Final = 4
#: Of what the program said, what is told when it fails.
_TOLD: Final = 700
#: What the program may know of the host, in letters of either case: how to reach an index, and nothing else.
_VARIABLES: Final = (
    "ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT",
    "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_HTTP_TIMEOUT", "UV_INDEX", "UV_INDEX_URL", "UV_NATIVE_TLS",
    "UV_SYSTEM_CERTS",
)  # fmt: skip
_SYSTEM: Final = (
    "/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ssl", "/etc/pki", "/etc/ca-certificates",
    "/var/lib/ca-certificates", "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf",
    "/etc/localtime", "/etc/os-release", "/dev/null", "/dev/zero", "/dev/urandom", "/proc/self", "/proc/cpuinfo",
    "/proc/meminfo", "/sys/devices/system/cpu",
)  # fmt: skip


def run(command: Sequence[str], scratch: Path, *, readable: Sequence[Path] = ()) -> None:
    """Run ``command`` in ``scratch`` to its end.

    Raises:
        ArtratorError: ``plugin_invalid`` with what it said last if it fails, takes too long, or fills ``scratch``
            beyond what a plugin may take; ``disk_full``.
    """
    program = confined_command(
        interpreter(),
        command,
        readable=[
            *_SYSTEM,
            *_interpreter_folders(),
            *_certificates(),
            *(str(each) for each in (command[0], *readable)),
        ],
        writable=[str(scratch)],
        memory_bytes=_MEMORY_BYTES,
        file_bytes=MOST_BYTES,
    )
    name = Path(command[0]).stem
    said = scratch / "said"
    with said.open("wb") as output:
        try:
            process = subprocess.Popen(
                program,
                cwd=scratch,
                env=_environment(scratch),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise ArtratorError(
                Code.PLUGIN_INVALID,
                f"{name} cannot be started: {error.strerror}.",
                cure="Install Artrator again; uv comes with it.",
            ) from error
        try:
            _watch(process, scratch)
        finally:
            _end(process)
    measure(scratch)
    if process.returncode != 0:
        raise _failure(name, process.returncode, _last(said), scratch)


def measure(folder: Path) -> int:
    """What a folder takes on the disk, in bytes; a file of several names in it counts once.

    Raises:
        ArtratorError: ``plugin_invalid`` if that is more than a plugin may take.
    """
    total, entries, waiting = 0.0, 0, [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                for entry in found:
                    entries += 1
                    if entries > MOST_FILES:
                        raise _too_much(f"has more than {MOST_FILES:,} files and folders")
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                        continue
                    with contextlib.suppress(FileNotFoundError):
                        status = entry.stat(follow_symlinks=False)
                        size = max(status.st_size, 512 * getattr(status, "st_blocks", 0))
                        total += size / max(1, status.st_nlink)
                    if total > MOST_BYTES:
                        raise _too_large()
        except FileNotFoundError:  # it went while it was looked at
            continue
        except OSError as error:
            raise _too_much("has folders too deep to be looked into") from error
    return round(total)


def require_room(folder: Path, size: int = 0) -> None:
    """See to it that ``size`` more bytes leave something of the disk; raises ``disk_full``."""
    if free_bytes(folder) - size < SPARE_BYTES:
        raise _full(f"Less than {SPARE_BYTES >> 30} GiB would be left on the disk.")


def _watch(process: subprocess.Popen[bytes], scratch: Path) -> None:
    begun = look_at = time.monotonic()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_WATCH_SECONDS)
            return
        require_room(scratch)
        now = time.monotonic()
        if now - begun > _SECONDS:
            raise ArtratorError(
                Code.PLUGIN_INVALID,
                f"It was not installed within {_SECONDS // 60} minutes.",
                cure="Try again with a faster connection; nothing was installed.",
            )
        if now >= look_at:
            measure(scratch)
            took = time.monotonic() - now
            look_at = now + took + _REST * took


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and all it started."""
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _failure(name: str, status: int, said: str, scratch: Path) -> ArtratorError:
    if os.strerror(errno.ENOSPC) in said:  # it went too fast, or the disk has room for bytes and for no more names
        return _full("The disk is full.")
    if os.strerror(errno.EFBIG) in said:  # one file alone went over the kernel's line before anybody looked
        return _too_large()
    # Where it was tried helps nobody: the folder is gone when this is read.
    for place in (scratch.as_uri(), str(scratch)):
        said = said.replace(f"{place}/", "")
    if status < 0:
        said = f"{said} It {exit_sentence(status)}: it took more than it may."
    return ArtratorError(
        Code.PLUGIN_INVALID,
        f"{name} says: {said[-_TOLD:].strip() or 'nothing'}",
        cure="Check the name and your connection; else tell the plugin's author. Nothing was installed.",
    )


def _last(said: Path) -> str:
    """The end of what a program said, as one line."""
    with said.open("rb") as file:
        file.seek(max(0, said.stat().st_size - 100 * _TOLD))
        return sentence(file.read().decode(errors="replace"), 100 * _TOLD)


def _environment(scratch: Path) -> dict[str, str]:
    own_home = scratch / "home"
    own_home.mkdir(exist_ok=True)
    own = {name: value for name, value in os.environ.items() if name.upper() in _VARIABLES}
    own |= dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP"), str(own_home))
    # On Windows the default path begins with the current folder, which is the stranger's.
    path = os.defpath if os.name == "posix" else str(Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32"))
    # A cache of its own: what writes to a shared one can change the wheels of everything else, and what was half
    # unpacked would stay there for ever.
    own |= {"PATH": path, "UV_CACHE_DIR": str(scratch / CACHE), "UV_CONCURRENT_INSTALLS": "4"}
    return own


def _interpreter_folders() -> list[str]:
    names = ("stdlib", "platstdlib", "include", "platinclude", "scripts")
    paths = [sysconfig.get_path(name) for name in names] + [sysconfig.get_config_var("LIBDIR")]
    return [str(path) for path in [*paths, sys.base_prefix] if path]


def _certificates() -> list[str]:
    return [os.environ[name] for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]


def _too_large() -> ArtratorError:
    return _too_much(f"takes more than {MOST_BYTES / 2**30:g} GiB")


def _too_much(what: str) -> ArtratorError:
    return ArtratorError(
        Code.PLUGIN_INVALID,
        f"Unpacked, it {what}.",
        cure="No plugin needs so much: ask its author; nothing was installed.",
    )


def _full(what: str) -> ArtratorError:
    return ArtratorError(
        Code.DISK_FULL, what, cure="Free some disk space, then install it again; nothing was installed."
    )
