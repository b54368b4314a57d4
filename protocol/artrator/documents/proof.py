"""Proof of possession: the buyer's key signs each request to a node, so that a stolen ticket is worth nothing.

JWS compact, ES256, ``typ: artrator-proof+jwt``, in the header ``Artrator-Proof``.
"""

from __future__ import annotations

import time
from typing import Final

from artrator._pydantic import BaseModel, ConfigDict, Field
from artrator.documents import _compact
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey, PublicKey

TYPE: Final = "artrator-proof+jwt"
HEADER: Final = "Artrator-Proof"
#: Clocks of homes and laptops drift; five minutes is what Kerberos allows.
LEEWAY_SECONDS: Final = 300


class Proof(BaseModel):
    """What is signed: method, path (without query), the node it is meant for, what it carries, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    htm: str
    htu: str
    aud: str
    #: Bounded, because a number of a thousand digits cannot be compared with a clock.
    iat: int = Field(ge=0, le=2**53)
    #: The salted request digest for PUT, else empty.
    body: str = ""


def make(key: PrivateKey, *, method: str, path: str, node: str, body: str = "", now: float | None = None) -> str:
    """Sign a proof for one request."""
    proof = Proof(htm=method.upper(), htu=path, aud=node, iat=int(time.time() if now is None else now), body=body)
    return _compact.sign(key, {"typ": TYPE}, proof.model_dump_json().encode())


def check(
    text: str,
    key: PublicKey,
    *,
    method: str,
    path: str,
    node: str,
    body: str = "",
    now: float | None = None,
) -> None:
    """Raise ArtratorError ``proof_invalid`` unless ``key`` signed exactly this request within the leeway."""
    try:
        token = _compact.Token(text)
        proof = Proof.model_validate_json(token.payload(key))
        if token.header.get("typ") != TYPE:
            raise ValueError("another type of token")
    except (ValueError, RecursionError) as error:  # pydantic's ValidationError is a ValueError
        raise ArtratorError(Code.PROOF_INVALID, "The request is not signed by the key in the ticket.") from error
    if (proof.htm, proof.htu, proof.aud, proof.body) != (method.upper(), path, node, body):
        raise ArtratorError(Code.PROOF_INVALID, "The signature belongs to another request.")
    age = (time.time() if now is None else now) - proof.iat
    if abs(age) > LEEWAY_SECONDS:
        raise ArtratorError(
            Code.PROOF_INVALID,
            f"The request was signed {abs(round(age))} seconds {'ago' if age > 0 else 'in the future'}.",
        )
