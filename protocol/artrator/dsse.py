"""DSSE envelopes: a signature over (payload type, payload bytes), so that no canonical form is needed.

Source: https://github.com/secure-systems-lab/dsse, protocol version 1.0.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey, PublicKey


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what is signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


@dataclass(frozen=True)
class Envelope:
    """A payload and its signatures (key id, DER signature)."""

    payload_type: str
    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]

    def to_json(self) -> dict[str, Any]:
        """The standard JSON form."""
        return {
            "payloadType": self.payload_type,
            "payload": base64.b64encode(self.payload).decode(),
            "signatures": [
                {"keyid": keyid, "sig": base64.b64encode(signature).decode()} for keyid, signature in self.signatures
            ],
        }

    @classmethod
    def from_json(cls, value: object) -> Envelope:
        """Read the JSON form; raises ArtratorError ``document_invalid``."""
        try:
            return cls._read(value)
        except ValueError as error:  # of which binascii.Error is one
            raise ArtratorError(Code.DOCUMENT_INVALID, "This is not a signed document.") from error

    @classmethod
    def _read(cls, value: object) -> Envelope:
        signatures = value.get("signatures") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(signatures, list) or not 1 <= len(signatures) <= 8:
            raise ValueError("not an envelope of 1 to 8 signatures")
        # What is not signed is not passed on either: it could hold anything, such as what no JSON writer can write.
        if not value.keys() <= {"payload", "payloadType", "signatures"}:
            raise ValueError("an unknown field")
        if not all(isinstance(entry, dict) and entry.keys() <= {"keyid", "sig"} for entry in signatures):
            raise ValueError("a signature is no object of keyid and sig")
        return cls(
            payload_type=_text(value.get("payloadType")),
            payload=_bytes(value.get("payload")),
            signatures=tuple((_text(entry.get("keyid", "")), _bytes(entry.get("sig"))) for entry in signatures),
        )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def _bytes(value: object) -> bytes:
    return base64.b64decode(_text(value), validate=True)


def sign(key: PrivateKey, payload_type: str, payload: bytes) -> Envelope:
    """Sign ``payload`` as ``payload_type``."""
    return Envelope(payload_type, payload, ((key.id, key.sign(pae(payload_type, payload))),))


def verify(envelope: Envelope, payload_type: str, key: PublicKey) -> bytes:
    """The payload, if ``key`` signed it as ``payload_type``; raises ArtratorError ``document_invalid``."""
    if envelope.payload_type != payload_type:
        raise ArtratorError(
            Code.DOCUMENT_INVALID,
            f"The document is of type {envelope.payload_type!r} where {payload_type!r} was expected.",
        )
    signed = pae(payload_type, envelope.payload)
    if not any(key.verify(signature, signed) for _, signature in envelope.signatures):
        raise ArtratorError(Code.DOCUMENT_INVALID, f"The document is not signed by the key {key.id}.")
    return envelope.payload
