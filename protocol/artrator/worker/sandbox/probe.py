"""Confine this process as a worker is and print what could not be: ``python -I -S probe.py SETTINGS``."""

from __future__ import annotations

import importlib.util
import json
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
    print(json.dumps(sandbox.confine(json.loads(sys.argv[1]))), flush=True)


if __name__ == "__main__":
    _main()
