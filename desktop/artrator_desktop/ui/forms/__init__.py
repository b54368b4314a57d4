"""Forms drawn from a package's inputs."""

from artrator_desktop.ui.forms.base import InputField
from artrator_desktop.ui.forms.form import ManifestForm
from artrator_desktop.ui.forms.words import problem_words

__all__ = ["InputField", "ManifestForm", "problem_words"]
