"""The tables ``[inputs.NAME]``: what a buyer is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from artrator.manifest import Choice, InputSpec, InputType
from artrator.package.problems import did_you_mean
from artrator.package.tables import Table
from artrator.values import FILE_TYPES, MAX_SEED, MAX_TEXT, fault, normal, number_text

#: Names of inputs, outputs and cost units: they become JSON keys, form fields and command-line words.
NAME: Final = r"[a-z][a-z0-9_]{0,39}"
NAME_FORM: Final = "1 to 40 small letters, digits and _, beginning with a letter"

_SIDES: Final = ("min_side", "max_side", "max_pixels")
#: Which fields each type has besides those that every type has.
FIELDS: Final[dict[InputType, tuple[str, ...]]] = {
    InputType.TEXT: ("default", "max_length", "multiline"),
    InputType.INTEGER: ("default", "minimum", "maximum", "step", "random"),
    InputType.NUMBER: ("default", "minimum", "maximum", "step"),
    InputType.BOOLEAN: ("default",),
    InputType.CHOICE: ("default", "choices"),
    InputType.IMAGE: (*_SIDES, "alpha"),
    InputType.MASK: _SIDES,
    InputType.IMAGES: (*_SIDES, "max_items", "max_total_pixels", "alpha"),
}
_EVERY: Final = frozenset(field for fields in FIELDS.values() for field in fields)


def read_input(name: str, table: Table) -> InputSpec | None:
    """One input; None (and a problem) where not even its type is clear."""
    kind = _kind(table)
    label = table.texts("label", longest=60)
    help_ = table.texts("help", longest=500, required=False, lines=True)
    advanced = table.boolean("advanced")
    must = table.raw("required")
    if kind is None:
        return None
    fields = FIELDS[kind]
    elsewhere = {
        field: f"Inputs of type {kind} have no {field}; they have {', '.join(fields) or 'none'}."
        for field in _EVERY - set(fields)
    }
    random = "random" in fields and table.boolean("random")
    minimum = table.number("minimum") if "minimum" in fields else None
    maximum = table.number("maximum") if "maximum" in fields else None
    if random:
        minimum, maximum = minimum or 0.0, float(MAX_SEED) if maximum is None else maximum
    default = table.raw("default") if "default" in fields else None
    spec = InputSpec(
        name=name,
        type=kind,
        label=label,
        help=help_,
        required=default is None and not random and must is not False,
        minimum=minimum,
        maximum=maximum,
        step=table.number("step") if "step" in fields else None,
        max_length=(table.integer("max_length", lowest=1, highest=100_000) or MAX_TEXT) if kind == "text" else None,
        choices=_choices(table) if kind is InputType.CHOICE else (),
        min_side=table.integer("min_side", lowest=1, highest=65_535) if kind in FILE_TYPES else None,
        max_side=table.integer("max_side", lowest=1, highest=65_535) if kind in FILE_TYPES else None,
        max_pixels=table.integer("max_pixels", lowest=1, highest=2**32) if kind in FILE_TYPES else None,
        max_items=(table.integer("max_items", lowest=1, highest=10_000) or 64) if kind is InputType.IMAGES else None,
        max_total_pixels=(
            table.integer("max_total_pixels", lowest=1, highest=10**12) if kind is InputType.IMAGES else None
        ),
        random=random,
        advanced=advanced,
        multiline="multiline" in fields and table.boolean("multiline"),
        alpha="alpha" in fields and table.boolean("alpha"),
    )
    table.finish(elsewhere=elsewhere)
    _check_bounds(table, spec)
    _check_required(table, must, default, random=random)
    return _with_default(table, spec, default)


def _kind(table: Table) -> InputType | None:
    given = table.raw("type")
    kinds = [kind.value for kind in InputType]
    if given is None:
        table.problem(None, "lacks type.", f"Add type = one of {', '.join(kinds)}.")
    elif given not in kinds:
        table.problem("type", f"{given!r} is not a type.", did_you_mean(str(given), kinds))
    else:
        return InputType(given)
    return None


def _choices(table: Table) -> tuple[Choice, ...]:
    found: list[Choice] = []
    given = table.raw("choices")
    if not isinstance(given, list) or not 1 <= len(given) <= 500:
        table.problem("choices", "is not a list of 1 to 500 choices.", 'Write choices = ["one", "two"].')
        return ()
    plain = Table({}, (*table.path, "choices"), table.problems)
    for i, item in enumerate(given):
        if isinstance(item, str):
            choice = Choice(item, {"en": item})
        elif isinstance(item, dict):
            row = Table(item, (*plain.path, i), table.problems)
            value = row.text("value", longest=100)
            choice = Choice(value, row.texts("label", longest=60, required=False) or {"en": value})
            row.finish()
        else:
            table.problem("choices", f"item {i + 1} is neither text nor a table.", 'Write "…" or { value = "…" }.')
            continue
        if not choice.value or len(choice.value) > 100:
            table.problem("choices", f"item {i + 1} is empty or too long.", "Write 1 to 100 characters.")
        if any(choice.value == other.value for other in found):
            table.problem("choices", f"{choice.value!r} is there twice.", "Take one out.")
        found.append(choice)
    return tuple(found)


def _check_bounds(table: Table, spec: InputSpec) -> None:
    for low, high in (("minimum", "maximum"), ("min_side", "max_side")):
        least, most = getattr(spec, low), getattr(spec, high)
        if least is not None and most is not None and least > most:
            table.problem(
                low, f"{number_text(least)} is above {high} {number_text(most)}.", f"Lower {low} or raise {high}."
            )
    if spec.step is not None and spec.step <= 0:
        table.problem("step", f"{number_text(spec.step)} is not above zero.", "Write a positive step, or none.")
    if spec.type is not InputType.INTEGER:
        return
    for field in ("minimum", "maximum", "step"):
        value = getattr(spec, field)
        if value is not None and not float(value).is_integer():
            table.problem(field, f"{value} is not a whole number.", 'Write a whole number, or type = "number".')


def _check_required(table: Table, must: object, default: object, *, random: bool) -> None:
    if must is None:
        return
    if not isinstance(must, bool):
        table.problem("required", "is not true or false.", "Write true or false.")
    elif must and (default is not None or random):
        table.problem("required", "is true although a value is made when none is given.", "Take required out.")
    elif not must and (default is not None or random):
        table.problem("required", "says nothing here: an input with a default never is.", "Take required out.")


def _with_default(table: Table, spec: InputSpec, default: object) -> InputSpec:
    if default is None:
        return spec
    if spec.random:
        table.problem("default", "is never used: a fresh value is drawn for every job.", "Take default or random out.")
        return spec
    value = normal(spec, default)
    step_is_bad = spec.step is not None and (spec.step <= 0 or not float(spec.step).is_integer())
    if not (spec.type is InputType.INTEGER and step_is_bad):
        found = fault(spec, value)
        if found is not None:
            table.problem("default", found.what, _default_cure(found.what, found.cure))
            return replace(spec, required=True)  # so that this one mistake is not told again elsewhere
    assert isinstance(value, str | int | float | bool)  # noqa: S101  # fault() refuses everything else
    return replace(spec, default=value)


def _default_cure(what: str, cure: str) -> str:
    if "above maximum" in what:
        return "Lower the default or raise maximum."
    if "below minimum" in what:
        return "Raise the default or lower minimum."
    return cure
