"""Read ``artrator-plugin.toml``: what a plugin asks its owner for."""

from __future__ import annotations

import tomllib

from artrator.errors import ArtratorError, Code
from artrator.plugins.info import Wants
from artrator.worker.words import sentence

#: The name of the file, in the plugin's top package or its dist-info folder.
WANTS_FILE = "artrator-plugin.toml"
_MAX_LENGTH = 16_384
_SWITCHES = ("network", "gpu", "files")


def read_wants(text: str) -> Wants:
    """The wants in ``artrator-plugin.toml``.

    Raises:
        ArtratorError: ``plugin_invalid`` if the file is not as documented. Unknown keys are refused, because what
            this version does not know it could not confine either.
    """
    if len(text) > _MAX_LENGTH:
        raise ArtratorError(Code.PLUGIN_INVALID, f"{WANTS_FILE} is longer than {_MAX_LENGTH} characters.")
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ArtratorError(Code.PLUGIN_INVALID, f"{WANTS_FILE} is not TOML: {sentence(error, 200)}.") from error
    unknown = sorted(table.keys() - {*_SWITCHES, "reasons"})
    if unknown:
        raise ArtratorError(
            Code.PLUGIN_INVALID, f"{WANTS_FILE} asks for {sentence(unknown[0], 40)}, which is not known here."
        )
    for name in _SWITCHES:
        if not isinstance(table.get(name, False), bool):
            raise ArtratorError(Code.PLUGIN_INVALID, f"{WANTS_FILE}: {name} is true or false.")
    reasons = table.get("reasons", {})
    if not isinstance(reasons, dict) or not all(isinstance(reason, str) for reason in reasons.values()):
        raise ArtratorError(Code.PLUGIN_INVALID, f"{WANTS_FILE}: reasons is a table of texts.")
    return Wants(
        network=table.get("network", False),
        gpu=table.get("gpu", False),
        files=table.get("files", False),
        reasons={sentence(name, 20): sentence(reason, 200) for name, reason in reasons.items()},
    )
