"""Runs jobs of one loaded model at once, over one batcher, as a worker does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from artrator.backend import Image, Model, Value
from artrator.worker.child.batcher import Batcher
from artrator.worker.child.context import JobContext


async def run_together(model: Model, jobs: Sequence[Mapping[str, Value]]) -> list[Mapping[str, Any]]:
    """The outputs of each job, with the pictures that it handed over before its end."""
    handed: list[dict[str, list[Image]]] = [{} for _ in jobs]
    batcher = Batcher()

    def context(place: int) -> JobContext:
        def hand(name: str, picture: Image) -> None:
            handed[place].setdefault(name, []).append(picture)

        return JobContext(str(place), batcher, lambda *_: None, hand)

    try:
        made = await asyncio.gather(*[model.run(job, context(place)) for place, job in enumerate(jobs)])
    finally:
        await batcher.close()
    return [{**outputs, **early} for outputs, early in zip(made, handed, strict=True)]
