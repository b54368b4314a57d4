"""Who the node is: its receipt key, its TLS key with a self-signed certificate, and the descriptor that names both."""

from __future__ import annotations

import datetime
import ipaddress
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from artrator.documents import NodeDescriptor
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.profile import write_atomically
from artrator_node.config import Paths, Settings

#: Clients pin the certificate itself, so its age proves nothing; ten years means that it never surprises an owner.
_CERTIFICATE_DAYS: Final = 3650
#: A descriptor outlives a node that is away for a holiday, not one that was given up.
_DESCRIPTOR_SECONDS: Final = 30 * 86_400


@dataclass(frozen=True)
class Identity:
    """The node's own keys. The creator's identity key stays with the creator's profile."""

    receipt_key: PrivateKey
    tls_certificate: str

    @property
    def node(self) -> str:
        """The node's id."""
        return self.receipt_key.id

    def descriptor(self, settings: Settings, creator: PrivateKey, *, now: float | None = None) -> dict[str, Any]:
        """A fresh descriptor, signed by the creator."""
        at = int(time.time() if now is None else now)
        return NodeDescriptor(
            node=self.node,
            creator=creator.public.encode(),
            name=settings.name,
            urls=tuple(settings.urls),
            tls_certificate=self.tls_certificate,
            receipt_key=self.receipt_key.public.encode(),
            issued_at=at,
            expires_at=at + _DESCRIPTOR_SECONDS,
        ).sign(creator)


def load_or_create(paths: Paths, urls: Sequence[str]) -> Identity:
    """The node's keys, made on first use.

    Raises:
        ArtratorError: ``request_invalid`` if a file of them is damaged.
    """
    receipt_key, tls_key = _key(paths.receipt_key), _key(paths.tls_key)
    if not paths.tls_certificate.exists():
        write_atomically(paths.tls_certificate, self_signed(tls_key, urls).encode())
    text = paths.tls_certificate.read_bytes()
    try:
        certified = x509.load_pem_x509_certificate(text).public_key()
    except ValueError as error:
        raise _damaged(paths.tls_certificate, "Delete it, and a new one is made.") from error
    if certified != tls_key.native.public_key():
        raise _damaged(paths.tls_certificate, "It is of another key than tls.pem: delete it, and a new one is made.")
    return Identity(receipt_key, text.decode("ascii"))


def _key(path: Path) -> PrivateKey:
    try:
        return PrivateKey.load_or_create(path)
    except ValueError as error:
        raise _damaged(path, "Bring it back from a backup; without it this is another node.") from error


def _damaged(path: Path, cure: str) -> ArtratorError:
    return ArtratorError(Code.REQUEST_INVALID, f"{path} is damaged.", cure=cure)


def self_signed(key: PrivateKey, urls: Sequence[str]) -> str:
    """A certificate for the hosts in ``urls``, with the extensions that Python 3.13's strict checks ask for."""
    now = datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Artrator node")])
    public = key.native.public_key()
    usage = {"digital_signature": True, "key_cert_sign": True}
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        # An hour of grace for clients whose clocks are behind.
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=_CERTIFICATE_DAYS))
        .add_extension(x509.SubjectAlternativeName(_names(urls)), critical=False)
        # It is its own anchor in the client's store, so it must be allowed to sign itself.
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**{field: usage.get(field, False) for field in _USAGES}), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key.native, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _names(urls: Sequence[str]) -> list[x509.GeneralName]:
    """Every host of the addresses, and this machine's own."""
    hosts = dict.fromkeys([*(urlsplit(url).hostname or "" for url in urls), "localhost", "127.0.0.1"])
    names: list[x509.GeneralName] = []
    for host in filter(None, hosts):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names
