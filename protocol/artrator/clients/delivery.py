"""What a node delivers, checked against what it signed: nothing that it merely says is believed."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import PIL.Image

from artrator.clients._patience import patiently
from artrator.clients.news import Delivered
from artrator.clients.node import NodeClient
from artrator.clients.orders import PendingOrder
from artrator.clients.promised import fault, reads
from artrator.documents import NodeDescriptor, OutputDigest, Receipt, ticket_digest
from artrator.errors import ArtratorError, Code
from artrator.inputs import MeteredBytes
from artrator.keys import PublicKey
from artrator.messages.node import Output

#: What one job may deliver at most: outputs wait in memory until the last one is checked.
_MAX_OUTPUTS: Final = 1_000
_MAX_OUTPUT_BYTES: Final = 2**30
#: An upscaler may make more pixels than an input may have.
_MAX_PIXELS: Final = 200_000_000
#: What nodes encode. Others are not even tried: some of Pillow's readers start other programs.
_FORMATS: Final = ("PNG", "JPEG", "WEBP")
_FETCH_SECONDS: Final = 60.0


def check_receipt(
    document: Mapping[str, Any], descriptor: NodeDescriptor, pending: PendingOrder, ticket: str
) -> Receipt:
    """The receipt, if the node signed it for this order and says that it delivered.

    Raises:
        ArtratorError: ``document_invalid``, ``receipt_invalid``.
    """
    receipt = Receipt.verify(document, PublicKey.decode(descriptor.receipt_key))
    promised = (descriptor.node, pending.order, ticket_digest(ticket), pending.package, pending.request)
    if (receipt.node, receipt.order, receipt.ticket, receipt.package, receipt.request) != promised:
        raise ArtratorError(Code.RECEIPT_INVALID, "The node signed a receipt for another job.")
    if receipt.outcome != "delivered":
        raise ArtratorError(Code.RECEIPT_INVALID, "The node says done, but its receipt says otherwise.")
    return receipt


def tally(receipt: Receipt, pending: PendingOrder) -> str:
    """What is wrong with the outputs that are named and what they are charged for; an empty text if nothing is.

    The node signs both, so that a receipt of four pictures that names two is proof of what it did.
    """
    if any(used > pending.measures.get(unit, 0) for unit, used in receipt.measures.items()):
        return "The node measured more than was ordered."
    if len(receipt.outputs) > _MAX_OUTPUTS or sum(output.size for output in receipt.outputs) > _MAX_OUTPUT_BYTES:
        return "The node lists more than one job can deliver."
    counted = pending.count
    if counted is not None:
        names = [output.name for output in receipt.outputs]
        if problem := counted.fault(pending.measures, receipt.measures, names):
            return problem
    if pending.promised is None:  # kept by a program that wrote no promise down
        return ""
    return fault(pending.promised, pending.job_body.format, receipt.outputs)


async def fetch_outputs(
    node: NodeClient, receipt: Receipt, at_hand: Sequence[bytes] = ()
) -> tuple[Sequence[Delivered], str]:
    """Every output that the receipt names, and what is wrong with them; an empty text if nothing is.

    ``at_hand`` are those that came with the receipt, all or none; they are checked like any other.

    Raises:
        ArtratorError: Whatever keeps them from being fetched, such as ``node_unreachable``.
    """
    if not receipt.outputs:
        return (), "The node delivered nothing."
    delivered, problem = [], ""
    for index, signed in enumerate(receipt.outputs):
        data = at_hand[index] if index < len(at_hand) else await _fetch(node, receipt.order, index, signed.size)
        if data is None:
            problem = f"The node sends more of {signed.name} than it signed."
            continue
        size = None
        if len(data) != signed.size or hashlib.sha256(data).hexdigest() != signed.sha256:
            problem = f"The output {signed.name} differs from what the node signed."
        elif signed.media_type.startswith("image/"):
            size = await asyncio.to_thread(_picture_size, data, signed.media_type)
            problem = problem if size else f"The output {signed.name} is not a whole image."
        elif not reads(data, signed.media_type):
            problem = f"The output {signed.name} cannot be read."
        delivered.append(Delivered(_described(index, signed, size), data))
    return delivered, problem


async def _fetch(node: NodeClient, order: str, index: int, size: int) -> bytes | None:
    """An output of at most ``size`` bytes; None if the node sends more."""
    try:
        return await patiently(lambda: node.output(order, index, limit=size), seconds=_FETCH_SECONDS)
    except ArtratorError as error:
        if error.code is Code.OUTPUT_CORRUPT:
            return None
        raise


def _described(index: int, signed: OutputDigest, size: tuple[int, int] | None) -> Output:
    """What is signed of an output, and what was seen of it: nothing is the node's word."""
    return Output(
        index=index,
        name=signed.name,
        media_type=signed.media_type,
        sha256=signed.sha256,
        size=signed.size,
        width=None if size is None else size[0],
        height=None if size is None else size[1],
    )


def _picture_size(data: bytes, media_type: str) -> tuple[int, int] | None:
    """Width and height, if the whole image decodes, within limits: it may not fill our memory, nor take our time."""
    name = next((name for name in _FORMATS if media_type == f"image/{name.lower()}"), None)
    try:
        with PIL.Image.open(MeteredBytes(data), formats=[name] if name else []) as image:
            if image.width * image.height > _MAX_PIXELS:
                return None
            image.load()
            return image.size
    except Exception:  # Pillow raises many kinds for damaged files
        return None
