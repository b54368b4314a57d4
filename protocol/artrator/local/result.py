"""What a run on one's own machine gives: the outputs, and a record of what made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from artrator.clients.news import Delivered


@dataclass(frozen=True)
class LocalRecord:
    """What was run, made here and signed by nobody: it lets the same picture be made again, and proves nothing.

    Attributes:
        run: The run's id.
        package: Digest of the package.
        model: ``name@version``.
        runtime: What computed it, such as ``onnxruntime 1.31.1 cpu``.
        inputs: All of them, random seeds included; files by their digests.
        outputs: Hex SHA-256 of each output.
        started_at, finished_at: Seconds since 1970, by this machine's clock.
    """

    run: str
    package: str
    listing: str
    model: str
    runtime: str
    inputs: Mapping[str, Any]
    outputs: Sequence[str]
    software: str
    started_at: float
    finished_at: float

    def to_json(self) -> dict[str, Any]:
        """As it is written beside a picture."""
        return {"local": asdict(self)}


@dataclass(frozen=True)
class LocalResult:
    """The outputs as files in memory, and their record."""

    outputs: Sequence[Delivered]
    record: LocalRecord
