# SPDX-License-Identifier: Apache-2.0
"""Makes this package's sample again: ``python samples.py`` in the project's environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from artrator.manifest import InputType
from artrator.package import read_manifest
from artrator.testing import run
from artrator_ebsynth import EBSynthBackend

PACKAGE = Path(__file__).resolve().parents[1] / "package"


def main() -> None:
    """Run every sample with the inputs that the manifest names."""
    manifest = read_manifest((PACKAGE / "artrator.toml").read_text("utf-8"))
    for sample in manifest.samples:
        inputs: dict[str, Any] = {}
        for name, value in sample.inputs.items():
            if manifest.inputs[name].type is InputType.IMAGE:
                with Image.open(PACKAGE / value) as picture:
                    inputs[name] = np.asarray(picture.convert("RGB"))
            else:
                inputs[name] = value
        outputs = run(EBSynthBackend(), PACKAGE, inputs)
        Image.fromarray(outputs["image"]).save(PACKAGE / sample.file, optimize=True)


if __name__ == "__main__":
    main()
