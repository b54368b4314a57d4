"""Read ``artrator-plugin.toml``: what a plugin asks its owner for, and what it prepares."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator.plugins.info import Wants
from artrator.toml_keys import MAX_PARTS, has_long_key
from artrator.worker.words import sentence

#: The name of the file, in the plugin's top package or its dist-info folder.
WANTS_FILE = "artrator-plugin.toml"
#: In characters.
MAX_LENGTH: Final = 16_384
_SWITCHES = ("network", "gpu", "files")
_MODULE: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_MAX_MODULE: Final = 200


@dataclass(frozen=True)
class Asked:
    """All that ``artrator-plugin.toml`` says.

    Attributes:
        prepare: The module that makes the plugin's cache; None if it makes none.
    """

    wants: Wants = field(default_factory=Wants)
    prepare: str | None = None


def read_asked(text: str) -> Asked:
    """What ``artrator-plugin.toml`` says.

    Raises:
        ArtratorError: ``plugin_invalid`` if the file is not as documented. Unknown keys are refused, because what
            this version does not know it could not confine either.
    """
    if len(text) > MAX_LENGTH:
        raise ArtratorError(Code.PLUGIN_INVALID, f"{WANTS_FILE} is longer than {MAX_LENGTH} characters.")
    if has_long_key(text):
        raise ArtratorError(Code.PLUGIN_INVALID, f"{WANTS_FILE} has a key of more than {MAX_PARTS} parts.")
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also of a number of thousands of digits
        raise ArtratorError(Code.PLUGIN_INVALID, f"{WANTS_FILE} is not TOML: {sentence(error, 200)}.") from error
    unknown = sorted(table.keys() - {*_SWITCHES, "prepare", "reasons"})
    if unknown:
        raise ArtratorError(
            Code.PLUGIN_INVALID, f"{WANTS_FILE} asks for {sentence(unknown[0], 40)}, which is not known here."
        )
    for name in _SWITCHES:
        if not isinstance(table.get(name, False), bool):
            raise ArtratorError(Code.PLUGIN_INVALID, f"{WANTS_FILE}: {name} is true or false.")
    prepare = table.get("prepare")
    if prepare is not None and not (
        isinstance(prepare, str) and len(prepare) <= _MAX_MODULE and _MODULE.fullmatch(prepare)
    ):
        raise ArtratorError(Code.PLUGIN_INVALID, f"{WANTS_FILE}: prepare is the name of a module.")
    reasons = table.get("reasons", {})
    if not isinstance(reasons, dict) or not all(isinstance(reason, str) for reason in reasons.values()):
        raise ArtratorError(Code.PLUGIN_INVALID, f"{WANTS_FILE}: reasons is a table of texts.")
    wants = Wants(
        network=table.get("network", False),
        gpu=table.get("gpu", False),
        files=table.get("files", False),
        reasons={sentence(name, 20): sentence(reason, 200) for name, reason in reasons.items()},
    )
    return Asked(wants, prepare)
