"""``artrator package check``: everything that is wrong with a folder, and what could be better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from artrator.errors import ArtratorError, Code
from artrator.inputs import decode_image, image_size
from artrator.manifest import InputType, Manifest
from artrator.package.contents import HEAD_BYTES, content_problem, content_warnings
from artrator.package.manifest_file import MAX_BYTES, decode_manifest, examine
from artrator.package.problems import MANIFEST_NAME, Problem, refuse
from artrator.package.starter import SUMMARY
from artrator.package.toml_lines import KeyPath, locate
from artrator.package.tree import open_plain, scan

#: What a registry takes of each sample.
MAX_SAMPLE_BYTES: Final = 512 * 1024
MAX_SAMPLE_SIDE: Final = 2048


@dataclass(frozen=True)
class Report:
    """What was found.

    Attributes:
        manifest: The manifest, if it could be read.
        problems: What must be mended before the package can be signed.
        warnings: What should be looked at.
        files: Bytes by file name.
    """

    manifest: Manifest | None
    problems: Sequence[Problem]
    warnings: Sequence[Problem]
    files: Mapping[str, int]

    @property
    def ok(self) -> bool:
        """Whether the package can be signed."""
        return not self.problems

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(self.files.values())

    def accepted(self) -> Manifest:
        """The manifest of a package without problems.

        Raises:
            ArtratorError: ``manifest_invalid`` if every problem is of the manifest, else ``package_invalid``.
        """
        if self.manifest is not None and self.ok:
            return self.manifest
        of_manifest = all(problem.file == MANIFEST_NAME for problem in self.problems)
        raise refuse(Code.MANIFEST_INVALID if of_manifest else Code.PACKAGE_INVALID, self.problems)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "ok": self.ok,
            "name": self.manifest.name if self.manifest else None,
            "version": self.manifest.version if self.manifest else None,
            "size": self.size,
            "files": dict(self.files),
            "problems": [problem.to_json() for problem in self.problems],
            "warnings": [warning.to_json() for warning in self.warnings],
        }


def check(folder: Path) -> Report:
    """Look at everything in ``folder``: names, links, contents, manifest, licence text and samples.

    Raises:
        ArtratorError: ``package_invalid`` if there is no such folder, or more in it than a package may hold.
    """
    files, odd = scan(folder)
    problems = list(odd)
    sizes = {file.name: file.size for file in files}
    for name in sizes:
        try:
            with open_plain(folder / name, name) as opened:
                found = content_problem(name, opened.read(HEAD_BYTES))
        except ArtratorError as error:
            found = Problem(name, None, error.message, "Make it readable.")
        if found is not None:
            problems.append(found)
    manifest, of_manifest = _manifest(folder, sizes)
    if not any(problem.file == MANIFEST_NAME for problem in odd):  # or it is there and no file, as was said
        problems += of_manifest
    warnings = content_warnings(sizes.items())
    if manifest is not None:
        problems += _named_files(folder, manifest, sizes)
        warnings += _advice(manifest)
    return Report(manifest, tuple(problems), tuple(warnings), sizes)


def _manifest(folder: Path, sizes: Mapping[str, int]) -> tuple[Manifest | None, Sequence[Problem]]:
    if MANIFEST_NAME not in sizes:
        return None, [Problem(MANIFEST_NAME, None, "It is missing.", "Write one: artrator package new NAME shows how.")]
    try:
        with open_plain(folder / MANIFEST_NAME, MANIFEST_NAME) as file:
            return examine(decode_manifest(file.read(MAX_BYTES + 1)))
    except ArtratorError as error:
        return None, [Problem(MANIFEST_NAME, None, error.message, error.cure)]


def _named_files(folder: Path, manifest: Manifest, sizes: Mapping[str, int]) -> list[Problem]:
    """The files that the manifest's own fields name. Those of ``[settings]`` are the backend's to check."""
    lines = locate(manifest.text)
    problems = []

    def missing(path: KeyPath, name: str) -> bool:
        if name in sizes:
            return False
        near = [there for there in sizes if there.lower() == name.lower()]
        cure = f"Write {near[0]}, as the file is named." if near else "Add the file or take the line out."
        problems.append(Problem(MANIFEST_NAME, lines.get(path, 1), f"The package has no file {name}.", cure))
        return True

    text = manifest.license_file
    if text is not None and not missing(("license_file",), text) and not 20 <= sizes[text] <= 2**20:
        problems.append(Problem(text, None, "It is no licence text by its size.", "Put the whole text there."))
    for i, sample in enumerate(manifest.samples):
        if not missing(("samples", i, "file"), sample.file):
            problems += _sample(folder, sample.file, sizes[sample.file])
        for name, value in sample.inputs.items():
            if manifest.inputs[name].type in (InputType.IMAGE, InputType.MASK):
                missing(("samples", i, "inputs", name), value)
            elif manifest.inputs[name].type is InputType.IMAGES:
                for file in value if isinstance(value, list) else [value]:
                    missing(("samples", i, "inputs", name), file)
    return problems


def _sample(folder: Path, name: str, size: int) -> list[Problem]:
    if size > MAX_SAMPLE_BYTES:
        cure = f"Save it as WebP or smaller, at most {MAX_SAMPLE_BYTES // 1024} KiB."
        return [Problem(name, None, f"This sample has {size // 1024} KiB.", cure)]
    try:
        with open_plain(folder / name, name) as file:
            data = file.read(MAX_SAMPLE_BYTES + 1)
        width, height = image_size(data)
        if max(width, height) > MAX_SAMPLE_SIDE:
            cure = f"Make it at most {MAX_SAMPLE_SIDE} pixels wide and high."
            return [Problem(name, None, f"This sample is {width} x {height} pixels.", cure)]
        decode_image(data)
    except ArtratorError as error:
        return [Problem(name, None, error.message, error.cure)]
    return []


def _advice(manifest: Manifest) -> list[Problem]:
    found = []
    if SUMMARY in manifest.summary.values():
        found.append(Problem(MANIFEST_NAME, None, "Its summary is the starter's.", SUMMARY))
    if not manifest.samples:
        found.append(
            Problem(MANIFEST_NAME, None, "It has no samples.", "Add [[samples]]: buyers choose by what they see.")
        )
    if not manifest.description:
        found.append(Problem(MANIFEST_NAME, None, "It has no description.", "Say what the model is good and bad at."))
    return found
