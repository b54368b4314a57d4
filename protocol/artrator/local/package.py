"""What is run here: a package that was bought, or a folder that its creator wants to try."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from artrator.keys import PublicKey
from artrator.package.report import check
from artrator.package.signature import package_digest
from artrator.package.tree import hash_file
from artrator.worker.claims import SignedContent, verified_content


@dataclass(frozen=True)
class LocalPackage:
    """A package's folder.

    Attributes:
        folder: With its ``artrator.toml``.
        signer: The creator's key, which must have signed every file. None tries one's own folder as it is.
        listing: ``handle/name``, where it is from.
        digest: What it must be, if that is known.
    """

    folder: Path
    signer: PublicKey | None = None
    listing: str = ""
    digest: str | None = None

    def content(self) -> SignedContent:
        """Every file hashed, and compared with the signature. Takes as long as reading them; call it in a thread.

        Raises:
            ArtratorError: ``package_changed``, ``package_unsigned``, ``package_invalid``, ``manifest_invalid``.
        """
        if self.signer is not None:
            return verified_content(self.folder, self.signer)
        report = check(self.folder)
        manifest = report.accepted()
        hashes = {name: hash_file(self.folder / name, name)[0] for name in report.files}
        return SignedContent(self.folder.resolve(), manifest, package_digest(hashes), hashes)
