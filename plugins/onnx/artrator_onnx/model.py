"""A loaded package: turns inputs into rows, runs them through the graph, and rows into outputs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

import numpy as np

from artrator.backend import Array, Batch, Context, Image, Value
from artrator.errors import ModelError
from artrator.onnx_runtime import Session, TokenReader
from artrator_onnx.feeds import RowMaker
from artrator_onnx.fitting import cut, fit, restore
from artrator_onnx.kernel import GraphKernel
from artrator_onnx.pixels import Floats, pad_to, resize, to_picture
from artrator_onnx.spec import LabelResult, NumberResult, PictureFeed, PictureResult, Spec
from artrator_onnx.tiles import Canvas, Grid

#: The longer side of what is shown while tiles are made.
_PREVIEW_SIDE: Final = 320
#: Pictures that go in together, by tensor.
Pictures = Mapping[str, Image]


class ONNXModel:
    """One graph on one device.

    Whatever touches every pixel runs in a thread, so that other jobs, progress and cancelling do not wait for it.
    """

    def __init__(self, spec: Spec, session: Session, readers: Mapping[str, TokenReader]) -> None:
        self._spec: Final = spec
        self._session: Final = session
        self._rows: Final = RowMaker(spec.feeds, session.inputs, readers)
        self._kernel: Final = GraphKernel(spec, session, self._rows).kernel
        self._at_once: Final = min(self._kernel.max_batch, spec.batch)
        self._pictures: Final = {name: feed for name, feed in spec.feeds.items() if isinstance(feed, PictureFeed)}
        #: The picture tensors that share the first picture's size.
        self._following: Final = [name for name, feed in self._pictures.items() if feed.size is None]

    @property
    def memory_bytes(self) -> int:
        """What the weights take."""
        return self._session.weight_bytes

    def close(self) -> None:
        """Give the memory back."""
        self._session.close()

    async def run(self, inputs: Mapping[str, Value], context: Context) -> Mapping[str, Value]:
        """Make the outputs of one job."""
        spec = self._spec
        if self._pictures:
            moments = await asyncio.to_thread(self._moments, inputs)
            rows = self._rows.make(inputs, 1, context)
            found = [outputs async for outputs in self._run_moments(moments, rows, context)]
            await asyncio.to_thread(self._mix, found, moments, inputs)
        else:
            count = _count(inputs[spec.rows]) if spec.rows else 1
            found = await self._run_rows(self._rows.make(inputs, count, context), count, context)
        return {name: self._joined(name, found) for name in spec.results}

    async def _run_rows(self, rows: Mapping[str, Array], count: int, context: Context) -> list[dict[str, Value]]:
        """As many pictures at a time as the graph takes; each leaves when it is made. Answers with all else."""
        found: list[dict[str, Value]] = []
        for begin in range(0, count, self._at_once):
            size = min(self._at_once, count - begin)
            made = await self._run({name: array[begin : begin + size] for name, array in rows.items()}, context)
            for place in range(size):
                outputs = self._outputs({name: tensor[place] for name, tensor in made.items()})
                found.append({name: value for name, value in outputs.items() if not self._hand(name, value, context)})
            context.progress(begin + size, count)
        return found

    def _hand(self, name: str, value: Value, context: Context) -> bool:
        """Hand a picture of a list over; answers whether this is one."""
        result = self._spec.results[name]
        if not (isinstance(result, PictureResult) and result.many and isinstance(value, np.ndarray)):
            return False
        context.output(name, value)
        return True

    def _moments(self, inputs: Mapping[str, Value]) -> list[Pictures]:
        """The pictures that go in together: one entry, or one for each frame of an ``images`` input."""
        lists = {name: _pictures(inputs[feed.input]) for name, feed in self._pictures.items()}
        count = max(len(pictures) for pictures in lists.values())
        if any(len(pictures) not in {1, count} for pictures in lists.values()):
            raise ModelError("The inputs hold different numbers of pictures.")
        moments: list[Pictures] = []
        for place in range(count):
            moment = {name: pictures[place % len(pictures)] for name, pictures in lists.items()}
            for name, feed in self._pictures.items():
                height, width = feed.size or moment[self._spec.first or name].shape[:2]
                if moment[name].shape[:2] != (height, width):
                    moment[name] = np.rint(resize(moment[name], height, width)).astype(np.uint8)
            moments.append(moment)
        return moments

    async def _run_moments(
        self, moments: Sequence[Pictures], rows: Mapping[str, Array], context: Context
    ) -> AsyncIterator[dict[str, Value]]:
        grids = [self._grid(moment) for moment in moments]
        progress = _Progress(context, sum(1 if grid is None else grid.count for grid in grids))
        for moment, grid in zip(moments, grids, strict=True):
            if grid is not None:
                yield await self._run_tiles(moment, grid, rows, progress)
            else:
                yield await self._run_whole(moment, rows, context)
                progress.add(1)

    def _grid(self, moment: Pictures) -> Grid | None:
        first = self._spec.first
        return None if first is None else cut(self._spec.size, *moment[first].shape[:2])

    async def _run_whole(self, moment: Pictures, rows: Mapping[str, Array], context: Context) -> dict[str, Value]:
        fitted, pictures = await asyncio.to_thread(self._fitted, moment)
        made = await self._run({**rows, **pictures}, context)
        return await asyncio.to_thread(self._finished, made, fitted, moment)

    def _fitted(self, moment: Pictures) -> tuple[Pictures, dict[str, Array]]:
        """The pictures of one moment as the graph wants them, as pictures and as rows."""
        fitted = {**moment, **{name: fit(moment[name], self._spec.size) for name in self._following}}
        return fitted, self._picture_rows([fitted])

    def _finished(self, made: Batch, fitted: Pictures, moment: Pictures) -> dict[str, Value]:
        """What came out of the one row of a moment, at the buyer's size."""
        first, size = self._spec.first, self._spec.size
        outputs = self._outputs({name: tensor[0] for name, tensor in made.items()})
        if first is None:
            return outputs
        given, original = _size(fitted[first]), _size(moment[first])
        return {
            name: restore(value, given, original, size) if isinstance(value, np.ndarray) else value
            for name, value in outputs.items()
        }

    async def _run_tiles(
        self, moment: Pictures, grid: Grid, rows: Mapping[str, Array], progress: _Progress
    ) -> dict[str, Value]:
        results = {n: r for n, r in self._spec.results.items() if isinstance(r, PictureResult)}
        canvases = {name: Canvas(grid) for name in results}
        grown = {name: pad_to(moment[name], grid.rows.length, grid.columns.length) for name in self._following}
        original = _size(moment[self._following[0]])
        for row, top in enumerate(grid.rows.starts):
            made: dict[str, list[Floats]] = {name: [] for name in results}
            # A few tiles at a time: memory stays the same however large the picture is.
            for begin in range(0, len(grid.columns.starts), self._at_once):
                lefts = grid.columns.starts[begin : begin + self._at_once]
                pieces = [{**moment, **{n: grid.tile(p, top, left) for n, p in grown.items()}} for left in lefts]
                repeated = {name: np.repeat(array, len(lefts), axis=0) for name, array in rows.items()}
                pictures = await asyncio.to_thread(self._picture_rows, pieces)
                tensors = await self._run({**repeated, **pictures}, progress.context)
                for name, result in results.items():
                    made[name].extend(result.pixels.to_pixels(tile) for tile in tensors[result.tensor])
                progress.add(len(lefts))
            for name, canvas in canvases.items():
                await asyncio.to_thread(canvas.add, row, made[name])
            progress.show(next(iter(canvases.values())).preview(_PREVIEW_SIDE))
        return {name: canvas.picture(*original) for name, canvas in canvases.items()}

    def _picture_rows(self, pieces: Sequence[Pictures]) -> dict[str, Array]:
        return {
            name: np.stack([feed.pixels.to_row(piece[name], self._session.inputs[name].dtype) for piece in pieces])
            for name, feed in self._pictures.items()
        }

    async def _run(self, rows: Batch, context: Context) -> Batch:
        context.raise_if_cancelled()
        return await context.batch(self._kernel, rows)

    def _outputs(self, tensors: Mapping[str, Array]) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for name, result in self._spec.results.items():
            row = tensors[result.tensor]
            if isinstance(result, PictureResult):
                found[name] = to_picture(result.pixels.to_pixels(row))
            elif isinstance(result, NumberResult):
                found[name] = float(row.reshape(-1)[0])
            else:
                found[name] = _best(result, row)
        return found

    def _mix(self, found: Sequence[dict[str, Value]], moments: Sequence[Pictures], inputs: Mapping[str, Value]) -> None:
        """Mix each picture with the one it was made from, as the result's strength says."""
        first = self._spec.first
        for name, result in self._spec.results.items():
            if not isinstance(result, PictureResult) or result.strength is None or first is None:
                continue
            strength = _number(inputs[result.strength])
            for outputs, moment in zip(found, moments, strict=True):
                made = outputs[name]
                if strength < 1 and isinstance(made, np.ndarray):
                    before = resize(moment[first][:, :, :3], *_size(made))
                    mixed = before + (made[:, :, :3] - before) * strength
                    outputs[name] = np.rint(np.clip(mixed, 0, 255)).astype(np.uint8)

    def _joined(self, name: str, found: Sequence[Mapping[str, Value]]) -> Value:
        """One output of the job from those of its pictures."""
        result = self._spec.results[name]
        if isinstance(result, PictureResult) and result.many:
            return [image for outputs in found if isinstance(image := outputs.get(name), np.ndarray)]
        return found[0][name]


