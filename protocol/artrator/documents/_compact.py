"""Compact JWS with ES256 and nothing else: the form of tickets and proofs.

A general library spends as long around a signature as on it, and a node checks two for each job. What is read here is
a part of what such a library reads: one algorithm, known before the text is looked at, and no extensions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from pydantic_core import to_json

from artrator.canonical import b64, unb64
from artrator.keys import PrivateKey, PublicKey

#: Bytes of each of the two numbers of a P-256 signature.
_NUMBER: Final = 32


def sign(key: PrivateKey, header: Mapping[str, str], payload: bytes) -> str:
    """The token; ``header`` needs no ``alg``."""
    head = to_json({"alg": "ES256", **header})
    signed = f"{b64(head)}.{b64(payload)}"
    r, s = decode_dss_signature(key.sign(signed.encode()))
    return f"{signed}.{b64(r.to_bytes(_NUMBER, 'big') + s.to_bytes(_NUMBER, 'big'))}"


class Token:
    """A token that was read, and not yet believed.

    Attributes:
        header: Its header.
    """

    def __init__(self, text: str) -> None:
        """Take it apart.

        Raises:
            ValueError, RecursionError: This is no token that ES256 could sign.
        """
        self._signed, _, signature = text.rpartition(".")
        head, dot, self._payload = self._signed.partition(".")
        self.header: Mapping[str, Any] = json.loads(_bytes(head))
        self._signature = _bytes(signature)
        if not dot or not isinstance(self.header, dict) or len(self._signature) != 2 * _NUMBER:
            raise ValueError("not a compact token")
        # Whoever does not know what "crit" names must refuse it, and nothing that it could name is known here.
        if self.header.get("alg") != "ES256" or "crit" in self.header:
            raise ValueError("not a plain ES256 token")

    def payload(self, key: PublicKey) -> bytes:
        """What it says, if ``key`` signed it.

        Raises:
            ValueError: It did not.
        """
        r, s = int.from_bytes(self._signature[:_NUMBER], "big"), int.from_bytes(self._signature[_NUMBER:], "big")
        if not key.verify(encode_dss_signature(r, s), self._signed.encode()):
            raise ValueError("signed by another key")
        return _bytes(self._payload)


def _bytes(text: str) -> bytes:
    """Base64url without padding, as the standard writes it, and in no second spelling."""
    data = unb64(text)
    if b64(data) != text:
        raise ValueError("not base64url in its one form")
    return data
