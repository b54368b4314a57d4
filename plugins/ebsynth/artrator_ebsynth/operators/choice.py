"""Which operator the settings name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from artrator.manifest import Manifest
from artrator.settings import Settings
from artrator_ebsynth.operators.base import Operator
from artrator_ebsynth.operators.photo import PhotoOperator
from artrator_ebsynth.operators.plain import PlainOperator
from artrator_ebsynth.operators.video import VideoOperator

_OPERATORS: Final[Mapping[str, Callable[[Settings, Manifest], Operator]]] = {
    "guided": PlainOperator.read,
    "photo": PhotoOperator.read,
    "video": VideoOperator.read,
}


def read_operator(manifest: Manifest) -> Operator:
    """The operator of a package, with its settings read and checked.

    Raises:
        ArtratorError: ``package_invalid`` with the line at fault.
    """
    settings = Settings.of(manifest)
    return _OPERATORS[settings.text("operator", "guided", choices=sorted(_OPERATORS))](settings, manifest)
