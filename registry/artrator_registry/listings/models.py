"""What a publication becomes once it is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from artrator.documents import Offer
from artrator.manifest import Manifest


@dataclass(frozen=True)
class CheckedSample:
    """A sample picture that is what it says. ``blob`` is its name in the store: digest and extension."""

    file: str
    blob: str
    data: bytes


@dataclass(frozen=True)
class CheckedPublication:
    """A publication whose signatures, manifest, offer and samples were checked.

    Attributes:
        price: Micro-credits of a run with the manifest's defaults.
    """

    manifest: Manifest
    package: str
    signature: Mapping[str, Any]
    offer: Offer
    offer_document: Mapping[str, Any]
    offer_digest: str
    price: int
    samples: Sequence[CheckedSample]
