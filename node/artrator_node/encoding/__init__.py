"""Encoding outputs, in threads of the daemon: never in a model's process, so that it overlaps the next batch."""

from artrator_node.encoding.metadata import Provenance
from artrator_node.encoding.outputs import EncodedOutput, encode_outputs, encode_preview
from artrator_node.encoding.png import encode_png

__all__ = ["EncodedOutput", "Provenance", "encode_outputs", "encode_png", "encode_preview"]
