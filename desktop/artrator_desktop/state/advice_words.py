"""What a node warns of, in the language of the interface.

A node tells a warning in English, with a code and what it names. In English its sentence is shown; in another language
the code's own words, and the sentence as it came where the code is not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from artrator_desktop.i18n import language
from artrator_desktop.state.failure_words import told

if TYPE_CHECKING:
    from artrator.messages.node import Advice


def said(advice: Advice) -> str:
    """The warning for a person."""
    if language() == "en" or (choices := _words().get(advice.code)) is None:
        return _without_marks(advice.message)
    facts = {"message": advice.message.rstrip(".")}
    # Which way a number points is said by the words.
    facts |= {name: value if isinstance(value, str) else f"{abs(value):.0f}" for name, value in advice.facts.items()}
    if "error" in facts:
        facts["words"] = " ".join(told(facts["error"], facts["message"], facts.get("cure", ""))).strip()
    seconds = advice.facts.get("seconds")
    behind = isinstance(seconds, int | float) and seconds < 0 and len(choices) > 1
    try:
        return choices[1 if behind else 0].format(**facts)
    except KeyError:  # a node that names less than it should
        return _without_marks(advice.message)


def _without_marks(sentence: str) -> str:
    """The sentence with quotation marks where a terminal shows what is typed between grave accents."""
    return re.sub(r"`([^`]*)`", "“\\1”", sentence)


def _words() -> Mapping[str, tuple[str, ...]]:
    translate = QCoreApplication.translate
    return {
        "clock": (
            translate("Advice", "This machine’s clock is {seconds} seconds ahead of the registry’s: set it right."),
            translate("Advice", "This machine’s clock is {seconds} seconds behind the registry’s: set it right."),
        ),
        "fallback": (
            translate("Advice", "{package} was to run on {wanted} but runs on {runtime}: check the GPU’s driver."),
        ),
        "package": (translate("Advice", "{package}: {words}"),),
        "pin": (translate("Advice", "The package {package} is pinned but not served: look at “pin” in node.toml."),),
        "registry": (translate("Advice", "The registry: {words}"),),
        "runtime": (translate("Advice", "{words}"),),
        "sensor": (translate("Advice", "{setting} is set, but no sensor of this machine tells what it limits."),),
        "confinement": (translate("Advice", "A worker is not fully confined ({message})."),),
        "confinement_off": (
            translate("Advice", "The owner switched confinement off: a worker can do whatever the node can."),
        ),
        "confinement_partial": (translate("Advice", "A worker is not fully confined ({reason})."),),
        "confinement_untried": (
            translate("Advice", "Whether workers are confined on this machine could not be tried ({reason})."),
        ),
        "cores_shared": (translate("Advice", "Workers cannot be kept to their processors here."),),
        "landlock_missing": (
            translate("Advice", "This kernel has no Landlock: a worker can read every file that you can read."),
        ),
        "limit_refused": (translate("Advice", "A resource limit of a worker could not be set ({reason})."),),
        "limits_missing": (translate("Advice", "{system}: memory and threads of a worker are not limited here."),),
        "memory_watched": (
            translate(
                "Advice", "The memory of a worker on a GPU is watched, not limited: drivers map more than they use."
            ),
        ),
        "platform_open": (
            translate("Advice", "{system}: files, network and system calls of a worker are not confined here."),
        ),
        "seccomp_missing": (translate("Advice", "System calls of a worker are not restricted on this machine."),),
    }
