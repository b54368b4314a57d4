"""What the demo's creator publishes: the example packages of the repository, and their prices."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.package import sign, verify


@dataclass(frozen=True)
class Example:
    """One example package and its terms, as options of ``artrator node publish``."""

    name: str
    terms: Sequence[str]


EXAMPLES: Sequence[Example] = (
    Example("emoji", ("--price", "image=2")),
    # One that shows all there is to sell: single runs, free ones, a licence to keep it, and the pass below.
    Example("painterly", ("--price", "pixel=3/1000000", "--base", "1", "--free-runs", "2", "--licence", "60")),
    Example("upscale-x4", ("--price", "pixel=8/1000000", "--base", "1")),
)

PLAN_NAME = "everything"
#: Title by language, credits for a period, and what its runs may be worth.
PLAN_TITLE = {"en": "Everything of the atelier", "ko": "아틀리에의 모든 모델"}
PLAN_PRICE, PLAN_ALLOWANCE = 20, 100

#: Published where the plugin is there, once the desktop is open: they can wait, and the first picture cannot.
MORE_BACKEND = "ebsynth"
MORE: Sequence[Example] = (
    Example("stylise-photo", ("--price", "pixel=5/1000000", "--base", "1")),
    Example("stylise-video", ("--price", "pixel=5/1000000", "--base", "1")),
)


def examples_folder() -> Path:
    """The repository's ``examples`` folder."""
    folder = Path(__file__).resolve().parents[3] / "examples"
    if not folder.is_dir():
        raise ArtratorError(
            Code.NOT_FOUND,
            "The demo's example packages are not part of an installed Artrator.",
            cure="Run the demo from a checkout of the repository.",
        )
    return folder


def signed_copy(example: Example, folder: Path, key: PrivateKey) -> Path:
    """The example in ``folder``, signed with ``key``; a copy that is whole already is used as it is."""
    source = examples_folder() / example.name / "package"
    target = folder / example.name
    if target.exists():
        if _same_files(source, target):
            try:
                verify(target, key.public)
            except ArtratorError:
                pass
            else:
                return target
        shutil.rmtree(target)
    shutil.copytree(source, target)
    sign(target, key)
    return target


def _same_files(source: Path, target: Path) -> bool:
    """Whether the copy was made of this very example; the signature vouches for what is in the copy."""
    ours = {p.relative_to(source): p.stat().st_size for p in source.rglob("*") if p.is_file()}
    copied = {
        p.relative_to(target): p.stat().st_size for p in target.rglob("*") if p.is_file() and p.name != "model.sig"
    }
    return ours == copied and all(
        (source / name).read_bytes() == (target / name).read_bytes() for name in ours if name.suffix == ".toml"
    )
