"""Video: painted keyframes carried through a clip."""

from artrator_ebsynth.video.clip import Clip, ExtraGuide, Slots, make_clip, read_numbers
from artrator_ebsynth.video.film import make_film
from artrator_ebsynth.video.propagation import Manner, Weights

__all__ = ["Clip", "ExtraGuide", "Manner", "Slots", "Weights", "make_clip", "make_film", "read_numbers"]
