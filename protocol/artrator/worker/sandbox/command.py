"""Run another program inside Landlock: ``python -I -S command.py SETTINGS PROGRAM ARGUMENT…``.

Landlock is inherited by everything the program starts. System calls are not restricted here, because the program is
one that starts others.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path


def _main() -> None:
    folder = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        "_artrator_sandbox", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise SystemExit("the sandbox is missing")
    sandbox = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = sandbox
    spec.loader.exec_module(sandbox)
    sandbox.confine_program(json.loads(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    _main()
