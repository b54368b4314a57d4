"""Threads may import whatever they like at the same moment: none of them meets a half of a module.

Python's locks of modules are taken child first where somebody imports ``package.module``, and package first where a
package imports its own modules for its face. Two threads that do both at once give up a lock, and one of them finds a
module that is half made. So whoever is outside such a package takes names from its face, and pydantic, whose modules
are in circles, is imported in one place alone.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Packages with a face that the threads of a client meet.
FACES = {"artrator.documents", "artrator.frames", "artrator.inputs", "artrator.local"}
#: What the app's threads ask for first.
FIRST = [
    "artrator.clients.buyer",
    "artrator.clients.licences",
    "artrator.clients.registry",
    "artrator.documents",
    "artrator.inputs",
    "artrator.local",
    "artrator.messages.node",
    "artrator.messages.registry",
]
RACE = """
import importlib, sys, threading
sys.setswitchinterval(1e-6)
together, failed = threading.Barrier(len(sys.argv) - 1), []
def work(name):
    together.wait()
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed.append(f"{name}: {error!r}")
threads = [threading.Thread(target=work, args=(name,)) for name in sys.argv[1:]]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit("; ".join(failed) or 0)
"""


def imported() -> Iterator[tuple[str, str]]:
    """Every module of the shared package and the app, and what it imports."""
    for place, package in (("protocol", "artrator"), ("desktop", "artrator_desktop")):
        for file in sorted((ROOT / place / package).rglob("*.py")):
            module = ".".join(file.relative_to(ROOT / place).with_suffix("").parts).removesuffix(".__init__")
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
                    yield module, node.module
                elif isinstance(node, ast.Import):
                    yield from ((module, name.name) for name in node.names)


def test_from_outside_names_are_taken_from_the_face() -> None:
    past = [
        f"{module} imports {wanted}"
        for module, wanted in imported()
        if wanted.rpartition(".")[0] in FACES and not f"{module}.".startswith(f"{wanted.rpartition('.')[0]}.")
    ]
    assert past == []


def test_pydantic_is_imported_in_one_place() -> None:
    assert {module for module, wanted in imported() if wanted.split(".")[0] == "pydantic"} == {"artrator._pydantic"}


def test_threads_that_import_at_once_each_get_whole_modules() -> None:
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", RACE, *FIRST], capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
