"""What is wrong with an input, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QLocale

if TYPE_CHECKING:
    from artrator_desktop.state.inputs import Problem


def number_words(value: float) -> str:
    """Write a number as a person does: 50 and not 50.0; 16,777,216 with its commas from five digits on."""
    whole = float(value).is_integer()
    if whole and abs(value) >= 10_000:
        return QLocale().toString(int(value))
    return str(int(value)) if whole else f"{value:.4g}"


def problem_words(problem: Problem) -> str:
    """Return one sentence that says what to do."""
    translate = QCoreApplication.translate
    bound, found = number_words(problem.bound), number_words(problem.found)
    if problem.kind == "said":
        return problem.text
    sentences = {
        "required": translate("Problem", "This is needed."),
        "too_long": translate("Problem", "Shorten it to {bound} characters; it has {found}."),
        "too_low": translate("Problem", "Give at least {bound}."),
        "too_high": translate("Problem", "Give at most {bound}."),
        "step": translate("Problem", "Give a multiple of {bound}."),
        "choice": translate("Problem", "Choose one of the list."),
        "too_many": translate("Problem", "Give at most {bound} pictures."),
        "side_small": translate("Problem", "Too small: its shorter side has {found} px, the model needs {bound}."),
        "side_large": translate("Problem", "Too large: its longer side has {found} px, the model takes {bound}."),
        "pixels": translate("Problem", "Too large: it has {found} pixels, the model takes {bound}."),
        "total_pixels": translate("Problem", "Too much: {found} pixels together, the model takes {bound}."),
        "file_large": translate("Problem", "The file is larger than 64 MB."),
        "huge": translate("Problem", "Too large to be opened: make it smaller than {bound} pixels."),
        "sizes": translate("Problem", "Not of the same size as the others: {found} px wide instead of {bound}."),
        "numbers": translate("Problem", "Give one frame number for each keyframe, from 1 to {bound}."),
        "unreadable": translate("Problem", "{found} of {bound} files are no PNG, JPEG or WebP pictures."),
        "no_room": translate("Problem", "The model takes {bound}; left out: {found}."),
        "corrupt": translate("Problem", "This is not a whole PNG, JPEG or WebP picture."),
    }
    return sentences.get(problem.kind, problem.kind).format(bound=bound, found=found)