class _Progress:
    """Counts runs of the graph."""

    def __init__(self, context: Context, total: int) -> None:
        self.context: Final = context
        self._total = total
        self._done = 0

    def add(self, count: int) -> None:
        """So many more are done."""
        self._done += count
        self.context.progress(self._done, self._total)

    def show(self, preview: Image) -> None:
        """Show what there is so far, unless that is all."""
        if self._done < self._total:
            self.context.progress(self._done, self._total, preview)


def _best(result: LabelResult, scores: Array) -> str:
    if not np.isfinite(scores).all():
        raise ModelError("The model made values that are not numbers; try other settings.")
    place = int(np.argmax(scores))
    if place >= len(result.labels):
        raise ModelError("The model chose a label that the package does not name.")
    return result.labels[place]


def _pictures(value: Value) -> list[Image]:
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, str | int | float) or not value:
        raise ModelError("An input that must hold pictures holds none.")
    return list(value)


def _size(picture: Image) -> tuple[int, int]:
    return picture.shape[0], picture.shape[1]


def _number(value: Value) -> float:
    if isinstance(value, int | float):
        return float(value)
    raise ModelError("The strength must be a number.")


def _count(value: Value) -> int:
    if isinstance(value, int) and value > 0:
        return value
    raise ModelError("The number of pictures must be a whole number above 0.")
