"""The options by which a request is told and its outputs are written, wherever it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

_F = TypeVar("_F", bound=Callable[..., Any])

_OPTIONS: Final = (
    click.option("--prompt", help="Short for --set prompt=…."),
    click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="An input; may be repeated."),
    click.option(
        "--file",
        "files",
        multiple=True,
        metavar="NAME=PATH",
        help="An image input; may be repeated. For several images also a folder, a zip file, a GIF, a WebP or a movie.",
    ),
    click.option(
        "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write; else here, by name."
    ),
    click.option(
        "--video",
        type=click.Path(path_type=Path),
        help="Write several pictures as one film: .mp4, .gif, .webp, .zip, or a folder.",
    ),
    click.option("--rate", type=click.FloatRange(0.1, 240), help="Frames a second; as in the film that went in."),
    click.option(
        "--format",
        "image_format",
        default="png",
        type=click.Choice(["png", "jpeg", "webp"]),
        show_default=True,
        help="How pictures are encoded: png and webp without loss.",
    ),
)


def request_options(command: _F) -> _F:
    """Give a command ``prompt settings files output video rate image_format``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
