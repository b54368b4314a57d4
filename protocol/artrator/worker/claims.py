"""What a worker claims, read with suspicion, and what the parent tells it of a package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from artrator.backend import Array, Image, Inspection, Value
from artrator.errors import ArtratorError, Code, ModelError
from artrator.keys import PublicKey
from artrator.manifest import Manifest, OutputType
from artrator.worker.child.context import PREVIEW_SIDE
from artrator.worker.limits import WorkerInfo
from artrator.worker.values import ValueInvalid, unpack
from artrator.worker.wire import WireError
from artrator.worker.words import sentence

#: What a worker may say of a job; anything else it says becomes ``model_failed``.
_JOB_CODES: Final = frozenset({Code.MODEL_FAILED, Code.INPUT_INVALID, Code.JOB_CANCELLED, Code.WORKER_LIMIT})
#: What it may say of a package or a plugin while it loads.
_LOAD_CODES: Final = frozenset(
    {
        Code.BACKEND_RUNTIME_BROKEN,
        Code.MODEL_FAILED,
        Code.PACKAGE_CHANGED,
        Code.PACKAGE_INVALID,
        Code.PLUGIN_BROKEN,
        Code.WORKER_LIMIT,
    }
)


@dataclass(frozen=True)
class SignedContent:
    """A package whose signature has been verified.

    Attributes:
        files: Name to SHA-256 in hex of every signed file.
    """

    folder: Path
    manifest: Manifest
    digest: str
    files: Mapping[str, str]

    def told(self) -> dict[str, Any]:
        """What a worker is sent of it."""
        return {
            "folder": str(self.folder.resolve()),
            "manifest": self.manifest.text,
            "digest": self.digest,
            "files": dict(self.files),
        }


def verified_content(folder: Path, signer: PublicKey) -> SignedContent:
    """Verify a package folder, reading it only if it has changed since; raises as ``artrator.package.verify``."""
    from artrator.package.again import verify_again

    package = verify_again(folder, signer)
    hashes = {name: file.sha256 for name, file in package.files.items()}
    return SignedContent(folder, package.manifest, package.digest, hashes)


def error_of(header: Mapping[str, Any], *, loading: bool = False) -> ArtratorError:
    """An error that a worker told, with none but the codes that are its to use."""
    told = ArtratorError.from_json(header)
    message = sentence(told.message) or "The model failed without a reason."
    if told.code not in (_LOAD_CODES if loading else _JOB_CODES):
        return ModelError(message)
    # While a package loads, its owner reads this, and a backend knows better what cures it than the catalogue does.
    return ArtratorError(told.code, message, cure=(sentence(told.cure, 300) or None) if loading else None)


def info_of(header: Mapping[str, Any], seconds: float) -> WorkerInfo:
    """What a worker says of itself; raises ``worker_died`` if it makes no sense."""
    match header:
        case {
            "inspection": inspection,
            "memory_bytes": int(taken),
            "runtime": str(runtime),
            "confinement": list(confinement),
            "refused": list(refused),
        } if taken >= 0:
            return WorkerInfo(
                inspection=inspection_of(inspection),
                memory_bytes=taken,
                runtime=sentence(runtime, 80),
                load_seconds=seconds,
                confinement=[sentence(missing) for missing in confinement[:50]],
                provider=sentence(str(header.get("provider", "")), 60),
                card_bytes=_bytes(header.get("card_bytes", 0)),
                refused=[sentence(name, 200) for name in refused[:50]],
            )
    raise _nonsense()


def inspection_of(told: object) -> Inspection:
    """What a worker says of a package; raises ``worker_died`` if it makes no sense."""
    match told:
        case {"memory_bytes": int(bound), "warnings": list(warnings)} if bound >= 0:
            return Inspection(bound, [sentence(warning) for warning in warnings[:50]])
    raise _nonsense()


def _nonsense() -> ArtratorError:
    return ArtratorError(Code.WORKER_DIED, "The worker told something that makes no sense when it was ready.")


def output_of(manifest: Manifest, header: Mapping[str, Any], arrays: Sequence[Array]) -> tuple[str, Image]:
    """A picture that is handed over before the end, and the output list it belongs to.

    Raises:
        ArtratorError: ``model_failed`` if it is none, or there is no such list.
    """
    name = header.get("name")
    spec = manifest.outputs.get(name) if isinstance(name, str) else None
    if spec is None or spec.type is not OutputType.IMAGES or len(arrays) != 1:
        raise ModelError("The model handed over a picture of no output list.")
    try:
        picture = unpack({spec.name: {"image": 0}}, arrays)[spec.name]
    except ValueInvalid as error:
        raise ModelError(f"The model made an output that is none: {error}") from error
    return spec.name, picture  # type: ignore[return-value]  # an "image" entry unpacks to an array


def _bytes(claimed: object) -> int:
    """A size that a worker claims; 0 for what is none."""
    return claimed if type(claimed) is int and 0 <= claimed < 1 << 48 else 0


def outputs_of(
    manifest: Manifest,
    header: Mapping[str, Any],
    arrays: Sequence[Array],
    handed: Mapping[str, Sequence[Image]] = MappingProxyType({}),
) -> dict[str, Value]:
    """The outputs that the manifest declares, each of its type; what else the model made is dropped.

    Args:
        manifest: The package's.
        header: Of the frame.
        arrays: Of the frame.
        handed: The pictures that came before the end, by output; they come first in their lists.

    Raises:
        ArtratorError: ``model_failed`` if one is missing or of another type.
    """
    try:
        made = unpack(header.get("values"), arrays)
    except ValueInvalid as error:
        raise ModelError(f"The model made an output that is none: {error}") from error
    for name, pictures in handed.items():
        rest = made.get(name, [])
        if not isinstance(rest, list):
            raise ModelError(f"The model made its output {name} as something else than images.")
        made[name] = [*pictures, *rest]
    for name, spec in manifest.outputs.items():
        if name not in made:
            raise ModelError(f"The model did not make its output {name}.")
        if not _is_of(spec.type, made[name]):
            raise ModelError(f"The model made its output {name} as something else than {spec.type.value}.")
    return {name: made[name] for name in manifest.outputs}


def _is_of(kind: OutputType, value: Value) -> bool:
    match kind:
        case OutputType.IMAGE:
            return isinstance(value, np.ndarray)
        case OutputType.IMAGES:
            return isinstance(value, list) and bool(value)
        case OutputType.TEXT:
            return isinstance(value, str)
        case OutputType.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool)


def progress_of(header: Mapping[str, Any]) -> tuple[int, int]:
    """(done, total) of a progress frame; raises WireError if they are no progress."""
    match header:
        case {"done": int(done), "total": int(total)} if 0 <= done <= total < 1 << 31:
            return done, total
    raise WireError("a progress that is none")


def preview_of(arrays: Sequence[Array]) -> Image | None:
    """The preview of a progress frame; raises WireError unless it is a small picture."""
    if not arrays:
        return None
    try:
        picture = unpack({"preview": {"image": 0}}, arrays)["preview"]
    except ValueInvalid as error:
        raise WireError("a preview that is no picture") from error
    if len(arrays) > 1 or max(arrays[0].shape[:2]) > PREVIEW_SIDE:
        raise WireError("a preview that is too large")
    return picture  # type: ignore[return-value]  # an "image" entry unpacks to an array
