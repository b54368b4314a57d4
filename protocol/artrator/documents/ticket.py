"""The ticket: the registry's signed permission to run one order on one node.

JWS compact, ES256, ``typ: artrator-ticket+jwt``. The node checks it offline against the registry's key set. It is
bound to the buyer's key (``cnf``), so that whoever sees it cannot use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from artrator._pydantic import BaseModel, ConfigDict, Field
from artrator.canonical import sha256
from artrator.documents import _compact
from artrator.documents._signed import EncodedKey
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey, PublicKey
from artrator.money import MAX_AMOUNT

TYPE: Final = "artrator-ticket+jwt"


class Ticket(BaseModel):
    """What a ticket claims. Times are whole seconds since 1970, UTC, by the registry's clock.

    Attributes:
        iss: The registry's id (its root key's id).
        aud: The one node that may run it (the node's id).
        sub: The buyer's account id.
        cnf: The buyer's public key, encoded.
        jti: The order's id; also the job's id.
        package: Digest of the signed package.
        offer: Digest of the creator-signed offer whose price was quoted.
        request: The salted request digest.
        measures: The cost units that were paid for; a request that measures more is refused.
        cap: The most this order can cost, in micro-credits.
        kind: ``run`` runs the package; ``purchase`` lets the buyer fetch it, sealed; ``verify`` lets a verifier, or
            another node of the creator, fetch it as it is, and nothing else.
        paid_by: ``credits``, ``pass``, ``free`` or ``own``: a node may serve those who pay by the run first.
        start_by: The node does not start after this.
        finish_by: The node stops by then.
        capture_by: The registry takes no receipt after this; then the hold is released.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    iss: str
    aud: str
    sub: str
    cnf: EncodedKey
    jti: str
    iat: int
    listing: str
    package: str
    offer: str
    request: str
    measures: Mapping[str, int]
    cap: int = Field(ge=0, le=MAX_AMOUNT)
    kind: Literal["purchase", "run", "verify"] = "run"
    paid_by: Literal["credits", "free", "own", "pass"] = "credits"
    start_by: int
    finish_by: int
    capture_by: int


def issue(ticket: Ticket, key: PrivateKey) -> str:
    """Sign a ticket with one of the registry's ticket keys."""
    return _compact.sign(key, {"typ": TYPE, "kid": key.id}, ticket.model_dump_json().encode())


def read(text: str, keys: Mapping[str, PublicKey]) -> Ticket:
    """The ticket, if one of ``keys`` (by key id) signed it. Expiry and audience are the caller's to check.

    Raises:
        ArtratorError: ``ticket_invalid``.
    """
    try:
        token = _compact.Token(text)
        if token.header.get("typ") != TYPE:
            raise ArtratorError(Code.TICKET_INVALID, "This is not an Artrator ticket.")
        key = keys.get(str(token.header.get("kid")))
        if key is None:
            raise ArtratorError(Code.TICKET_INVALID, "The ticket is signed by a key that the registry does not list.")
        return Ticket.model_validate_json(token.payload(key))
    except (ValueError, RecursionError) as error:  # pydantic's ValidationError is a ValueError
        raise ArtratorError(Code.TICKET_INVALID, "The ticket is damaged or was not signed by the registry.") from error


def ticket_digest(text: str) -> str:
    """What a receipt names a ticket by: the digest of its signed part, since the signature itself is malleable."""
    return "sha256:" + sha256(text.rpartition(".")[0].encode())
