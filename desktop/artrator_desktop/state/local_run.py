"""One run on this computer: the model that was bought to keep, in a sandboxed worker, and what it made kept.

Runs in the engine's thread. Nothing leaves the computer, nothing is paid, and it works without a connection.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from artrator.errors import ArtratorError, Code
from artrator.local import LocalEngine, LocalProgress, LocalResult, LocalStage, OwnedPackage
from artrator_desktop.state import pictures
from artrator_desktop.state.engine import Engine, as_failure
from artrator_desktop.state.files import save
from artrator_desktop.state.job import JobPhase, JobRequest, Money, Places
from artrator_desktop.state.phase import Failure
from artrator_desktop.state.purchase import End, keep_picture
from artrator_desktop.state.store.images import ImageRecord

#: Longest side of a preview on the screen.
_PREVIEW_SIDE = 640


class LocalRun:
    """One run, with the face of a purchase.

    Args:
        report: Called with changed fields of the ``Job``, as often as there is news.
    """

    #: A run of one's own has no order, and so no request that an order could be recognised by.
    request = ""

    def __init__(
        self, engine: Engine, local: LocalEngine, kept: OwnedPackage, places: Places, report: Callable[..., None]
    ) -> None:
        self._engine = engine
        self._local = local
        self._kept = kept
        self._places = places
        self._report = report
        self._id = str(uuid.uuid4())
        self._cancelled = False

    async def buy(self, request: JobRequest, facts: Mapping[str, Any]) -> End:
        """Run and keep. Never raises."""
        try:
            return await self._run(request, facts)
        except ArtratorError as error:
            if error.code is Code.JOB_CANCELLED:
                return End(JobPhase.CANCELLED, Money.NONE)
            return End(JobPhase.FAILED, Money.NONE, failure=Failure(error.code.value, error.message, error.cure))
        except asyncio.CancelledError:
            raise
        except Exception as error:
            return End(JobPhase.FAILED, Money.NONE, failure=as_failure(error))

    def cancel(self) -> None:
        """Ask for an end."""
        self._cancelled = True
        self._local.cancel(self._id)

    async def _run(self, request: JobRequest, facts: Mapping[str, Any]) -> End:
        if self._cancelled:
            return End(JobPhase.CANCELLED, Money.NONE)
        self._report(phase=JobPhase.PREPARING)
        began = time.time()
        result = await self._local.run(self._kept.package, request.inputs, request.files, self._tell, run=self._id)
        self._report(phase=JobPhase.FETCHING, inputs=dict(result.record.inputs))
        records, texts = await self._engine.decode(keep, result, facts, self._places, time.time() - began)
        return End(JobPhase.DONE, Money.NONE, images=tuple(records), texts=tuple(texts))

    def _tell(self, news: LocalProgress) -> None:
        if news.stage is LocalStage.RUNNING:
            self._report(phase=JobPhase.RUNNING, runtime=news.runtime, done=news.done, total=news.total)
        if news.preview is not None:
            data = news.preview
            self._engine.soon(lambda: asyncio.get_running_loop().create_task(self._show(data)))

    async def _show(self, data: bytes) -> None:
        image = await self._engine.decode(pictures.decode, data, _PREVIEW_SIDE)
        if not image.isNull():
            self._report(preview=image)


def keep(
    result: LocalResult, facts: Mapping[str, Any], places: Places, seconds: float
) -> tuple[list[ImageRecord], list[str]]:
    """Write a run's files, and a row for each picture, with the record of the run where a receipt would be. Blocks."""
    record = result.record
    made: list[ImageRecord] = []
    texts: list[str] = []
    now = time.time()
    for position, delivered in enumerate(result.outputs):
        kind = delivered.output.media_type
        path = places.pictures / pictures.file_name(record.listing, record.run, position, kind, record.started_at)
        if not kind.startswith("image/"):
            save(Path(path), delivered.data)
            if kind.startswith("text/"):
                texts.append(delivered.data.decode("utf-8", "replace"))
            continue
        row = ImageRecord(
            id=0,
            order_id=record.run,
            position=position,
            outputs=len(result.outputs),
            listing=record.listing,
            version=str(facts.get("version") or ""),
            title=str(facts.get("title") or record.model),
            task=str(facts.get("task") or ""),
            package=record.package,
            prompt=_prompt(record.inputs),
            inputs=json.loads(json.dumps(dict(record.inputs))),
            source=str(facts.get("source") or ""),
            node="",
            node_name="",
            descriptor={},
            receipt=json.loads(json.dumps(record.to_json())),
            acknowledgement={},
            cost=0,
            seconds=seconds,
            favourite=False,
            sha256=record.outputs[position],
            size=len(delivered.data),
            width=delivered.output.width or 0,
            height=delivered.output.height or 0,
            path=str(path),
            created_at=now,
        )
        made.append(keep_picture(row, delivered.data, places))
    return made, texts


def _prompt(inputs: Mapping[str, Any]) -> str:
    """The words of a run: the input called prompt, else the first text."""
    if isinstance(inputs.get("prompt"), str):
        return str(inputs["prompt"])
    return next((value for value in inputs.values() if isinstance(value, str) and " " in value), "")
