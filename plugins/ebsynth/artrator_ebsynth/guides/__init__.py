"""Guides that are made from the pictures themselves: edges, colours made alike, positions, and motion."""

from artrator_ebsynth.guides.colour import brightness, matched
from artrator_ebsynth.guides.edges import edges
from artrator_ebsynth.guides.flow import Motion, sample
from artrator_ebsynth.guides.position import positions, shown

__all__ = ["Motion", "brightness", "edges", "matched", "positions", "sample", "shown"]
