"""One way to write a JSON value as bytes, so that two parties digest the same request to the same number."""

from __future__ import annotations

import binascii
import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> bytes:
    """Sorted keys, no spaces, UTF-8, no NaN. Floats keep Python's shortest form, which round-trips."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sha256(data: bytes) -> str:
    """Hex SHA-256."""
    return hashlib.sha256(data).hexdigest()


def request_digest(salt: bytes, request: Any) -> str:
    """SHA-256 over the 32-byte salt and the canonical request.

    The salt goes to the node only: without it a registry could guess short prompts by brute force.
    """
    if len(salt) != 32:
        raise ValueError("the salt must have 32 bytes")
    return sha256(salt + canonical_json(request))


def b64(data: bytes) -> str:
    """URL-safe base64 without padding."""
    return binascii.b2a_base64(data, newline=False).decode().rstrip("=").replace("+", "-").replace("/", "_")


def unb64(text: str) -> bytes:
    """Read URL-safe base64, padded or not; raises ValueError for anything else."""
    standard = text.replace("-", "+").replace("_", "/")
    return binascii.a2b_base64(standard + "=" * (-len(text) % 4), strict_mode=True)
