"""Set up a checkout on a bare machine and run a command in it. Standard library only, Python 3.11 or newer.

    python3 scripts/setup.py demo [ARGS…]    set up, then `artrator demo`
    python3 scripts/setup.py test [ARGS…]    set up with the development tools, then `pytest`
    python3 scripts/setup.py run COMMAND…    set up, then COMMAND in the environment

What it does, in this order: finds uv or puts it into `.uv/`; picks the onnxruntime of this machine; syncs the
environment in `.venv/` with the committed lock; compiles the kernels of the backend ebsynth, if they are not; looks
whether Qt finds its system libraries, installs them where it may, and otherwise prints the line to type.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
WINDOWS = os.name == "nt"
BIN = "Scripts" if WINDOWS else "bin"
EXE = ".exe" if WINDOWS else ""

#: Debian and Ubuntu names of what the PySide6 wheels expect of the system; the second line is for a real X window.
QT_PACKAGES = "libgl1 libegl1 libxkbcommon0 libfontconfig1 libdbus-1-3 libglib2.0-0 libgssapi-krb5-2".split()
QT_WINDOW_PACKAGES = "libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxkbcommon-x11-0".split()
OTHER_SYSTEMS = {
    "dnf": "sudo dnf install mesa-libGL mesa-libEGL libxkbcommon libxkbcommon-x11 fontconfig dbus-libs glib2 "
    "krb5-libs xcb-util-cursor xcb-util-wm xcb-util-keysyms",
    "pacman": "sudo pacman -S libglvnd libxkbcommon libxkbcommon-x11 fontconfig dbus glib2 krb5 xcb-util-cursor "
    "xcb-util-wm xcb-util-keysyms",
    "zypper": "sudo zypper install Mesa-libGL1 Mesa-libEGL1 libxkbcommon0 libxkbcommon-x11-0 fontconfig "
    "libdbus-1-3 xcb-util-cursor-devel",
}


def say(text: str) -> None:
    """A line of progress, at once."""
    print(f"[artrator] {text}", file=sys.stderr, flush=True)


def fail(text: str) -> None:
    """End with one sentence."""
    say(text)
    raise SystemExit(1)


def find_uv() -> str:
    """The uv on this machine, else one of our own in `.uv/`."""
    own = ROOT / ".uv" / BIN / f"uv{EXE}"
    found = shutil.which("uv") or (str(own) if own.exists() else None)
    if found:
        return found
    say("getting uv (once) …")
    made = subprocess.run([sys.executable, "-m", "venv", str(ROOT / ".uv")], capture_output=True, text=True)
    if made.returncode != 0:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        line = f"apt-get install -y python{version}-venv"
        if not (may_install() and system(line)):
            fail(f"Python cannot make environments here. Type this and try again:\n    sudo {line}")
        subprocess.run([sys.executable, "-m", "venv", str(ROOT / ".uv")], check=True)
    pip = [str(ROOT / ".uv" / BIN / f"python{EXE}"), "-m", "pip", "install", "--quiet", "uv>=0.9"]
    if subprocess.run(pip).returncode != 0:
        fail("uv could not be installed. Check the connection to the package index and try again.")
    return str(own)


def may_install() -> bool:
    """Whether this is a Debian-like system on which we may install packages without asking for a password."""
    return bool(shutil.which("apt-get")) and hasattr(os, "geteuid") and os.geteuid() == 0


def system(line: str) -> bool:
    """Run an apt-get line quietly, with a fresh package list."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["apt-get", "update"], **quiet)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(line.split(), env=environment, **quiet).returncode == 0


def runtime_extra() -> str:
    """Which onnxruntime fits this machine: `cuda` with an NVIDIA GPU that answers, else `cpu`."""
    given = os.environ.get("ARTRATOR_RUNTIME")
    if given in ("cpu", "gpu", "cuda"):
        return given
    if platform.system() == "Darwin" or not shutil.which("nvidia-smi"):
        return "cpu"
    answer = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True)
    return "cuda" if answer.returncode == 0 and "GPU" in answer.stdout else "cpu"


