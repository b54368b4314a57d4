"""Encoding outputs, in threads of whoever runs a worker: never in the model's process; it overlaps the next batch."""

from artrator.encoding.metadata import Provenance
from artrator.encoding.outputs import EncodedOutput, encode_outputs, encode_preview
from artrator.encoding.png import encode_png

__all__ = ["EncodedOutput", "Provenance", "encode_outputs", "encode_png", "encode_preview"]
