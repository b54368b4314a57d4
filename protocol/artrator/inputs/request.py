"""A request as it travels: the body that the digest covers, and the files it refers to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, cast

from artrator.canonical import sha256
from artrator.errors import ArtratorError, Code
from artrator.inputs.completion import complete
from artrator.inputs.images import check_size, check_total, image_size, media_type
from artrator.inputs.measures import measure
from artrator.manifest import InputSpec, Manifest
from artrator.messages.node import FileRef, JobBody

_Format: TypeAlias = Literal["png", "jpeg", "webp"]
_FORMATS: Final = ("png", "jpeg", "webp")


@dataclass(frozen=True)
class PreparedRequest:
    """A request that a node will accept, as far as can be told without running it.

    Attributes:
        body: What the salted digest covers: ``request_digest(salt, body.model_dump(mode="json"))``.
        files: Bytes by hex SHA-256.
        sizes: (width, height) of each image, by the name of its input.
        measures: What the request measures, by cost unit.
    """

    body: JobBody
    files: Mapping[str, bytes]
    sizes: Mapping[str, Sequence[tuple[int, int]]]
    measures: Mapping[str, int]


def request_body(
    manifest: Manifest,
    package: str,
    inputs: Mapping[str, object],
    files: Mapping[str, bytes | Sequence[bytes]] | None = None,
    *,
    image_format: str = "png",
) -> PreparedRequest:
    """Check and complete a request, and name its files by their digests.

    Args:
        manifest: The package's.
        package: The package's digest.
        inputs: Values by input name; files may stand here as bytes too.
        files: The bytes of image inputs by input name; of ``images`` a sequence of them.
        image_format: How images come back: ``png``, ``jpeg`` or ``webp``.

    Raises:
        ArtratorError: ``input_unknown``, ``input_invalid``, ``image_corrupt``, ``image_too_large``.
    """
    if image_format not in _FORMATS:
        raise ArtratorError(
            Code.INPUT_INVALID, f"Images do not come back as {image_format!a}.", cure=f"Choose {', '.join(_FORMATS)}."
        )
    given: dict[str, object] = dict(inputs)
    for name, data in (files or {}).items():
        given[name] = data if isinstance(data, bytes) else list(data)
    by_digest: dict[str, bytes] = {}
    sizes: dict[str, list[tuple[int, int]]] = {}
    values: dict[str, Any] = {}
    for name, value in complete(manifest, given).items():
        spec = manifest.inputs[name]
        if isinstance(value, list):
            values[name] = [_named(spec, item, by_digest, sizes) for item in value]
        elif isinstance(value, bytes | FileRef):
            values[name] = _named(spec, value, by_digest, sizes)
        else:
            values[name] = value
    for name, found in sizes.items():
        check_total(found, manifest.inputs[name])
    return PreparedRequest(
        body=JobBody(package=package, inputs=values, format=cast("_Format", image_format)),
        files=by_digest,
        sizes=sizes,
        measures=measure(manifest, values, sizes),
    )


def _named(
    spec: InputSpec, value: object, by_digest: dict[str, bytes], sizes: dict[str, list[tuple[int, int]]]
) -> dict[str, Any]:
    if not isinstance(value, bytes):
        raise ArtratorError(
            Code.INPUT_INVALID, f"{spec.name} has no bytes.", cure="Send the image as a file.", input=spec.name
        )
    size = image_size(value)
    check_size(size, spec)
    sizes.setdefault(spec.name, []).append(size)
    digest = sha256(value)
    by_digest[digest] = value
    return FileRef(sha256=digest, size=len(value), media_type=media_type(value)).model_dump()