def sync(uv: str, *, development: bool) -> None:
    """Make `.venv/` what the lock says."""
    extra = runtime_extra()
    # Compiled now and in parallel, every process of the demo and of the tests starts in half the time.
    command = [uv, "sync", "--locked", "--compile-bytecode", "--python", sys.executable]
    command += ["--no-group", "runtime", "--extra", extra]
    command += [] if development else ["--no-dev", "--extra", "node", "--extra", "registry", "--extra", "desktop"]
    if VENV.exists():
        command.append("--quiet")
    else:
        say(f"installing Artrator with onnxruntime for {extra} (once, about a minute) …")
    # The interpreter that runs this script is the one we use: uv need not fetch another.
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never", "UV_PROJECT_ENVIRONMENT": str(VENV)}
    if subprocess.run(command, cwd=ROOT, env=environment).returncode != 0:
        fail("The environment could not be made; the lines above say why.")


def compile_kernels() -> None:
    """Where the backend ebsynth is part of the environment, compile its kernels, so that no worker has to."""
    kernels = ROOT / "plugins" / "ebsynth" / "artrator_ebsynth" / "kernels" / "__pycache__"
    python = VENV / BIN / f"python{EXE}"
    probe = [str(python), "-c", "import artrator_ebsynth.kernels"]
    if any(kernels.glob("sweep*.nbc")) or subprocess.run(probe, capture_output=True).returncode != 0:
        return
    say("compiling the kernels of the backend ebsynth for this processor (once) …")
    subprocess.run([str(python), "-m", "artrator_ebsynth"], stdout=subprocess.DEVNULL)


def make_counterparts() -> None:
    """Environments of the programs that slow tests try the payment rails against; without them those are skipped."""
    script = ROOT / "tests" / "support" / "counterparts.py"
    if subprocess.run([str(VENV / BIN / f"python{EXE}"), str(script)], stdout=subprocess.DEVNULL).returncode != 0:
        say("some slow tests will be skipped, because what they are tried against could not be installed")


def check_qt() -> None:
    """Whether Qt finds its system libraries; installs them where we may."""
    if platform.system() != "Linux":
        return
    probe = [str(VENV / BIN / "python"), "-c", "import PySide6.QtWidgets, PySide6.QtNetwork, PySide6.QtSvg"]
    works = subprocess.run(probe, capture_output=True, text=True)
    window = has_display() and not xcb_works()
    if works.returncode == 0 and not window:
        return
    wanted = QT_PACKAGES + (QT_WINDOW_PACKAGES if has_display() else [])
    line = f"apt-get install -y --no-install-recommends {' '.join(wanted)}"
    if may_install():
        say("installing the system libraries that Qt needs …")
        if system(line) and subprocess.run(probe, capture_output=True).returncode == 0:
            return
    other = next((text for tool, text in OTHER_SYSTEMS.items() if shutil.which(tool)), None)
    reason = (works.stderr.strip().splitlines() or ["Qt cannot open a window"])[-1]
    say(f"Qt lacks system libraries ({reason}). To use the desktop, type:\n    {other or 'sudo ' + line}")


def has_display() -> bool:
    """Whether there is a screen to open a window on."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def xcb_works() -> bool:
    """Whether Qt can open a window on this X display."""
    code = "from PySide6.QtWidgets import QApplication; QApplication([])"
    return subprocess.run([str(VENV / BIN / "python"), "-c", code], capture_output=True).returncode == 0


def main() -> int:
    """Set up and run."""
    if sys.version_info < (3, 11):
        fail(f"Artrator needs Python 3.11 or newer; this is {platform.python_version()}.")
    if sys.version_info >= (3, 15):
        fail(f"Artrator runs on Python 3.11 to 3.14; this is {platform.python_version()}, too new for onnxruntime.")
    if len(sys.argv) < 2 or sys.argv[1] not in ("demo", "test", "run"):
        fail("usage: python3 scripts/setup.py demo | test | run COMMAND …")
    what, rest = sys.argv[1], sys.argv[2:]
    development = what != "demo" or "pytest" in rest
    sync(find_uv(), development=development)
    if development:
        compile_kernels()
    if what == "test" and "not slow" not in rest:
        make_counterparts()
    check_qt()
    commands = {"demo": ["artrator", "demo"], "test": ["pytest"], "run": []}
    name, *arguments = [*commands[what], *rest]
    program = VENV / BIN / f"{name}{EXE}"
    environment = os.environ | {"ORT_DISABLE_TELEMETRY": "1", "VIRTUAL_ENV": str(VENV)}
    environment["PATH"] = str(VENV / BIN) + os.pathsep + environment.get("PATH", "")
    command = [str(program) if program.exists() else name, *arguments]
    if WINDOWS:
        return subprocess.run(command, cwd=ROOT, env=environment).returncode
    os.chdir(ROOT)
    os.execvpe(command[0], command, environment)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
