"""Which operator the settings name."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Final

from artrator.manifest import Manifest
from artrator.settings import Settings
from artrator_ebsynth.operators.base import Operator

#: Module and class. Each is imported when it is asked for: OpenCV and SciPy take 40 MiB that plain jobs do not need.
_OPERATORS: Final[Mapping[str, tuple[str, str]]] = {
    "guided": ("plain", "PlainOperator"),
    "photo": ("photo", "PhotoOperator"),
    "video": ("video", "VideoOperator"),
}


def read_operator(manifest: Manifest) -> Operator:
    """The operator of a package, with its settings read and checked.

    Raises:
        ArtratorError: ``package_invalid`` with the line at fault.
    """
    settings = Settings.of(manifest)
    module, name = _OPERATORS[settings.text("operator", "guided", choices=sorted(_OPERATORS))]
    found: Operator = getattr(importlib.import_module(f"artrator_ebsynth.operators.{module}"), name).read(
        settings, manifest
    )
    return found
