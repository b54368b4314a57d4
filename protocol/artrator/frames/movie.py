"""Movies, through OpenCV: its wheels carry an FFmpeg under the LGPL, without encoders under the GPL.

It is the extra ``video``. What FFmpeg is given is a file of this machine whose first bytes are those of a container
with the frames in it: never a playlist or a pattern, which would name other files or addresses.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from artrator.backend import Image
from artrator.errors import ArtratorError, Code

if TYPE_CHECKING:
    from artrator.frames.sequence import Collector, Film

#: VP9: browsers and phones play it, and it may be given away; H.264 may not.
_CODEC: Final = "vp09"
#: A film may lack so much of the frames that it announces: containers round, and players cut ends.
_MISSING: Final = 0.02
_MATROSKA: Final = b"\x1a\x45\xdf\xa3"


def is_movie(head: bytes) -> bool:
    """Whether these first bytes are those of MP4, MOV, WebM, Matroska or AVI."""
    return head[4:8] == b"ftyp" or head.startswith(_MATROSKA) or (head[:4], head[8:12]) == (b"RIFF", b"AVI ")


def read_movie(path: Path, collector: Collector) -> Film:
    """All frames, as PNG.

    Raises:
        ArtratorError: ``input_invalid``, ``image_corrupt``, ``image_too_large``.
    """
    cv2 = opencv(f"read {path.name}")
    capture = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
    try:
        if not capture.isOpened():
            raise collector.refuse(
                "is damaged, or of a kind that cannot be read.", "Save it as MP4 or WebM.", Code.IMAGE_CORRUPT
            )
        announced = max(0, round(capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        collector.check_count(announced)
        rate = float(capture.get(cv2.CAP_PROP_FPS))
        width, height = (int(capture.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        collector.check_size(width, height, "frame 1")
        while True:
            whole, frame = capture.read()
            if not whole:
                break
            height, width = frame.shape[:2]
            collector.check_size(width, height, f"frame {collector.count + 1}")
            encoded, data = cv2.imencode(".png", frame, [cv2.IMWRITE_PNG_COMPRESSION, 1])
            if not encoded:
                raise collector.refuse(f"frame {collector.count + 1} cannot be encoded.")
            collector.add(data.tobytes(), width, height)
    except cv2.error as error:
        raise collector.refuse(f"frame {collector.count + 1} is damaged.", code=Code.IMAGE_CORRUPT) from error
    finally:
        capture.release()
    if collector.count < announced - max(1, round(_MISSING * announced)):
        raise collector.refuse(
            f"frame {collector.count + 1} of {announced} is damaged.", "Save the film anew.", Code.IMAGE_CORRUPT
        )
    return collector.film(rate)


def write_movie(path: Path, frames: Iterable[Image], size: tuple[int, int], rate: float) -> None:
    """Write an MP4.

    Args:
        path: Where to.
        frames: uint8 ``[height, width, 3]`` RGB.
        size: Width and height; an odd one gets one more, because the codec halves the colours.
        rate: Frames a second.

    Raises:
        ArtratorError: ``input_invalid`` if the film cannot be written.
    """
    cv2 = opencv(f"write {path.name}")
    width, height = (side + side % 2 for side in size)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*_CODEC), rate, (width, height))
    try:
        if not writer.isOpened():
            raise ArtratorError(
                Code.INPUT_INVALID, f"{path.name} cannot be written as a movie.", cure="Write a zip file or a GIF."
            )
        for frame in frames:
            below, beside = height - frame.shape[0], width - frame.shape[1]
            whole = cv2.copyMakeBorder(frame, 0, below, 0, beside, cv2.BORDER_REPLICATE)
            writer.write(cv2.cvtColor(whole, cv2.COLOR_RGB2BGR))
    finally:
        writer.release()


def opencv(what: str) -> Any:
    """The library, silent: what it would print is not for buyers, and what is wrong is told by us.

    Raises:
        ArtratorError: ``input_invalid`` if it is not installed.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
    try:
        import cv2
    except ImportError as error:
        raise ArtratorError(
            Code.INPUT_INVALID,
            f"To {what}, OpenCV is needed.",
            cure="Install 'artrator[video]', or use a folder of pictures, a zip file, a GIF or a WebP.",
        ) from error
    return cv2
