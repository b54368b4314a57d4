"""The receipt: the node's signed statement of what it did for an order. And the buyer's answer to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal

from artrator._pydantic import BaseModel, ConfigDict, Field
from artrator.documents._signed import EncodedKey, SignedDocument
from artrator.plain_text import PlainText

Outcome = Literal["delivered", "failed", "cancelled"]


class OutputDigest(BaseModel):
    """One delivered file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: PlainText
    media_type: PlainText
    sha256: str
    size: int = Field(ge=0, le=2**53)


class Seal(BaseModel):
    """What a node is bound to of a package that it sent sealed; see ``artrator.sealing``.

    Attributes:
        key: The commitment to the key.
        root: The digest over the tables of all sealed files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(pattern=r"^[0-9a-f]{64}$")
    root: str = Field(pattern=r"^[0-9a-f]{64}$")


class Receipt(SignedDocument):
    """What the node did.

    Attributes:
        order: The order (and job) id.
        ticket: Digest of the ticket's signed part.
        package: Digest of the signed package that made the outputs: the exact model.
        request: The salted request digest.
        outcome: ``delivered`` captures money; ``failed`` and ``cancelled`` release the hold.
        outputs: Digests of what was delivered.
        measures: Units used, never more than the ticket's.
        runtime: What computed it, such as ``onnxruntime 1.31.1 cpu``: no silent fallback.
        sealed: Of a purchase that was delivered: what was sent, and by which key it is opened.
        error: The code of a failure; of a delivery, why it is less than what was ordered.
    """

    payload_type: ClassVar[str] = "application/vnd.artrator.receipt+json"

    node: str
    order: str
    ticket: str
    package: str
    request: str
    outcome: Outcome
    outputs: Sequence[OutputDigest] = ()
    measures: Mapping[str, Annotated[int, Field(ge=0, le=10**12)]] = Field(default_factory=dict)
    runtime: PlainText = ""
    error: PlainText | None = None
    sealed: Seal | None = None
    queued_at: float
    started_at: float | None = None
    finished_at: float


class Acknowledgement(SignedDocument):
    """The buyer's signature that every output arrived with the right digest and decodes (or why not).

    Attributes:
        receipt: Digest of the receipt's payload.
        verdict: ``accepted`` settles at once; ``refused`` opens a dispute, its reason in ``reason``.
    """

    payload_type: ClassVar[str] = "application/vnd.artrator.acknowledgement+json"

    buyer: EncodedKey
    order: str
    receipt: str
    verdict: Literal["accepted", "refused"]
    reason: str = ""
    at: float
