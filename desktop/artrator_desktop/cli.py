"""The command `artrator desktop`."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command()
@click.option(
    "--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Where keys, settings and history lie."
)
@click.option("--page", default="", help="Open this page first: discover, create, gallery, wallet, node, plugins.")
def desktop(data_dir: Path | None, page: str) -> None:
    """Open the desktop app."""
    # Qt is imported here and not above, so that `artrator --help` needs no Qt libraries.
    from artrator_desktop.app import run

    sys.exit(run(data_dir, page=page))
