"""Sealed packages: what a buyer fetches before paying is worth nothing without the key that is had for the payment.

Each purchase has a random key of its own. A file is cut into chunks of a megabyte, and each chunk is encrypted and
authenticated by itself (AES-256-GCM as a STREAM: the nonce is the chunk's number and whether it is the last one), so
that any range can be made, sent and checked alone, and no chunk can be moved, left out or put behind the end. The key
of a file is derived from the purchase's key and the file's digest, so no nonce is ever used twice.

What is sealed can be checked without the key: the digests of a file's sealed chunks are its *table*, and the *root*
over all tables is what a node signs. Whoever has key and package can make the same root again, so it can be proven
afterwards what was sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from artrator.canonical import canonical_json, sha256
from artrator.errors import ArtratorError, Code

#: Plain bytes of a chunk; the last one may have fewer.
CHUNK: Final = 1 << 20
#: What sealing adds to each chunk.
TAG: Final = 16
SEALED_CHUNK: Final = CHUNK + TAG
#: Bytes of a table for each chunk.
DIGEST: Final = 32


def new_key() -> bytes:
    """A key for one purchase."""
    return AESGCM.generate_key(256)


def commitment(key: bytes) -> str:
    """The hex digest that a key is known by before anybody is shown it."""
    return sha256(b"artrator sealing key\0" + key)


def chunks(size: int) -> int:
    """How many chunks a file of ``size`` bytes has; an empty file has one, so that its end is sealed too."""
    return max(1, -(-size // CHUNK))


def sealed_size(size: int) -> int:
    """How many bytes a file of ``size`` bytes has when it is sealed."""
    return size + TAG * chunks(size)


def root(tables: Mapping[str, bytes]) -> str:
    """The hex digest over the tables of all files, by their plain hex SHA-256."""
    return sha256(canonical_json({name: sha256(table) for name, table in tables.items()}))


def root_of(files: Mapping[str, tuple[Path, int]], key: bytes) -> str:
    """The root that an honest node signs for these files: path and size in bytes by plain hex SHA-256."""
    return root({digest: _table(path, FileSeal(key, digest, size), size) for digest, (path, size) in files.items()})


def _table(path: Path, seal: FileSeal, size: int) -> bytes:
    with path.open("rb") as file:
        sealed = (seal.seal(number, file.read(CHUNK)) for number in range(chunks(size)))
        return b"".join(hashlib.sha256(chunk).digest() for chunk in sealed)


class FileSeal:
    """Seals and opens the chunks of one file.

    Args:
        key: Of the purchase.
        digest: The file's plain hex SHA-256.
        size: The file's plain size in bytes.
    """

    def __init__(self, key: bytes, digest: str, size: int) -> None:
        derived = HKDF(SHA256(), 32, salt=None, info=b"artrator sealed file\0" + digest.encode()).derive(key)
        self._cipher = AESGCM(derived)
        self._last = chunks(size) - 1

    def seal(self, number: int, plain: bytes) -> bytes:
        """A chunk as it is sent."""
        return self._cipher.encrypt(self._nonce(number), plain, None)

    def open(self, number: int, sealed: bytes) -> bytes:
        """A chunk as it was; raises ArtratorError ``package_changed`` if this key did not seal it in this place."""
        try:
            return self._cipher.decrypt(self._nonce(number), sealed, None)
        except InvalidTag as error:
            raise ArtratorError(
                Code.PACKAGE_CHANGED, "What was sealed cannot be opened with the key that was paid for."
            ) from error

    def _nonce(self, number: int) -> bytes:
        return number.to_bytes(11, "big") + (b"\1" if number == self._last else b"\0")


class TableCheck:
    """Compares a sealed file with its table while it arrives; used like a hash.

    Attributes:
        good: Bytes of whole chunks that were right.
        wrong: Whether a chunk was not.
    """

    def __init__(self, table: bytes, size: int) -> None:
        self._table = table
        self._left = sealed_size(size)
        self._waiting = bytearray()
        self.good = 0
        self.wrong = False

    def update(self, data: bytes) -> None:
        """More of the file."""
        self._waiting += data
        while not self.wrong and self._waiting and len(self._waiting) >= min(SEALED_CHUNK, self._left):
            size = min(SEALED_CHUNK, self._left)
            with memoryview(self._waiting) as view:
                digest = hashlib.sha256(view[:size]).digest()
            place = self.good // SEALED_CHUNK * DIGEST
            if digest != self._table[place : place + DIGEST]:
                self.wrong = True
                return
            del self._waiting[:size]
            self.good += size
            self._left -= size

    @property
    def whole(self) -> bool:
        """Whether all of it came and was right."""
        return not self.wrong and not self._left and not self._waiting
