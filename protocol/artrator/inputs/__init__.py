"""What a buyer gives: checked against the manifest, decoded safely, measured exactly, written as a request."""

from artrator.inputs.completion import complete, parse_value
from artrator.inputs.counted import Counted
from artrator.inputs.decoding import decoded
from artrator.inputs.images import MAX_IMAGE_BYTES, MAX_PIXELS, MAX_SIDE, decode_image, image_size
from artrator.inputs.measures import measure
from artrator.inputs.metered import MeteredBytes
from artrator.inputs.request import PreparedRequest, request_body

__all__ = [
    "MAX_IMAGE_BYTES",
    "MAX_PIXELS",
    "MAX_SIDE",
    "Counted",
    "MeteredBytes",
    "PreparedRequest",
    "complete",
    "decode_image",
    "decoded",
    "image_size",
    "measure",
    "parse_value",
    "request_body",
]
