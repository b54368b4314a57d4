"""Pixel-space flow matching: a network that says in which direction each pixel goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from artrator.backend import Array, Context, Device, Image, Inspection, Model, PackageFiles, Value
from artrator.manifest import InputType, OutputType
from artrator.onnx_runtime import GraphFacts, read_graph_of
from artrator.settings import Settings
from artrator_diffusion.guidance import Condition, Denoiser, DenoiserTensors
from artrator_diffusion.packages import (
    memory_bound,
    package_file,
    read_tensor,
    refuse_unfed,
)
from artrator_diffusion.pictures import PictureFormat, read_format
from artrator_diffusion.sampling import Group, Noise, Sampling, read_output, read_sampling, sample, side_by_side
from artrator_diffusion.schedulers.flow import FlowScheduler
from artrator_diffusion.text.encoder import TextEncoder, TextSettings
from artrator_diffusion.text.reader import load_text, read_text
from artrator_diffusion.times import MOST_ROWS, LoadedDenoiser, load_denoiser

_SOLVERS: Final = ("euler", "heun")
_EMPTY: Final = ("zeros", "negative")


@dataclass(frozen=True)
class TextCondition:
    """The encoded prompt; without it, zeros or the encoded negative prompt."""

    zeros: bool


@dataclass(frozen=True)
class ChoiceCondition:
    """A choice as a row of zeros with a one in it; without it, zeros or the same."""

    input: str
    values: Sequence[str]
    zeros: bool


@dataclass(frozen=True)
class FlowSettings:
    """The settings of this family.

    Attributes:
        shape: Channels, height and width of a sample.
        batch: Rows that one job makes at once.
        most_rows: Rows per run at most, of all jobs together.
        noise_time, picture_time: What the network calls pure noise and a finished picture.
    """

    graph: str
    tensors: DenoiserTensors
    conditions: Mapping[str, TextCondition | ChoiceCondition]
    shape: tuple[int, ...]
    batch: int
    most_rows: int
    noise_time: float
    picture_time: float
    shift: float
    solver: str
    text: TextSettings
    sampling: Sampling
    picture: PictureFormat
    output: str


class FlowPipeline:
    """A package of this family."""

    def __init__(self, package: PackageFiles, settings: Settings) -> None:
        """Read and check the settings."""
        self._package: Final = package
        self._settings, self._facts = _read(package, settings)

    def inspect(self) -> Inspection:
        """Bounds of memory, and inputs that change nothing."""
        settings = self._settings
        _, height, width = settings.shape
        text = read_graph_of(self._package, settings.text.graph)
        bound = memory_bound([(self._facts, settings.batch * height * width), (text, settings.text.max_length)])
        dials = (settings.sampling.steps, settings.sampling.guidance, settings.sampling.images, settings.sampling.seed)
        used = {dial.source for dial in dials} | {settings.text.prompt, settings.text.negative}
        used |= {c.input for c in settings.conditions.values() if isinstance(c, ChoiceCondition)}
        unused = [name for name in self._package.manifest.inputs if name not in used]
        return Inspection(bound, [f"The input '{name}' changes nothing." for name in unused])

    def load(self, device: Device) -> Model:
        """Load text encoder and denoiser."""
        return FlowModel(
            self._settings,
            load_denoiser(
                self._package,
                self._settings.graph,
                device,
                sample=self._settings.tensors.sample,
                time=self._settings.tensors.time,
                side=self._settings.shape[1],
                times=self._two_times(),
            ),
            load_text(self._settings.text, self._package, device),
            many=self._package.manifest.outputs[self._settings.output].type is OutputType.IMAGES,
        )

    def _two_times(self) -> tuple[float, float]:
        begin, way = self._settings.noise_time, self._settings.picture_time - self._settings.noise_time
        return begin + 0.2 * way, begin + 0.8 * way


class FlowModel:
    """A loaded package of this family."""

    def __init__(self, settings: FlowSettings, loaded: LoadedDenoiser, text: TextEncoder, *, many: bool) -> None:
        self._settings: Final = settings
        self._session: Final = loaded.session
        self._text: Final = text
        self._denoiser: Final = Denoiser(settings.tensors, loaded, settings.most_rows)
        self._many: Final = many

    @property
    def memory_bytes(self) -> int:
        """What the weights take."""
        return self._session.weight_bytes + self._text.weight_bytes

    def close(self) -> None:
        """Give the memory back."""
        self._session.close()
        self._text.close()

    async def run(self, inputs: Mapping[str, Value], context: Context) -> Mapping[str, Value]:
        """Make the pictures of one job."""
        settings, sampling = self._settings, self._settings.sampling
        scheduler = FlowScheduler(
            sampling.steps.whole(inputs),
            noise_time=settings.noise_time,
            picture_time=settings.picture_time,
            shift=settings.shift,
            solver=settings.solver,
        )
        conditions = await self._conditions(inputs, context)
        guidance = sampling.guidance.value(inputs)
        predict = self._denoiser.guided(conditions, guidance, context)
        count = sampling.images.whole(inputs) if self._many else 1

        def preview(finished: Array) -> Image:
            return side_by_side(settings.picture.pictures(np.nan_to_num(finished)))

        for group in Group.split(count, settings.batch // (1 if guidance == 1.0 else 2)):
            noise = Noise(context, int(sampling.seed.value(inputs)) + group.first, group.size, settings.shape)
            made = await sample(
                scheduler,
                noise.draw(),
                predict,
                context,
                draw=noise.draw,
                preview=preview,
                preview_every=sampling.preview_every,
                group=group,
            )
            for picture in settings.picture.pictures(made):
                if not self._many:
                    return {settings.output: picture}
                context.output(settings.output, picture)
        return {}

    async def _conditions(self, inputs: Mapping[str, Value], context: Context) -> dict[str, Condition]:
        """What each tensor holds with the prompt and without."""
        found: dict[str, Condition] = {}
        for name, condition in self._settings.conditions.items():
            if isinstance(condition, TextCondition):
                given = await self._text.encode(inputs, context)
                empty = np.zeros_like(given) if condition.zeros else await self._text.encode_negative(inputs, context)
            else:
                given = np.array([value == inputs[condition.input] for value in condition.values], np.float32)
                empty = np.zeros_like(given) if condition.zeros else given
            found[name] = given, empty
        return found


def _read(package: PackageFiles, settings: Settings) -> tuple[FlowSettings, GraphFacts]:
    table: Settings = settings.table("denoiser")
    graph = package_file(table, "graph", package)
    facts = read_graph_of(package, graph)
    tensors = DenoiserTensors(
        sample=read_tensor(table, "sample", "sample", facts.inputs),
        time=read_tensor(table, "time", "time", facts.inputs),
        output=read_tensor(table, "output", "velocity", facts.outputs),
    )
    text = read_text(settings, package)
    condition_tables: Settings = table.table("conditions")
    conditions = {
        read_tensor_name(condition_tables, name, facts): _condition(condition, package, text)
        for name, condition in condition_tables.tables().items()
    }
    refuse_unfed(table, graph, facts, [tensors.sample, tensors.time, *conditions])
    noise_time, picture_time = table.number("noise_time", 0.0), table.number("picture_time", 1.0)
    if noise_time == picture_time:
        raise table.error("picture_time", "is the time of noise as well.")
    shift = table.number("shift", 1.0)
    if shift <= 0:
        raise table.error("shift", f"is {shift}; it must be above 0.")
    found = FlowSettings(
        graph=graph,
        tensors=tensors,
        conditions=conditions,
        shape=_shape(table, tensors.sample, facts),
        batch=table.integer("batch", 16, minimum=1),
        most_rows=table.integer("batch", MOST_ROWS, minimum=1),
        noise_time=noise_time,
        picture_time=picture_time,
        shift=shift,
        solver=table.text("solver", "euler", choices=_SOLVERS),
        text=text,
        sampling=read_sampling(settings, package.manifest),
        picture=read_format(settings),
        output=read_output(settings, package.manifest),
    )
    return found, facts


def read_tensor_name(tables: Settings, name: str, facts: GraphFacts) -> str:
    """The name of a table, which must be that of an input tensor."""
    if name not in facts.inputs:
        raise tables.error(name, f"is no tensor; the graph has {', '.join(map(str, facts.inputs.values()))}.")
    return name


def _condition(table: Settings, package: PackageFiles, text: TextSettings) -> TextCondition | ChoiceCondition:
    name: str = table.text("input")
    if name == text.prompt:
        return TextCondition(table.text("unconditional", "zeros", choices=_EMPTY) == "zeros")
    spec = package.manifest.inputs.get(name)
    if spec is None or spec.type is not InputType.CHOICE:
        raise table.error("input", f"is '{name}'; it must be the prompt '{text.prompt}' or an input of type choice.")
    values: tuple[str, ...] = table.texts("one_hot")
    known = [choice.value for choice in spec.choices]
    if stray := [value for value in values if value not in known]:
        raise table.error("one_hot", f"names '{stray[0]}', which is no choice of '{name}'.")
    return ChoiceCondition(name, values, table.text("unconditional", "zeros", choices=("zeros", "same")) == "zeros")


def _shape(table: Settings, tensor: str, facts: GraphFacts) -> tuple[int, ...]:
    """Channels, height and width: from the graph, or from ``size`` where the graph leaves them open."""
    shape = facts.inputs[tensor].shape or ()
    if len(shape) != 4:
        raise table.error("sample", f"must have four axes (batch, channels, height, width): {facts.inputs[tensor]}.")
    given: tuple[int, ...] | None = table.integers("size", None, length=2)
    wanted = (shape[1], *(given or shape[2:]))
    for here, there in zip(shape[1:], wanted, strict=True):
        if isinstance(here, int) and here != there:
            raise table.error("size", f"is {list(given or ())}, but the graph takes {facts.inputs[tensor]}.")
    if not all(isinstance(side, int) for side in wanted):
        raise table.error("size", f"is missing: the graph leaves it open: {facts.inputs[tensor]}.")
    return tuple(side for side in wanted if isinstance(side, int))
