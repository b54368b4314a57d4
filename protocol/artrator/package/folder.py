"""A package on disk: signed, and verified file by file under suspicion."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from artrator.errors import ArtratorError, Code
from artrator.manifest import Manifest
from artrator.package.manifest_file import decode_manifest, read_manifest
from artrator.package.problems import MANIFEST_NAME, Problem, refuse
from artrator.package.tree import SIGNATURE_NAME, hash_file, open_plain, read_errors, scan

if TYPE_CHECKING:  # a worker reads packages without the libraries that signing takes
    from artrator.keys import PrivateKey, PublicKey
    from artrator.package.signature import SignedFiles


@dataclass(frozen=True)
class SignedFile:
    """One file as it was verified: hex SHA-256 and size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class VerifiedPackage:
    """A folder that held exactly what its creator signed, at the moment it was verified.

    Attributes:
        digest: ``sha256:<hex>``, the package's digest.
        signer: The id of the key that signed it.
        files: Every file by name.
    """

    manifest: Manifest
    digest: str
    signer: str
    files: Mapping[str, SignedFile]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files.values())


def sign(folder: Path, key: PrivateKey) -> str:
    """Sign the folder: writes ``model.sig`` and returns the package's digest.

    Raises:
        ArtratorError: ``manifest_invalid`` or ``package_invalid`` if the folder does not pass ``check``;
            ``package_changed`` if it changes meanwhile; ``disk_full``.
    """
    from artrator.package.report import check
    from artrator.package.signature import make_signature, package_digest
    from artrator.profile import write_atomically

    manifest = check(folder).accepted()
    hashed = {file.name: hash_file(folder / file.name, file.name)[0] for file in scan(folder)[0]}
    if hashed.get(MANIFEST_NAME) != hashlib.sha256(manifest.text.encode()).hexdigest():
        raise ArtratorError(
            Code.PACKAGE_CHANGED, "The folder changed while it was signed.", cure="Sign it again when it is at rest."
        )
    bundle = make_signature(hashed, key, subject=manifest.name)
    target = folder / SIGNATURE_NAME
    write_atomically(target, json.dumps(bundle, indent=1).encode() + b"\n")
    target.chmod(0o644)  # it is no secret, and a node may run as another user
    return package_digest(hashed)


def verify(folder: Path, key: PublicKey) -> VerifiedPackage:
    """Hash every file and compare with what ``key`` signed.

    Raises:
        ArtratorError: ``package_unsigned``; ``package_invalid`` if the signature is malformed; ``package_changed``
            if a file was added, is missing, was changed or is a link (each named; ``details["problems"]``), or if
            another key signed it; ``manifest_invalid``.
    """
    signed = signed_files(folder, key)
    files, problems = _compare(folder, signed)
    if problems:
        raise refuse(Code.PACKAGE_CHANGED, problems)
    if MANIFEST_NAME not in files:
        raise ArtratorError(Code.PACKAGE_INVALID, f"The package has no {MANIFEST_NAME}.", file=MANIFEST_NAME)
    manifest = read_manifest(decode_manifest(_read(folder, MANIFEST_NAME, files[MANIFEST_NAME])))
    return VerifiedPackage(manifest, signed.digest, key.id, files)


def signed_files(folder: Path, key: PublicKey) -> SignedFiles:
    """What ``model.sig`` says, verified; no other file is read.

    Raises:
        ArtratorError: ``package_unsigned``, ``package_invalid``, ``package_changed``.
    """
    from artrator.package.signature import MAX_BYTES, read_signature, verify_signature

    if not (folder / SIGNATURE_NAME).is_symlink() and not (folder / SIGNATURE_NAME).exists():
        raise ArtratorError(Code.PACKAGE_UNSIGNED, f"The package in {folder} has no {SIGNATURE_NAME}.")
    with open_plain(folder / SIGNATURE_NAME, SIGNATURE_NAME) as file:
        return verify_signature(read_signature(file.read(MAX_BYTES + 1)), key)


def _compare(folder: Path, signed: SignedFiles) -> tuple[dict[str, SignedFile], Sequence[Problem]]:
    there, odd = scan(folder)
    problems = list(odd)
    files: dict[str, SignedFile] = {}
    for file in there:
        wanted = signed.files.get(file.name)
        if wanted is None:
            problems.append(Problem(file.name, None, "It was added after signing.", "Take it out, or sign anew."))
            continue
        digest, size = hash_file(folder / file.name, file.name)
        files[file.name] = SignedFile(digest, size)
        if digest != wanted:
            problems.append(Problem(file.name, None, "It was changed after signing.", "Restore it, or sign anew."))
    told = {problem.file for problem in odd}
    problems += [
        Problem(name, None, "It is signed but missing.", "Restore it, or sign anew.")
        for name in signed.files
        if name not in files and name not in told
    ]
    return files, problems


def _read(folder: Path, name: str, signed: SignedFile) -> bytes:
    with open_plain(folder / name, name) as file, read_errors(name):
        data = file.read(signed.size + 1)  # a file that has grown is not read to its end
    if len(data) != signed.size or hashlib.sha256(data).hexdigest() != signed.sha256:
        raise ArtratorError(Code.PACKAGE_CHANGED, f"{name} is not the file that was signed.", file=name)
    return data
