"""One job in the engine: buying it, following it, keeping what it made. Runs in the engine's thread.

A picture is on disk and in the database before the buyer's store forgets the order, and both steps may be repeated: a
crash anywhere between them costs nothing but the time to take the order up again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from artrator.clients.buyer import Result, Stage, Update
from artrator.clients.orders import PendingOrder
from artrator.documents import document_digest
from artrator.errors import ArtratorError, Code
from artrator.manifest import InputType, Manifest
from artrator.money import format_credits
from artrator_desktop.state import pictures, png_text
from artrator_desktop.state.engine import Engine, as_failure
from artrator_desktop.state.files import save
from artrator_desktop.state.job import JobPhase, JobRequest, Money, Places
from artrator_desktop.state.network import Network
from artrator_desktop.state.phase import Failure
from artrator_desktop.state.store import images as image_rows
from artrator_desktop.state.store.images import ImageRecord
from artrator_desktop.state.store.orders import OrderBox

#: Longest side of a preview on the screen; nodes send at most 320 px.
_PREVIEW_SIDE: Final = 640
#: A preview with more pixels than this is not a preview but an attack on our memory.
_PREVIEW_PIXELS: Final = 4_000_000
#: These leave the order where it is: it is taken up again when the cause is gone.
_STALLING: Final = frozenset({Code.DISK_FULL, Code.FOLDER_UNWRITABLE, Code.REGISTRY_UNREACHABLE})


@dataclass(frozen=True)
class End:
    """How a job ended (or stalled), in the fields of ``Job``."""

    phase: JobPhase
    money: Money
    charged: int = 0
    failure: Failure | None = None
    images: tuple[ImageRecord, ...] = ()
    texts: tuple[str, ...] = ()
    missing: int = 0


class Purchase:
    """One job.

    Args:
        report: Called with changed fields of the ``Job``, as often as there is news.
    """

    def __init__(
        self, network: Network, box: OrderBox, engine: Engine, places: Places, report: Callable[..., None]
    ) -> None:
        self._buyer = network.buyer(box)
        self._box = box
        self._engine = engine
        self._places = places
        self._report = report
        #: Digest of the request, as soon as there is one: what an order in the box is recognised by.
        self.request = ""
        self._order = ""
        self._cancelled = False
        self._cancelling: set[asyncio.Task[None]] = set()

    async def buy(self, request: JobRequest, facts: Mapping[str, Any]) -> End:
        """Prepare, quote, order and follow. ``facts`` are kept with the order for the gallery. Never raises."""
        return await self._guard(self._buy(request, facts))

    async def resume(self, pending: PendingOrder, facts: Mapping[str, Any]) -> End:
        """Take an interrupted order up where it stands. Never raises."""
        self._order, self.request = pending.order, pending.request
        return await self._guard(self._follow(self._buyer.resume(pending), facts))

    def cancel(self) -> None:
        """Ask for an end. Whatever was held is released; a job that is finished already stays finished."""
        self._cancelled = True
        if self._order:
            self._ask_to_stop(self._order)

    async def _buy(self, request: JobRequest, facts: Mapping[str, Any]) -> End:
        self._report(phase=JobPhase.PREPARING)
        prepared = await asyncio.to_thread(self._buyer.prepare, request.listing, request.inputs, request.files)
        known = dict(facts) | {
            "package": prepared.body.package,
            "prompt": prompt_of(prepared.manifest, prepared.body.inputs),
            "inputs": dict(prepared.body.inputs),
        }
        self._report(inputs=known["inputs"])
        self.request = prepared.digest
        self._box.announce(prepared.digest, known)
        quote = await self._buyer.quote(prepared)
        within = request.budget is None or request.budget.take(quote.cap)
        if quote.cap > request.price or not within:
            raise ArtratorError(
                Code.PRICE_ABOVE_CAP,
                f"This costs up to {format_credits(quote.cap)} credits now, more than the button said.",
                cure="Nothing was charged; press the button again if the new price suits you.",
            )
        if self._cancelled:
            raise ArtratorError(Code.JOB_CANCELLED, "The job was cancelled.")
        self._report(hold=quote.cap, paid_by=quote.paid_by)
        known |= {"price": quote.cap, "paid_by": quote.paid_by}
        self._box.announce(prepared.digest, known)
        return await self._follow(self._buyer.run(prepared, quote, max_price=quote.cap), known)

    async def _guard(self, work: Coroutine[Any, Any, End]) -> End:
        try:
            return await work
        except ArtratorError as error:
            failure = Failure(error.code.value, error.message, error.cure)
            undecided = error.details.get("undecided") is True and not self._cancelled
            if (error.code in _STALLING or undecided) and await self._waits():
                return End(JobPhase.STALLED, Money.HELD, failure=failure)
            charged = int(error.details.get("charged") or 0)
            money = Money.PAID if charged else Money.RELEASED if self._order else Money.NONE
            if error.code is Code.JOB_CANCELLED or (self._cancelled and error.code is Code.ORDER_CLOSED):
                return End(JobPhase.CANCELLED, money, charged)
            return End(JobPhase.FAILED, money, charged, failure)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            # A bug of ours. If something was ordered it stays in the box, so nothing is lost with it.
            if await self._waits():
                return End(JobPhase.STALLED, Money.HELD, failure=as_failure(error))
            return End(JobPhase.FAILED, Money.NONE, failure=as_failure(error))

    async def _waits(self) -> bool:
        """Whether an order of this request is in the box, also one that nobody has confirmed yet."""
        waiting = await asyncio.to_thread(self._box.waiting, self.request) if self.request else ""
        if waiting and waiting != self._order:
            self._order = waiting
            self._report(order=waiting)
        return bool(waiting)

    async def _follow(self, updates: AsyncGenerator[Update, None], facts: Mapping[str, Any]) -> End:
        end: End | None = None
        async with contextlib.aclosing(updates):
            async for update in updates:
                if update.result is not None:
                    kept = await self._engine.decode(keep, update.result, facts, self._places)
                    texts = texts_of(update.result)
                    end = End(JobPhase.DONE, Money.PAID, update.result.charged, images=tuple(kept), texts=texts,
                              missing=update.result.missing)  # fmt: skip
                    continue  # the generator now lets the store forget the order
                await self._tell(update)
        if end is None:
            raise ArtratorError(Code.INTERNAL, "The job ended without a result.")
        return end

    async def _tell(self, update: Update) -> None:
        match update.stage:
            case Stage.ORDERED:
                self._order = update.order
                self._report(phase=JobPhase.QUEUED, order=update.order, node=update.node, money=Money.HELD)
                if self._cancelled:
                    self._ask_to_stop(update.order)
            case Stage.QUEUED:
                place, wait = update.position, update.expected_seconds
                self._report(phase=JobPhase.QUEUED, position=place, expected_seconds=wait)
            case Stage.STARTED:
                self._report(phase=JobPhase.RUNNING, node=update.node, runtime=update.runtime, position=0)
            case Stage.PROGRESS:
                done, total, left = update.done, update.total, update.seconds_left
                self._report(phase=JobPhase.RUNNING, done=done, total=total, seconds_left=left)
            case Stage.PREVIEW if update.preview is not None:
                data = update.preview
                image = await self._engine.decode(lambda: pictures.decode(data, _PREVIEW_SIDE, pixels=_PREVIEW_PIXELS))
                if not image.isNull():
                    self._report(preview=image)
            case Stage.LOST:
                self._report(lost=True)
            case Stage.FOUND:
                self._report(lost=False)
            case Stage.FETCHING:
                self._report(phase=JobPhase.FETCHING)

    def _ask_to_stop(self, order: str) -> None:
        async def ask() -> None:
            pending = await asyncio.to_thread(self._box.find, order)
            if pending is not None:
                await self._buyer.cancel(pending)

        task = asyncio.get_running_loop().create_task(ask())
        self._cancelling.add(task)
        task.add_done_callback(self._cancelling.discard)


def prompt_of(manifest: Manifest, inputs: Mapping[str, Any]) -> str:
    """The words of a request: the input called prompt, else the first text."""
    names = [spec.name for spec in manifest.inputs.values() if spec.type is InputType.TEXT]
    chosen = "prompt" if "prompt" in names else names[0] if names else ""
    return str(inputs.get(chosen) or "")


def keep(result: Result, facts: Mapping[str, Any], places: Places) -> list[ImageRecord]:
    """Write a result's files, and a row for each picture; repeating it changes nothing. Blocks.

    Raises:
        ArtratorError: ``disk_full``, ``folder_unwritable``; the order then stays in the box and is fetched again.
    """
    ordered_at = float(facts.get("created_at") or result.receipt.queued_at)
    listing = str(facts.get("listing") or result.listing)
    kept: list[ImageRecord] = []
    for position, delivered in enumerate(result.outputs):
        digest = result.receipt.outputs[position].sha256
        path = places.pictures / pictures.file_name(
            listing, result.order, position, delivered.output.media_type, ordered_at
        )
        if not delivered.output.media_type.startswith("image/"):
            save(path, delivered.data)  # the gallery shows pictures only, but nothing paid for is dropped
            continue
        record = ImageRecord(
            id=0,
            order_id=result.order,
            position=position,
            outputs=len(result.outputs),
            listing=listing,
            version=str(facts.get("version") or ""),
            title=str(facts.get("title") or listing.rpartition("/")[2]),
            task=str(facts.get("task") or ""),
            package=result.receipt.package,
            prompt=str(facts.get("prompt") or ""),
            inputs=dict(facts.get("inputs") or {}),
            source=str(facts.get("source") or ""),
            node=result.receipt.node,
            node_name=result.node,
            descriptor=dict(result.descriptor_document),
            receipt=dict(result.receipt_document),
            acknowledgement=dict(result.acknowledgement_document),
            cost=result.charged,
            seconds=max(result.receipt.finished_at - ordered_at, 0.0),
            favourite=False,
            sha256=digest,
            size=len(delivered.data),
            width=delivered.output.width or 0,
            height=delivered.output.height or 0,
            path=str(path),
            created_at=time.time(),
        )
        kept.append(keep_picture(record, delivered.data, places))
    return kept


def texts_of(result: Result) -> tuple[str, ...]:
    """What a result says in words, to be shown beside its pictures or instead of them."""
    return tuple(
        delivered.data.decode("utf-8", "replace")
        for delivered in result.outputs
        if delivered.output.media_type.startswith("text/")
    )


def settings_of(record: ImageRecord) -> dict[str, Any]:
    """What a saved picture carries inside, to be made again by whoever has it."""
    return {
        "artrator": 1,
        "listing": record.listing,
        "version": record.version,
        "title": record.title,
        "package": record.package,
        "prompt": record.prompt,
        "inputs": dict(record.inputs),
        "order": record.order_id,
        "receipt": "" if record.made_here else document_digest(record.receipt),
        "node": record.node_name,
        "output": record.sha256,
    }


def keep_picture(record: ImageRecord, data: bytes, places: Places) -> ImageRecord:
    """Write one picture with its settings inside, its thumbnail and its row; repeating it changes nothing. Blocks."""
    image = pictures.decode(data, pictures.THUMBNAIL)
    whole = (record.width, record.height) if record.width else (image.width(), image.height())
    record = replace(record, width=whole[0], height=whole[1])
    save(Path(record.path), png_text.embed(data, settings_of(record)))
    if not image.isNull():
        pictures.write_thumbnail(image, pictures.thumbnail_path(places.cache, record.sha256))
    number = places.database.write(lambda connection: image_rows.add(connection, record)).result()
    return replace(record, id=number)


def facts_of(pending: PendingOrder) -> dict[str, Any]:
    """What an order itself still tells when nothing else was kept with it."""
    inputs = dict(pending.body.get("inputs") or {})
    return {
        "listing": pending.listing,
        "package": pending.package,
        "inputs": inputs,
        "prompt": str(inputs.get("prompt") or ""),
        "created_at": pending.created_at,
        "price": pending.max_price,
    }
