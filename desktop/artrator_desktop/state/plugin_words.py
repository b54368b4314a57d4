"""What this project's own plugins say of themselves, in the language of the interface; others speak for themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from artrator_desktop.state.failure_words import told

if TYPE_CHECKING:
    from artrator.plugins import PluginInfo


def own_words(sentence: str) -> str:
    """A summary or a reason as its author wrote it, or its translation if that is known here."""
    return _known().get(sentence, sentence)


def broken_words(plugin: PluginInfo) -> str:
    """Why a plugin cannot be used."""
    return told("plugin_broken", plugin.error or "", "")[0]


def _known() -> Mapping[str, str]:
    translate = QCoreApplication.translate
    return {
        "Backend: any single-graph ONNX package.": translate("PluginWords", "Backend: any single-graph ONNX package."),
        "Backend: diffusion and flow-matching sampling in steps, without torch.": translate(
            "PluginWords", "Backend: diffusion and flow-matching sampling in steps, without torch."
        ),
        "Backend: example-based image synthesis by guided patch matching.": translate(
            "PluginWords", "Backend: example-based image synthesis by guided patch matching."
        ),
        "Backend: tones a picture in sepia.": translate("PluginWords", "Backend: tones a picture in sepia."),
        "To run graphs with onnxruntime on a graphics card, where the node is set to use one.": translate(
            "PluginWords", "To run graphs with onnxruntime on a graphics card, where the node is set to use one."
        ),
        "To search on an NVIDIA card, where the node is set to one and the extra gpu is installed.": translate(
            "PluginWords", "To search on an NVIDIA card, where the node is set to one and the extra gpu is installed."
        ),
    }
