"""How a job is sampled: steps, guidance, seed and number of pictures, each an input or fixed by the package."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from artrator.backend import Context, Image, Value
from artrator.errors import ModelError
from artrator.manifest import InputType, Manifest, OutputType
from artrator.settings import Settings
from artrator_diffusion.schedulers import Array, Outlook, Prediction, Scheduler, State

_WHOLE = frozenset({InputType.INTEGER})
_ANY = frozenset({InputType.INTEGER, InputType.NUMBER})


@dataclass(frozen=True)
class Dial:
    """A number that the buyer sets (an input) or the package fixes (a number)."""

    source: str | float

    def value(self, inputs: Mapping[str, Value]) -> float:
        """The number for one job."""
        if not isinstance(self.source, str):
            return self.source
        given = inputs[self.source]
        if not isinstance(given, int | float):
            raise ModelError(f"The input '{self.source}' must be a number.")
        return float(given) if isinstance(given, float) else given

    def whole(self, inputs: Mapping[str, Value]) -> int:
        """The number for one job, as a whole one above 0."""
        value = int(self.value(inputs))
        if value < 1:
            raise ModelError(f"'{self.source}' must be at least 1.")
        return value


@dataclass(frozen=True)
class Sampling:
    """The table ``[settings.sampling]``.

    Attributes:
        preview_every: A preview after so many steps; 0 for none.
    """

    steps: Dial
    guidance: Dial
    images: Dial
    seed: Dial
    preview_every: int


def read_dial(table: Settings, manifest: Manifest, key: str, default: float, *, whole: bool) -> Dial:
    """A dial: the name of an input, or a number."""
    raw = table.raw(key, default)
    if not isinstance(raw, str):
        return Dial(table.integer(key, int(default), minimum=0) if whole else table.number(key, default))
    spec = manifest.inputs.get(raw)
    wanted = _WHOLE if whole else _ANY
    if spec is None or spec.type not in wanted:
        kind = "integer" if whole else "number or integer"
        raise table.error(key, f"is '{raw}'; it must be a number or the name of an input of type {kind}.")
    return Dial(raw)


def read_sampling(settings: Settings, manifest: Manifest) -> Sampling:
    """Read ``[settings.sampling]``."""
    table: Settings = settings.table("sampling")
    return Sampling(
        steps=read_dial(table, manifest, "steps", 25, whole=True),
        guidance=read_dial(table, manifest, "guidance", 1.0, whole=False),
        images=read_dial(table, manifest, "images", 1, whole=True),
        seed=read_dial(table, manifest, "seed", 0, whole=True),
        preview_every=table.integer("preview_every", 4, minimum=0),
    )


def read_output(settings: Settings, manifest: Manifest) -> str:
    """The one output, which must be a picture or pictures."""
    outputs = list(manifest.outputs.values())
    if len(outputs) != 1 or outputs[0].type not in {OutputType.IMAGE, OutputType.IMAGES}:
        raise settings.error(None, "belongs to a package whose only output must be of type image or images.")
    return outputs[0].name


@dataclass(frozen=True)
class Group:
    """Some of a job's pictures, which are sampled together: no more than one run of the network takes.

    More would wait for each other at every step and gain nothing; like this, the first ones leave early.

    Attributes:
        first: The place of the first of them among all the job's pictures.
        number: Which group it is, from 0.
        groups: How many there are.
    """

    first: int
    size: int
    number: int
    groups: int

    @classmethod
    def split(cls, total: int, largest: int) -> Iterator[Group]:
        """All pictures of a job in groups."""
        firsts = range(0, total, max(1, largest))
        for number, first in enumerate(firsts):
            yield cls(first, min(firsts.step, total - first), number, len(firsts))


class Noise:
    """The standard normal noise of a job's pictures; picture i has that of the seed ``seed + i``.

    So each picture of a set can be made again alone, and is the same whatever else runs.
    """

    def __init__(self, context: Context, seed: int, count: int, shape: tuple[int, ...]) -> None:
        """Begin at the seed.

        Args:
            context: The job's.
            seed: Of the first picture.
            count: How many pictures.
            shape: Of one picture's samples.
        """
        self._generators = [context.generator(seed + place) for place in range(count)]
        self._shape = shape

    def draw(self) -> Array:
        """The next noise of every picture, ``[count, *shape]``."""
        return np.stack([each.standard_normal(self._shape, dtype=np.float32) for each in self._generators])


async def sample(
    scheduler: Scheduler,
    start: Array,
    predict: Prediction,
    context: Context,
    *,
    draw: Callable[[], Array],
    preview: Callable[[Array], Image] | None,
    preview_every: int,
    begin: int = 0,
    mend: Callable[[int, Array], Array] | None = None,
    group: Group | None = None,
) -> Array:
    """Go all steps from ``start``; between steps, a cancelled job leaves.

    Args:
        scheduler: The way.
        start: Samples as they are before step ``begin``.
        predict: Asks the network.
        context: The job's.
        draw: Fresh noise for schedulers that add some on the way.
        preview: Shows what the finished samples would be; None for no previews.
        preview_every: A preview after so many steps; 0 for none.
        begin: The first step to take, where something of a picture is there already.
        mend: What becomes of samples after a step, given the index of the next step.
        group: Which of the job's pictures these are, for its progress; None for all.
    """
    state = State(draw)
    current, total = start, scheduler.steps - begin
    before, whole = (0, total) if group is None else (group.number * total, group.groups * total)
    for done in range(1, total + 1):
        index = begin + done - 1
        context.raise_if_cancelled()
        current, outlook = await scheduler.step(index, current, predict, state)
        if mend is not None:
            current = mend(index + 1, current)
        shown = preview is not None and preview_every and done % preview_every == 0 and done < total
        context.progress(before + done, whole, _look(preview, outlook) if preview is not None and shown else None)
    if not np.isfinite(current).all():
        raise ModelError("The model made values that are not numbers; try a lower guidance or other settings.")
    return current


def _look(preview: Callable[[Array], Image], outlook: Outlook) -> Callable[[], Image]:
    """What makes the preview of this very step."""
    return lambda: preview(outlook())


def side_by_side(pictures: list[Image]) -> Image:
    """One picture of several, for previews."""
    return pictures[0] if len(pictures) == 1 else np.concatenate(pictures, axis=1)
