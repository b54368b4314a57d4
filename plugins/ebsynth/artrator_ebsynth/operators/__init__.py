"""What a package can ask for: its own guides, guides made from two photos, or a film."""

from artrator_ebsynth.operators.base import Operator
from artrator_ebsynth.operators.choice import read_operator

__all__ = ["Operator", "read_operator"]
