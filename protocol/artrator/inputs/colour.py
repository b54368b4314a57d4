"""Colour: whatever a decoded picture is in, as 8-bit sRGB, with transparency laid over a plain ground."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import PIL.Image
from PIL import ImageCms

_Array = npt.NDArray[np.uint8]

_SIXTEEN_BIT: Final = ("I;16", "I;16L", "I;16B", "I;16N")
#: Modes that an embedded profile can be applied to as they are.
_PROFILED: Final = ("RGB", "CMYK", "L")


def to_rgb(picture: PIL.Image.Image) -> _Array:
    """``[height, width, 3]``; transparency over white, as on paper."""
    return _flat(picture, 255)


def to_rgba(picture: PIL.Image.Image) -> _Array:
    """``[height, width, 4]``; opaque where the picture says nothing of transparency. Not premultiplied."""
    return np.asarray(_in_srgb(picture).convert("RGBA"))


def to_grey(picture: PIL.Image.Image) -> _Array:
    """``[height, width]``; transparency over black, so that what is not painted is not selected."""
    return np.asarray(PIL.Image.fromarray(_flat(picture, 0)).convert("L"))


def _flat(picture: PIL.Image.Image, ground: int) -> _Array:
    converted = _in_srgb(picture)
    if not converted.has_transparency_data:
        return np.asarray(converted.convert("RGB"))
    layered = converted.convert("RGBA")
    paper = PIL.Image.new("RGBA", layered.size, (ground, ground, ground, 255))
    return np.asarray(PIL.Image.alpha_composite(paper, layered).convert("RGB"))


def _in_srgb(picture: PIL.Image.Image) -> PIL.Image.Image:
    picture = _eight_bit(picture)
    profile = picture.info.get("icc_profile")
    if not isinstance(profile, bytes) or not profile or picture.mode not in (*_PROFILED, "RGBA", "P", "LA", "PA"):
        return picture
    if picture.mode in ("P", "PA", "LA"):
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    return _converted(picture, profile)


def _converted(picture: PIL.Image.Image, profile: bytes) -> PIL.Image.Image:
    """Through the embedded profile; one that is broken or of another colour space is ignored, as viewers do."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if _is_srgb(source):
            return picture
        colours = picture.convert("RGB") if picture.mode == "RGBA" else picture
        converted = ImageCms.profileToProfile(colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture
    if converted is None:
        return picture
    if picture.mode == "RGBA":
        converted.putalpha(picture.getchannel("A"))
    return converted


def _is_srgb(profile: Any) -> bool:
    return "srgb" in (profile.profile.profile_description or "").lower()


def _eight_bit(picture: PIL.Image.Image) -> PIL.Image.Image:
    """16 bits are rounded to 8; Pillow by itself would clip them."""
    if picture.mode in _SIXTEEN_BIT:
        values = np.asarray(picture).astype(np.uint32)
        grey = PIL.Image.fromarray(((values * 255 + 32_767) // 65_535).astype(np.uint8))
        if "icc_profile" in picture.info:
            grey.info["icc_profile"] = picture.info["icc_profile"]
        return grey
    return picture
