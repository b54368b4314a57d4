"""Checking a receipt: that the node signed for exactly this picture, made by exactly this model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artrator.documents import Acknowledgement, NodeDescriptor, Receipt, document_digest
from artrator.errors import ArtratorError
from artrator.keys import PublicKey
from artrator_desktop.state import png_text
from artrator_desktop.state.pictures import read_plain
from artrator_desktop.state.store.images import ImageRecord


@dataclass(frozen=True)
class Check:
    """One thing that was checked: its stable name, whether it holds, and what was compared."""

    name: str
    holds: bool
    detail: str = ""


@dataclass(frozen=True)
class Verdict:
    """The outcome. ``digest`` names the receipt; ``document`` is what the node signed, for reading."""

    checks: Sequence[Check]
    digest: str
    document: str
    runtime: str = ""
    #: Made on this computer: the document is the record of a run, and nobody has signed it.
    made_here: bool = False

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return all(check.holds for check in self.checks)


def verify(record: ImageRecord, pinned_creator: str | None = None) -> Verdict:
    """Check a picture's papers and its file.

    1. ``node``: the creator signed the node's descriptor (and is the one pinned for the listing, if one is).
    2. ``receipt``: the receipt key of that descriptor signed the receipt, for this order, and it says delivered.
    3. ``model``: the receipt names the package that was bought.
    4. ``picture``: the receipt names this output, and the file without our settings has that digest.
    5. ``acknowledgement``: the buyer's answer is signed and names this receipt.
    """
    if record.made_here:
        return _verify_own(record)
    try:
        digest = document_digest(record.receipt)
        said = Receipt.peek(record.receipt)
    except ArtratorError as error:
        return Verdict([Check("receipt", holds=False, detail=error.message)], "", "")
    checks = [
        _check_node(record, pinned_creator),
        _check_receipt(record),
        Check("model", said.package == record.package, said.package),
        _check_picture(record, said),
        _check_acknowledgement(record, digest),
    ]
    document = json.dumps(said.model_dump(mode="json"), indent=2, ensure_ascii=False)
    return Verdict(checks, digest, document, said.runtime)


def _verify_own(record: ImageRecord) -> Verdict:
    """What can be said of a picture that was made here: that its file is still the one that the run made."""
    said = record.receipt["local"]
    checks = [_check_file(record, record.sha256)]
    runtime = str(said.get("runtime", "")) if isinstance(said, dict) else ""
    return Verdict(checks, record.package, json.dumps(said, indent=2, ensure_ascii=False), runtime, made_here=True)


def _check_node(record: ImageRecord, pinned: str | None) -> Check:
    try:
        creator = PublicKey.decode(NodeDescriptor.peek(record.descriptor).creator)
        node = NodeDescriptor.verify(record.descriptor, creator)
        same = PublicKey.decode(node.receipt_key).id == node.node
    except (ArtratorError, ValueError) as error:
        return Check("node", holds=False, detail=str(error))
    return Check("node", same and pinned in (None, creator.id), creator.id)


def _check_receipt(record: ImageRecord) -> Check:
    try:
        key = PublicKey.decode(NodeDescriptor.peek(record.descriptor).receipt_key)
        receipt = Receipt.verify(record.receipt, key)
    except (ArtratorError, ValueError) as error:
        return Check("receipt", holds=False, detail=str(error))
    right = receipt.order == record.order_id and receipt.outcome == "delivered" and receipt.node == key.id
    return Check("receipt", right, key.id)


def _check_picture(record: ImageRecord, receipt: Receipt) -> Check:
    if not 0 <= record.position < len(receipt.outputs):
        return Check("picture", holds=False, detail="The receipt names no such output.")
    return _check_file(record, receipt.outputs[record.position].sha256)


def _check_file(record: ImageRecord, signed: str) -> Check:
    try:
        found = hashlib.sha256(png_text.strip(read_plain(Path(record.path)))).hexdigest()
    except OSError:
        return Check("picture", holds=False, detail="The file is missing or cannot be read.")
    return Check("picture", found == signed == record.sha256, f"sha256:{found}")


def _check_acknowledgement(record: ImageRecord, digest: str) -> Check:
    try:
        key = PublicKey.decode(Acknowledgement.peek(record.acknowledgement).buyer)
        answer: Any = Acknowledgement.verify(record.acknowledgement, key)
    except (ArtratorError, ValueError) as error:
        return Check("acknowledgement", holds=False, detail=str(error))
    return Check("acknowledgement", answer.receipt == digest and answer.order == record.order_id, key.id)
