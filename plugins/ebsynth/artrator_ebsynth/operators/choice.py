"""Which operator the settings name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from artrator.manifest import Manifest
from artrator.settings import Settings
from artrator_ebsynth.operators.base import Operator
from artrator_ebsynth.operators.plain import PlainOperator


def _photo(settings: Settings, manifest: Manifest) -> Operator:
    # OpenCV and SciPy take tens of megabytes and of milliseconds, which only these two need.
    from artrator_ebsynth.operators.photo import PhotoOperator

    return PhotoOperator.read(settings, manifest)


def _video(settings: Settings, manifest: Manifest) -> Operator:
    from artrator_ebsynth.operators.video import VideoOperator

    return VideoOperator.read(settings, manifest)


_OPERATORS: Final[Mapping[str, Callable[[Settings, Manifest], Operator]]] = {
    "guided": PlainOperator.read,
    "photo": _photo,
    "video": _video,
}


def read_operator(manifest: Manifest) -> Operator:
    """The operator of a package, with its settings read and checked.

    Raises:
        ArtratorError: ``package_invalid`` with the line at fault.
    """
    settings = Settings.of(manifest)
    return _OPERATORS[settings.text("operator", "guided", choices=sorted(_OPERATORS))](settings, manifest)
