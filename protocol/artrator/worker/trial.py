"""Load a package that is not signed yet in a worker, to learn what its backend thinks of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from artrator.package.report import Report
from artrator.plugins import find_backend
from artrator.worker.claims import SignedContent
from artrator.worker.host import Worker
from artrator.worker.limits import WorkerInfo

_CHUNK = 1 << 20


async def try_loading(folder: Path, report: Report) -> WorkerInfo:
    """Load the package in ``folder`` once, confined as on a node, and let it go.

    Args:
        folder: The package.
        report: Of the same folder, without problems.

    Raises:
        ArtratorError: ``backend_missing`` and ``plugin_broken`` if nothing here can load it; ``package_invalid`` and
            the like with what the backend says of its settings and files.
    """
    hashes = {name: _sha256(folder / name) for name in report.files}
    content = SignedContent(folder.resolve(), report.accepted(), "sha256:" + "0" * 64, hashes)
    worker = await Worker.start_verified(find_backend(content.manifest.backend), content)
    try:
        return worker.info
    finally:
        await worker.close()


def _sha256(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()
