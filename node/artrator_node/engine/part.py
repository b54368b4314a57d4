"""Part of an order: what a job that ended early has finished is delivered, where it costs less than the whole."""

from __future__ import annotations

from collections.abc import Mapping

from artrator.backend import Value
from artrator.errors import ArtratorError, Code, ModelError
from artrator.inputs import Counted, complete
from artrator.messages.node import JobBody
from artrator_node.engine.live import LiveJob
from artrator_node.engine.slot import Slot


def finished(slot: Slot, live: LiveJob, body: JobBody) -> dict[str, Value]:
    """The pictures that were handed over before a job failed or was cancelled; nothing if they cannot be sold alone."""
    counted = _counted(slot, body)
    if counted is None:
        return {}
    pictures = live.made(counted.output)[: counted.ordered]
    if not pictures or not _is_cheaper(slot, live, counted, len(pictures)):
        return {}
    return {counted.output: pictures}


def tally(
    slot: Slot, live: LiveJob, body: JobBody, made: Mapping[str, Value]
) -> tuple[Mapping[str, int], ArtratorError | None]:
    """What was made measures so much, and why it is less than what was ordered, if it is.

    Raises:
        ArtratorError: ``model_failed`` if it is another number of pictures than can be sold.
    """
    counted = _counted(slot, body)
    pictures = made.get(counted.output) if counted is not None else None
    if counted is None or not isinstance(pictures, list) or len(pictures) == counted.ordered:
        return live.record.measures, None
    said = f"The model made {len(pictures)} of {counted.ordered} pictures."
    if not 0 < len(pictures) < counted.ordered or not _is_cheaper(slot, live, counted, len(pictures)):
        raise ModelError(said)
    return counted.measures(live.record.measures, len(pictures)), ArtratorError(Code.MODEL_FAILED, said)


def _counted(slot: Slot, body: JobBody) -> Counted | None:
    manifest = slot.package.manifest
    return Counted.of(manifest, complete(manifest, body.inputs))


def _is_cheaper(slot: Slot, live: LiveJob, counted: Counted, made: int) -> bool:
    """Whether so many pictures cost less than all, by the offer they were ordered under, or all cost nothing."""
    if made == counted.ordered:
        return True
    offer = slot.package.offers.get(live.record.offer)
    if offer is None or not counted.divisible:
        return False
    whole = sum(offer.breakdown(live.record.measures).values())
    return whole == 0 or sum(offer.breakdown(counted.measures(live.record.measures, made)).values()) < whole
