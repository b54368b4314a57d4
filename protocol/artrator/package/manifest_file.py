"""Reads and validates ``artrator.toml``; every problem is told at once, each with its line and its cure.

1. ``tomllib`` reads the text; ``toml_lines`` finds the line of each key.
2. ``tables`` checks the type of each field and refuses what is not known.
3. ``manifest_inputs`` and ``manifest_parts`` build the frozen values of ``artrator.manifest``.
4. ``licences`` and the version check use libraries, so a worker leaves them out: ``from_validated``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from artrator.errors import ArtratorError, Code
from artrator.manifest import Manifest
from artrator.package.manifest_inputs import NAME, NAME_FORM, read_input
from artrator.package.manifest_parts import read_cost, read_output, read_rights, read_samples
from artrator.package.names import name_fault
from artrator.package.problems import MANIFEST_NAME, Problem, Problems, refuse
from artrator.package.tables import Table
from artrator.package.toml_lines import KeyPath, locate
from artrator.toml_keys import MAX_PARTS, has_long_key

#: A registry takes no longer one.
MAX_BYTES: Final = 262_144

_DASHED: Final = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_DASHED_FORM: Final = "small letters and digits with single dashes between them"
_AT: Final = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)")


def decode_manifest(data: bytes) -> str:
    """The text of ``artrator.toml``; raises ``manifest_invalid`` unless it is UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ArtratorError(
            Code.MANIFEST_INVALID, f"{MANIFEST_NAME} is not UTF-8 text.", cure="Save it as UTF-8."
        ) from error


def read_manifest(text: str) -> Manifest:
    """Read ``artrator.toml``.

    Raises:
        ArtratorError: ``manifest_invalid``. The message has a line for each problem, such as ``artrator.toml:12:
            inputs.steps.default 99 is above maximum 50. Lower the default or raise maximum.``;
            ``details["problems"]`` has them as ``{file, line, message, cure}``.
    """
    manifest, problems = examine(text)
    if manifest is None:
        raise refuse(Code.MANIFEST_INVALID, problems)
    return manifest


def from_validated(text: str) -> Manifest:
    """Read an ``artrator.toml`` that ``read_manifest`` accepted before, with the standard library alone.

    Raises:
        ArtratorError: ``manifest_invalid``, if it was not accepted after all.
    """
    manifest, problems = examine(text, libraries=False)
    if manifest is None:
        raise refuse(Code.MANIFEST_INVALID, problems)
    return manifest


def examine(text: str, *, libraries: bool = True) -> tuple[Manifest | None, Sequence[Problem]]:
    """The manifest, or None and everything that is wrong with it."""
    values, lines, broken = _parse(text)
    if broken is not None:
        return None, [broken]
    problems = Problems(lines)
    manifest = _read(Table(values, (), problems), text, libraries=libraries)
    found = problems.found()
    return (None, found) if found else (manifest, ())


def _parse(text: str) -> tuple[Mapping[str, Any], Mapping[KeyPath, int], Problem | None]:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return {}, {}, Problem(MANIFEST_NAME, None, f"It has more than {MAX_BYTES} bytes.", "Shorten it.")
    if has_long_key(text):
        return {}, {}, Problem(MANIFEST_NAME, None, f"A key has more than {MAX_PARTS} parts.", "Use plain keys.")
    try:
        values = tomllib.loads(text)
        return values, locate(text), None
    except tomllib.TOMLDecodeError as error:
        place = _AT.search(str(error))
        line = int(place["line"]) if place and place["line"] else text.count("\n") + 1
        what = _AT.sub("", str(error)).split("\n")[0]
        return {}, {}, Problem(MANIFEST_NAME, line, f"This is not TOML: {what}.", "See toml.io for the form.")
    except (RecursionError, ValueError):  # nested hundreds deep, or a number of thousands of digits
        return {}, {}, Problem(MANIFEST_NAME, None, "Its values are nested too deep or too long.", "Simplify it.")


def _read(top: Table, text: str, *, libraries: bool) -> Manifest:
    name = top.text("name", longest=64, pattern=_DASHED, form=_DASHED_FORM)
    version = top.text("version", longest=40)
    license_ = top.text("license", longest=400)
    license_file = top.text("license_file", longest=200, required=False) or None
    if license_file is not None and (why := name_fault(license_file)):
        top.problem("license_file", f"{license_file!r} {why}.", "Name a file of the package.")
    inputs = {
        key: spec
        for key, table in top.named("inputs", most=64, pattern=NAME, form=NAME_FORM)
        if (spec := read_input(key, table)) is not None
    }
    outputs = {
        key: output
        for key, table in top.named("outputs", most=16, pattern=NAME, form=NAME_FORM)
        if (output := read_output(key, table, inputs)) is not None
    }
    if not outputs and not top.raw("outputs"):
        top.problems.add(("outputs",), "outputs is missing.", 'Add [outputs.image] with type = "image".')
    manifest = Manifest(
        name=name,
        version=version,
        title=top.texts("title", longest=80),
        summary=top.texts("summary", longest=240),
        description=top.texts("description", longest=20_000, required=False, lines=True),
        task=top.text("task", longest=40, pattern=_DASHED, form=_DASHED_FORM),
        backend=top.text("backend", longest=64, pattern=r"[a-z0-9][a-z0-9_-]*", form="a backend's name"),
        license=license_,
        license_file=license_file,
        rights=read_rights(top.table("rights")),
        tags=top.strings("tags", most=12, pattern=r"[a-z0-9][a-z0-9-]{0,31}", form="small letters, digits and dashes"),
        base_models=top.strings("base_models", most=20, pattern=r"[^\x00-\x1f\x7f]{1,200}", form="a name on one line"),
        inputs=inputs,
        outputs=outputs,
        cost=read_cost(top, inputs),
        samples=read_samples(top, inputs),
        settings=dict(top.table("settings").everything()),
        text=text,
    )
    top.finish()
    if libraries:
        _check_version(top, version)
        if license_:
            from artrator.package.licences import check_licence

            check_licence(top, license_, license_file)
    return manifest


def _check_version(top: Table, version: str) -> None:
    from packaging.version import InvalidVersion, Version

    if not version:
        return
    try:
        parsed = Version(version)
    except InvalidVersion:
        top.problem("version", f"{version!r} is not a version.", "Write one such as 1.0.0 or 2.1rc1 (PEP 440).")
        return
    if parsed.local is not None or parsed.epoch:
        top.problem("version", f"{version!r} has a local part or an epoch.", f'Write "{parsed.base_version}".')
    elif str(parsed) != version:  # one spelling only, or two versions could be one
        top.problem("version", f"{version!r} is not in its normal form.", f'Write "{parsed}".')
