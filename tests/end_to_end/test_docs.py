"""The commands in README and tutorials are run, as they stand, by a shell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from federation import free_port
from PIL import Image

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: What a person does without thinking: wait until a server that went to the background answers.
_WAIT = """
import socket, sys, time
for _ in range(300):
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1]))).close()
        sys.exit()
    except OSError:
        time.sleep(0.2)
sys.exit("nothing listens")
"""


def commands(page: str) -> str:
    """The shell blocks of a page, in order."""
    return "\n".join(_BLOCK.findall((ROOT / page).read_text(encoding="utf-8")))


@pytest.mark.slow
@pytest.mark.timeout(600)  # some sixty commands, each of which starts a program
@pytest.mark.skipif(sys.platform == "win32", reason="the tutorials show a POSIX shell")
def test_the_tutorials_work_as_written(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    registry, node = free_port(), free_port()
    script = commands("docs/tutorial/sell-your-model.md") + "\n" + commands("docs/tutorial/first-picture.md")
    script += "\n" + commands("docs/how-to/buy-and-keep-a-model.md")
    lines = []
    for line in script.replace("8750", str(registry)).replace("8443", str(node)).splitlines():
        lines.append(line)
        if line.endswith("&"):
            port = registry if "registry" in line else node
            lines.append(f"python {tmp_path / 'wait.py'} {port}")
    (tmp_path / "wait.py").write_text(_WAIT)
    text = "set -eu\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + "\n".join(lines)
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", text], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=540
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with Image.open(tmp_path / "painted.png") as painted:
        assert painted.width > 100
    assert (tmp_path / "painted.receipt.json").exists()
    with Image.open(tmp_path / "here.png") as here, Image.open(tmp_path / "painted.png") as painted:
        assert here.convert("RGB").tobytes() == painted.convert("RGB").tobytes()
    assert (tmp_path / "here.run.json").exists()
    assert (tmp_path / "try.png").exists()
    assert "Nothing was interrupted" in done.stdout


def test_the_readme_names_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^make ([a-z]+)", readme, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert {"demo", "test"} <= targets
    assert all(f"\n{target}:" in makefile for target in targets)


@pytest.mark.parametrize(
    "page", sorted(str(p.relative_to(ROOT)) for p in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
)
def test_links_and_pictures_lead_somewhere(page: str) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if not target.startswith(("http://", "https://")):
            assert ((ROOT / page).parent / target).exists(), f"{page} points to {target}"
