"""What a manifest for the backend ``onnx`` says of a graph, as far as the graph itself tells: a beginning to mend."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from artrator.onnx_runtime import GraphFacts, TensorFacts

#: How many channels a picture may have for a graph.
_CHANNELS: Final = frozenset({1, 3, 4})
#: More labels than these nobody wants to fill in by hand.
_MOST_LABELS: Final = 100
_PICTURE = "image"


@dataclass
class Draft:
    """Tables of ``artrator.toml``, as text.

    Attributes:
        inputs, outputs: What buyers give and get, by name.
        feeds, results: The tables of ``[settings]``, by tensor and by output.
    """

    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    feeds: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)


def draft(facts: GraphFacts) -> Draft:
    """What can be told of a graph: pictures, single numbers and scores are known by their shapes.

    A tensor of another shape gets a comment only, so that ``artrator package check`` asks for it.
    """
    made = Draft()
    for tensor in facts.inputs.values():
        fed = _feed(tensor, made.inputs)
        made.feeds.append(
            f"# {_plain(tensor)}: noise, a choice, a text, a constant? See docs/reference/backend-onnx.md.\n"
            if fed is None
            else f"[settings.feeds.{_key(tensor)}]  # {_plain(tensor)}\n{fed}"
        )
    for tensor in facts.outputs.values():
        _result(tensor, made)
    return made


def _feed(tensor: TensorFacts, inputs: dict[str, str]) -> str | None:
    if _is_picture(tensor):
        name = _name(_PICTURE, inputs)
        inputs[name] = f'type = "image"\nlabel = {{ en = "{_label(name)}" }}\nmax_side = 2048\n'
        return f'input = "{name}"\n{_range(tensor)}'
    if _is_single(tensor) and tensor.dtype is not None:
        kind = "boolean" if tensor.dtype == np.bool_ else "integer" if tensor.dtype.kind in "iu" else "number"
        name = _name(tensor.name, inputs)
        default = {"boolean": "false", "integer": "0", "number": "1.0"}[kind]
        inputs[name] = f'type = "{kind}"\nlabel = {{ en = "{_label(name)}" }}\ndefault = {default}\n'
        return f'input = "{name}"\n'
    return None


def _result(tensor: TensorFacts, made: Draft) -> None:
    more = ""
    if _is_picture(tensor):
        name, kind, more = _name(_PICTURE, made.outputs), "image", _range(tensor)
    elif _is_single(tensor):
        name, kind = _name(tensor.name, made.outputs), "number"
    elif (scores := _scores(tensor)) is not None:
        labels = ", ".join(f'"label {place}"' for place in range(scores))
        name, kind, more = _name(tensor.name, made.outputs), "text", f"labels = [{labels}]\n"
    else:
        made.results.append(f"# {_plain(tensor)} is no picture, no number and no scores: nothing is made of it.\n")
        return
    made.outputs[name] = f'type = "{kind}"\nlabel = {{ en = "{_label(name)}" }}\n'
    made.results.append(f"[settings.results.{name}]  # {_plain(tensor)}\ntensor = {_key(tensor)}\n{more}")


def _is_picture(tensor: TensorFacts) -> bool:
    shape = tensor.shape or ()
    if len(shape) not in {3, 4}:
        return False
    sides = shape[-2:] if shape[-3] in _CHANNELS else shape[-3:-1] if shape[-1] in _CHANNELS else (1, 1)
    return any(side != 1 for side in sides)


def _is_single(tensor: TensorFacts) -> bool:
    """Whether each row of it is one number."""
    shape = tensor.shape
    return shape is not None and all(side == 1 for side in shape[1:]) and (not shape or not _more_than_one(shape[0]))


def _more_than_one(side: int | str) -> bool:
    return isinstance(side, int) and side > 1


def _scores(tensor: TensorFacts) -> int | None:
    last = (tensor.shape or ("",))[-1]
    flat = len(tensor.shape or ()) == 2
    return last if flat and isinstance(last, int) and 1 < last <= _MOST_LABELS else None


def _range(tensor: TensorFacts) -> str:
    whole = tensor.dtype is not None and tensor.dtype.kind in "iu"
    return "" if whole else "range = [0.0, 1.0]      # what black and white are to the network\n"


def _key(tensor: TensorFacts) -> str:
    """The tensor's name as TOML writes it."""
    plain = (
        letter if letter.isprintable() and letter not in '"\\' else f"\\U{ord(letter):08X}" for letter in tensor.name
    )
    return f'"{"".join(plain)}"'


def _name(wanted: str, taken: Collection[str]) -> str:
    """A name for an input or output that the manifest allows, and that is not taken."""
    word = re.sub(r"[^a-z0-9]+", "_", wanted.lower()).strip("_")[:40]
    word = word if word[:1].isalpha() else f"value_{word}".rstrip("_")  # names begin with a letter
    number, name = 1, word
    while name in taken:
        number += 1
        name = f"{word}_{number}"
    return name


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _plain(tensor: TensorFacts) -> str:
    """The tensor in a comment: what a stranger's names hold must not end the line."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(tensor))
