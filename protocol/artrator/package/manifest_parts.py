"""The other tables of a manifest: outputs, rights, cost and samples."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from artrator.manifest import Cost, CostUnit, InputSpec, InputType, OutputSpec, OutputType, Rights, Sample
from artrator.package.manifest_inputs import NAME, NAME_FORM
from artrator.package.names import name_fault
from artrator.package.problems import did_you_mean, dotted
from artrator.package.tables import Table
from artrator.values import FILE_TYPES, fault, normal

#: The one unit of a package that says nothing of cost.
RUN: Final = CostUnit("run", {"en": "Run", "ko": "실행"})
_SAMPLE_TYPES: Final = (".png", ".jpg", ".jpeg", ".webp")


def read_output(name: str, table: Table, inputs: Mapping[str, InputSpec]) -> OutputSpec | None:
    """One ``[outputs.NAME]``."""
    given = table.raw("type")
    label = table.texts("label", longest=60)
    count = table.raw("count")
    table.finish()
    kinds = [kind.value for kind in OutputType]
    if given is None:
        table.problem(None, "lacks type.", f"Add type = one of {', '.join(kinds)}.")
        return None
    if given not in kinds:
        table.problem("type", f"{given!r} is not a type.", did_you_mean(str(given), kinds))
        return None
    if count is not None:
        counter = inputs.get(count) if isinstance(count, str) else None
        if given != OutputType.IMAGES:
            table.problem("count", f"belongs to outputs of type images, not {given}.", "Take it out.")
        elif counter is None or counter.type is not InputType.INTEGER:
            table.problem("count", f"{count!r} names no integer input.", "Name the input that says how many there are.")
    return OutputSpec(name, OutputType(given), label, count)


def read_rights(table: Table) -> Rights:
    """``[rights]``: what is not said is not allowed."""
    rights = Rights(
        commercial=table.boolean("commercial"),
        derivatives=table.boolean("derivatives"),
        outputs=table.texts("outputs", longest=500, required=False, lines=True),
    )
    table.finish()
    return rights


def read_cost(top: Table, inputs: Mapping[str, InputSpec]) -> Cost:
    """Every ``[cost.NAME]``."""
    units = []
    declared = _declared(top)
    for name, table in top.named("cost", most=16, pattern=NAME, form=NAME_FORM):
        if name == "base":
            table.problem(None, "is the name of the price of every run.", "Rename the unit.")
        label = table.texts("label", longest=60)
        factors = table.strings("factors", most=4, pattern=r"[^\s]{1,80}", form="INPUT, INPUT.pixels or INPUT.count")
        for i, factor in enumerate(factors):
            _check_factor(table, i, factor, inputs, declared)
        table.finish()
        units.append(CostUnit(name, label, factors))
    return Cost(tuple(units) or (RUN,))


def _declared(top: Table) -> Collection[str]:
    """The names of all inputs, also of those that were refused: they need not be told twice."""
    inputs = top.raw("inputs")
    return inputs if isinstance(inputs, dict) else ()


def _check_factor(
    table: Table, index: int, factor: str, inputs: Mapping[str, InputSpec], declared: Collection[str]
) -> None:
    name, dot, aspect = factor.partition(".")
    path = (*table.path, "factors", index)

    def problem(what: str, cure: str) -> None:
        table.problems.add(path, f"{dotted(path)} {factor!r} {what}", cure)

    spec = inputs.get(name)
    if spec is None:
        if name not in declared:
            problem("names no input.", did_you_mean(name, declared))
    elif spec.type in FILE_TYPES:
        if aspect not in ("pixels", "count"):
            problem("does not say what of the image counts.", f"Write {name}.pixels or {name}.count.")
    elif dot:
        problem("asks for pixels or a count of something that is no image.", f"Write {name}.")
    elif spec.type not in (InputType.INTEGER, InputType.BOOLEAN):
        problem(f"is of type {spec.type}, which cannot be counted.", "Use integer, boolean or image inputs.")
    elif spec.random:
        problem("is a random seed.", "Use an input that says how much is made.")
    elif spec.type is InputType.INTEGER and (spec.minimum is None or spec.minimum < 0 or spec.maximum is None):
        problem("is not bounded.", f"Give inputs.{name} a minimum of at least 0 and a maximum: they bound the price.")
    elif spec.default is None and not spec.required:
        problem("may be left out.", f"Give inputs.{name} a default, so that it always counts.")


def read_samples(top: Table, inputs: Mapping[str, InputSpec]) -> Sequence[Sample]:
    """Every ``[[samples]]``; that the pictures are there and decode is ``artrator.package.report``'s to check."""
    samples: list[Sample] = []
    declared = _declared(top)
    for table in top.tables("samples", most=12):
        file = table.text("file", longest=200)
        if file:
            _check_file(table, "file", file)
            if any(file == other.file for other in samples):
                table.problem("file", f"{file!r} is there twice.", "Take one out.")
        caption = table.texts("caption", longest=240, required=False)
        given = table.table("inputs")
        values = {name: _sample_value(given, name, inputs) for name in given.everything() if name in inputs}
        for name in declared:
            given.raw(name)
        given.finish()
        table.finish()
        samples.append(Sample(file, caption, values))
    return tuple(samples)


def _sample_value(table: Table, name: str, inputs: Mapping[str, InputSpec]) -> Any:
    spec, value = inputs[name], table.raw(name)
    if spec.type not in FILE_TYPES:
        value = normal(spec, value)
        found = fault(spec, value)
        if found is not None:
            table.problem(name, found.what, found.cure)
        return value
    files = value if spec.type is InputType.IMAGES and isinstance(value, list) else [value]
    for file in files:
        if isinstance(file, str):
            _check_file(table, name, file)
        else:
            table.problem(name, "is not the name of a picture.", "Name a file of the package.")
    return value


def _check_file(table: Table, key: str, file: str) -> None:
    why = name_fault(file)
    if why is not None:
        table.problem(key, f"{file!r} {why}.", "Name a file of the package.")
    elif not file.lower().endswith(_SAMPLE_TYPES):
        table.problem(key, f"{file!r} is no PNG, JPEG or WebP by its name.", f"End it in {', '.join(_SAMPLE_TYPES)}.")
