"""All inputs of a request against the manifest: defaults filled in, seeds drawn, everything else refused."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final

from artrator._pydantic import ValidationError
from artrator.errors import ArtratorError, Code
from artrator.manifest import InputSpec, InputType, Manifest
from artrator.messages.node import FileRef
from artrator.package.problems import did_you_mean
from artrator.values import FILE_TYPES, Fault, fault, normal

_WORDS: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


def complete(manifest: Manifest, given: Mapping[str, object]) -> dict[str, object]:
    """Every input that a job of this manifest needs, in the manifest's order.

    Defaults are filled in and random seeds are drawn, so that what comes back is the whole request and running it
    again gives the same. Completing it again changes nothing. Files stay what they are: ``FileRef`` (or its JSON
    form, which becomes one), or bytes; of ``images`` a list of those. Inputs that may be left out and were, stay out.
    None counts as left out.

    Raises:
        ArtratorError: ``input_unknown``, ``input_invalid``; ``details["input"]`` names it.
    """
    given = {name: value for name, value in given.items() if value is not None}
    for name in given:
        if name not in manifest.inputs:
            raise ArtratorError(
                Code.INPUT_UNKNOWN,
                f"{manifest.name} has no input {name!a}.",
                cure=did_you_mean(name, manifest.inputs),
                input=name,
            )
    found: dict[str, object] = {}
    for name, spec in manifest.inputs.items():
        if name in given:
            found[name] = _checked(spec, given[name])
        elif spec.random:
            low, high = int(spec.minimum or 0), int(spec.maximum or 0)
            step = int(spec.step or 1)
            found[name] = low + step * secrets.randbelow((high - low) // step + 1)
        elif spec.default is not None:
            found[name] = spec.default
        elif spec.required:
            raise _refused(spec, Fault("is missing.", f"Give {name}; `artrator show` lists the inputs of a model."))
    return found


def parse_value(spec: InputSpec, text: str) -> object:
    """Read what a person typed for ``NAME=VALUE``. What makes no sense is left as text, for ``complete`` to refuse."""
    try:
        match spec.type:
            case InputType.INTEGER:
                return int(text)
            case InputType.NUMBER:
                return float(text)
            case InputType.BOOLEAN:
                return _WORDS.get(text.strip().lower(), text)
            case _:
                return text
    except ValueError:
        return text


def _checked(spec: InputSpec, value: object) -> object:
    if spec.type not in FILE_TYPES:
        value = normal(spec, value)
        found = fault(spec, value)
        if found is not None:
            raise _refused(spec, found)
        return value
    if spec.type is not InputType.IMAGES:
        return _file(spec, value)
    if not isinstance(value, list | tuple) or not value:
        raise _refused(spec, Fault("is not a list of images.", "Give at least one image."))
    if spec.max_items is not None and len(value) > spec.max_items:
        raise _refused(
            spec, Fault(f"has {len(value)} images, more than {spec.max_items}.", f"Give at most {spec.max_items}.")
        )
    return [_file(spec, item) for item in value]


def _file(spec: InputSpec, value: object) -> FileRef | bytes:
    if isinstance(value, FileRef | bytes):
        return value
    if isinstance(value, Mapping):
        try:
            return FileRef.model_validate(value)
        except ValidationError:
            pass
    raise _refused(spec, Fault("is not an image.", "Send the image as a file."))


def _refused(spec: InputSpec, found: Fault) -> ArtratorError:
    return ArtratorError(Code.INPUT_INVALID, f"{spec.name} {found.what}", cure=found.cure, input=spec.name)
