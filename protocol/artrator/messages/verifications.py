"""Messages of verification tickets: somebody whom the operator or the creator trusts looks at a package as it is."""

from __future__ import annotations

from collections.abc import Sequence

from artrator.messages._base import Message, Request
from artrator.messages.registry import Digest, Json


class VerificationRequest(Request):
    """``PUT /v1/verifications/{id}``: a ticket of the kind ``verify``, for the package's creator or a named verifier.

    It costs nothing, opens the signed files on one node to the caller's key for an hour, and neither runs nor sells
    anything. The same id and body give the same answer.
    """

    listing: str
    package: Digest
    node: str | None = None  # None lets the registry pick one that has it


class Verification(Message):
    """One look at a package. ``ticket`` and ``descriptor`` are there for whoever asked, while it lasts."""

    verification: str
    listing: str
    package: str
    node: str
    verifier: str  # a handle
    at: float
    until: float
    ticket: str | None = None
    descriptor: Json | None = None


class Verifications(Message):
    """``GET /v1/verifications``: who was let at the caller's packages, and what the caller asked for; newest first."""

    items: Sequence[Verification]
