"""From a complete request to what a model gets: files read and decoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from artrator.backend import Image, Value
from artrator.inputs.images import decode_image
from artrator.manifest import InputSpec, InputType, Manifest
from artrator.messages.node import FileRef


def decoded(manifest: Manifest, inputs: Mapping[str, object], read: Callable[[str], bytes]) -> dict[str, Value]:
    """Complete inputs with their files read and decoded.

    Args:
        manifest: The package's.
        inputs: As ``complete`` returned them.
        read: The bytes of a file by its hex SHA-256.

    Raises:
        ArtratorError: ``image_corrupt``, ``image_too_large``, and whatever ``read`` raises.
    """
    values: dict[str, Value] = {}
    for name, value in inputs.items():
        spec = manifest.inputs[name]
        if value is None:
            continue
        if spec.type in (InputType.IMAGE, InputType.MASK):
            values[name] = _decode(spec, value, read)
        elif spec.type is InputType.IMAGES:
            items = value if isinstance(value, list | tuple) else [value]
            values[name] = [_decode(spec, item, read) for item in items]
        else:
            values[name] = value  # type: ignore[assignment]  # ``complete`` lets nothing else through
    return values


def _decode(spec: InputSpec, value: object, read: Callable[[str], bytes]) -> Image:
    reference = value if isinstance(value, FileRef) else FileRef.model_validate(value)
    return decode_image(read(reference.sha256), spec)
