"""What the backend of a package thinks of it before anybody can buy it, as a node would be told when it loads it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator.package.problems import MANIFEST_NAME, Problem
from artrator.package.report import Report
from artrator.package.tree import hash_file
from artrator.plugins import find_backend
from artrator.worker.check import inspect_package
from artrator.worker.claims import SignedContent
from artrator.worker.host import Worker
from artrator.worker.limits import WorkerInfo

#: How a backend says which line of the manifest is wrong: as ``Settings.error`` writes it.
_AT_LINE: Final = re.compile(rf"{re.escape(MANIFEST_NAME)}(?::(\d{{1,9}}))?: (.*)")
#: This machine's troubles, which say nothing of the package.
_NOT_ASKED: Final = frozenset({Code.BACKEND_MISSING, Code.BACKEND_RUNTIME_BROKEN, Code.PLUGIN_BROKEN})


async def ask_backend(folder: Path, report: Report) -> Report:
    """The report, with what the package's backend says of its ``[settings]`` and files without loading it.

    Where nothing here can say it, a warning tells that nobody has looked.

    Args:
        folder: The package.
        report: Of the same folder. One with problems is answered as it is: a backend is asked of sound packages.
    """
    if not report.ok:
        return report
    try:
        warnings = await backend_warnings(_content(folder, report))
    except ArtratorError as error:
        return replace(report, problems=[_problem(error)])
    return replace(report, warnings=[*report.warnings, *warnings])


async def backend_warnings(content: SignedContent) -> Sequence[Problem]:
    """What the backend of a package says of its ``[settings]`` and files, in a worker of its own, without loading it.

    Where nothing here can say it, one warning that nobody has looked.

    Raises:
        ArtratorError: The backend refuses the package, or did not bear it: ``package_invalid``, ``worker_died`` and the
            like.
    """
    try:
        inspection = await inspect_package(find_backend(content.manifest.backend), content)
    except ArtratorError as error:
        if error.code not in _NOT_ASKED:
            raise
        message = f"[settings] were not checked: {error.message}"
        return [Problem(MANIFEST_NAME, None, message, error.cure)]
    return [Problem(MANIFEST_NAME, None, warning, "") for warning in inspection.warnings]


async def try_loading(folder: Path, report: Report) -> WorkerInfo:
    """Load the package in ``folder`` once, confined as on a node, and let it go.

    Args:
        folder: The package.
        report: Of the same folder, without problems.

    Raises:
        ArtratorError: ``backend_missing`` and ``plugin_broken`` if nothing here can load it; ``package_invalid`` and
            the like with what the backend says of its settings and files.
    """
    content = _content(folder, report)
    worker = await Worker.start_verified(find_backend(content.manifest.backend), content)
    try:
        return worker.info
    finally:
        await worker.close()


def _content(folder: Path, report: Report) -> SignedContent:
    """The package as if it were signed as it is now."""
    hashes = {name: hash_file(folder / name, name)[0] for name in report.files}
    return SignedContent(folder.resolve(), report.accepted(), "sha256:" + "0" * 64, hashes)


def _problem(error: ArtratorError) -> Problem:
    told = _AT_LINE.fullmatch(error.message)
    if told is None:
        return Problem(MANIFEST_NAME, None, error.message, error.cure)
    return Problem(MANIFEST_NAME, int(told[1]) if told[1] else None, told[2], error.cure)
