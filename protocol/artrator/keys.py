"""P-256 keys: one type for signing packages, documents, tickets and TLS.

A public key travels as base64url of its SubjectPublicKeyInfo (DER); its id is ``sha256:`` and the hex digest of
the same bytes. Signatures are DER-encoded ECDSA over SHA-256. ECDSA is malleable: never use signature bytes
as an id.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from artrator import durable
from artrator.canonical import b64, unb64

_ECDSA = ec.ECDSA(hashes.SHA256())


def _loaded(load: Callable[[], object]) -> object:
    try:
        return load()
    except (UnsupportedAlgorithm, TypeError) as error:  # another kind of key, or a password too much or too little
        raise ValueError("not a P-256 key, or an encrypted one") from error


@functools.lru_cache(1024)
def _native(spki: bytes) -> ec.EllipticCurvePublicKey:
    # Loading costs as much as verifying, and a service meets the same keys again and again.
    key = serialization.load_der_public_key(spki)
    assert isinstance(key, ec.EllipticCurvePublicKey)  # noqa: S101  # proven in from_spki
    return key


@dataclass(frozen=True)
class PublicKey:
    """The public half. Equal when the encoded keys are equal."""

    spki: bytes

    @classmethod
    def decode(cls, text: str) -> PublicKey:
        """Read the wire form; raises ValueError unless it is a P-256 public key."""
        return _decode(text)

    @classmethod
    def from_spki(cls, spki: bytes) -> PublicKey:
        """Read DER; raises ValueError unless it is a P-256 public key in its one canonical encoding."""
        key = _loaded(lambda: serialization.load_der_public_key(spki))
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            raise ValueError("not a P-256 public key")
        return cls.of(key)

    @classmethod
    def of(cls, key: ec.EllipticCurvePublicKey) -> PublicKey:
        """Wrap a key of the cryptography library."""
        return cls(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))

    @classmethod
    def from_pem(cls, pem: bytes) -> PublicKey:
        """Read SubjectPublicKeyInfo PEM; raises ValueError unless it is a P-256 public key."""
        key = _loaded(lambda: serialization.load_pem_public_key(pem))
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            raise ValueError("not a P-256 public key")
        return cls.of(key)

    def to_pem(self) -> bytes:
        """SubjectPublicKeyInfo PEM."""
        return self.native.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def encode(self) -> str:
        """The wire form."""
        return b64(self.spki)

    @functools.cached_property
    def id(self) -> str:
        """``sha256:<hex>`` of the encoded key."""
        return "sha256:" + hashlib.sha256(self.spki).hexdigest()

    @property
    def native(self) -> ec.EllipticCurvePublicKey:
        """The key as the cryptography library knows it."""
        return _native(self.spki)

    def verify(self, signature: bytes, data: bytes) -> bool:
        """Whether ``signature`` is this key's over ``data``."""
        try:
            self.native.verify(signature, data, _ECDSA)
        except InvalidSignature:
            return False
        return True


@functools.lru_cache(1024)
def _decode(text: str) -> PublicKey:
    return PublicKey.from_spki(unb64(text))


class PrivateKey:
    """The private half."""

    def __init__(self, native: ec.EllipticCurvePrivateKey) -> None:
        self.native = native
        self.public = PublicKey.of(native.public_key())

    @classmethod
    def generate(cls) -> PrivateKey:
        """A fresh key from the system's randomness."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, pem: bytes, password: bytes | None = None) -> PrivateKey:
        """Read PKCS#8 PEM; raises ValueError unless it is a P-256 private key."""
        key = _loaded(lambda: serialization.load_pem_private_key(pem, password))
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise ValueError("not a P-256 private key")
        return cls(key)

    def to_pem(self) -> bytes:
        """Unencrypted PKCS#8 PEM."""
        return self.native.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def id(self) -> str:
        """The public key's id."""
        return self.public.id

    def sign(self, data: bytes) -> bytes:
        """DER-encoded ECDSA signature over SHA-256 of ``data``."""
        return self.native.sign(data, _ECDSA)

    @classmethod
    def load(cls, path: Path) -> PrivateKey:
        """Read a key file."""
        return cls.from_pem(path.read_bytes())

    def save(self, path: Path) -> None:
        """Write the key so that a power cut leaves either no file or the whole key, readable by its owner only."""
        durable.replace(self._written_beside(path), path)

    @classmethod
    def load_or_create(cls, path: Path) -> PrivateKey:
        """The key in ``path``, made on first use; two processes that both come first end up with the same key."""
        if not path.exists():
            scratch = cls.generate()._written_beside(path)
            try:
                os.link(scratch, path)  # unlike a rename, it never replaces the key of whoever was faster
            except FileExistsError:
                pass
            except OSError:  # a file system without hard links
                if not path.exists():
                    scratch.replace(path)
            scratch.unlink(missing_ok=True)
            # Whoever is told this key's name must find it again.
            durable.sync_folder(path.parent)
        return cls.load(path)

    def _written_beside(self, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # mkstemp makes files of mode 600.
        descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            file.write(self.to_pem())
            file.flush()
            os.fsync(file.fileno())
        return Path(scratch)
