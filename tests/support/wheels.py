"""Wheels written by hand, so that installing plugins in tests needs neither a build tool nor a network."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path


def write_wheel(
    folder: Path,
    name: str,
    files: Mapping[str, str | bytes],
    *,
    version: str = "1.0",
    requires: Sequence[str] = (),
    entry_points: Mapping[str, str] | None = None,
) -> Path:
    """A pure wheel of ``files``; ``entry_points`` are backends."""
    folder.mkdir(exist_ok=True)
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: A {name}."]
    metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
    everything: dict[str, str | bytes] = {
        **files,
        f"{info}/METADATA": "\n".join(metadata) + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if entry_points:
        lines = [f"{point} = {target}" for point, target in entry_points.items()]
        everything[f"{info}/entry_points.txt"] = "\n".join(["[artrator.backends]", *lines]) + "\n"
    return _write(folder / f"{module}-{version}-py3-none-any.whl", everything, info)


def pack_base_wheels(folder: Path) -> Path:
    """The host's numpy and pluggy packed as wheels again, without what nobody imports."""
    folder.mkdir(exist_ok=True)
    for name in ("numpy", "pluggy"):
        distribution = importlib.metadata.distribution(name)
        info = f"{name}-{distribution.version}.dist-info"
        files: dict[str, str | bytes] = {}
        for file in distribution.files or ():
            text = str(file)
            if any(f"/{part}/" in text for part in ("tests", "f2py", "testing")) or text.startswith(".."):
                continue
            if text.endswith(("RECORD", ".pyc", ".a")):
                continue
            if text.startswith(info) and not text.endswith(("METADATA", "WHEEL")):
                continue
            files[text] = Path(str(file.locate())).read_bytes()
        tags = re.findall(r"^Tag: (\S+)", distribution.read_text("WHEEL") or "", re.MULTILINE)
        _write(folder / f"{name}-{distribution.version}-{tags[0]}.whl", files, info)
    return folder


def _write(path: Path, files: Mapping[str, str | bytes], info: str) -> Path:
    """An archive with a true RECORD."""
    record = []
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            encoded = data.encode() if isinstance(data, str) else data
            archive.writestr(name, encoded)
            digest = base64.urlsafe_b64encode(hashlib.sha256(encoded).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(encoded)}")
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,"]) + "\n")
    return path
