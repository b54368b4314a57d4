"""The price before one presses: computed at once from the creator's signed offer, then confirmed by the registry.

The registry hears only the numbers that cost something, beside a random digest: never a prompt, and nothing from which
one could be guessed. The quote that is finally paid is asked for anew with the real request.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from artrator_desktop.state.engine import Call
from artrator_desktop.state.inputs import Picture
from artrator_desktop.state.phase import Failure, Phase
from artrator_desktop.state.session import Session

if TYPE_CHECKING:
    from artrator.messages.registry import Quote
    from artrator_desktop.state.detail import ListingDetail
    from artrator_desktop.state.network import Network

#: Dragging a slider should not ask the registry for every pixel.
_DEBOUNCE_MS: Final = 250
#: Warm and cold change; a quote on the screen is asked for again after this long.
_FRESH_MS: Final = 45_000


class Quoting(QObject):
    """``price`` is the list price of one run, in micro-credits; ``quote`` says what pays it, who runs it, how soon.

    Phases: IDLE (nothing to price, or a picture is missing that the price depends on), LOADING, READY, FAILED (nobody
    can serve it; ``failure`` says why).
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.phase = Phase.IDLE
        self.price: int | None = None
        self.quote: Quote | None = None
        self.failure: Failure | None = None
        self.measures: Mapping[str, int] = {}
        self._wanted: tuple[ListingDetail, dict[str, Any], dict[str, list[tuple[int, int]]]] | None = None
        self._call: Call[Any] | None = None
        self._debounce = QTimer(self)
        self._debounce.setSingleShot(True)
        self._debounce.setInterval(_DEBOUNCE_MS)
        self._debounce.timeout.connect(self._ask)
        self._stale = QTimer(self)
        self._stale.setSingleShot(True)
        self._stale.setInterval(_FRESH_MS)
        self._stale.timeout.connect(self._grew_stale)
        self._watched = False
        self._overdue = False

    @property
    def seconds(self) -> float | None:
        """Expected seconds from the press to the picture, or None if the node has not measured it yet."""
        return self.seconds_for(1)

    def seconds_for(self, runs: int) -> float | None:
        """As ``seconds``, for so many runs one after another: they wait for the queue and for a cold model once."""
        if self.quote is None or not self.quote.nodes:
            return None
        node = self.quote.nodes[0]
        return node.expected_wait + node.run_seconds * runs if node.run_seconds else None

    @property
    def present(self) -> Quote | None:
        """The quote, unless the form has changed since and another is on its way."""
        quote = self.quote
        return quote if quote is not None and (quote.worth or quote.cap) == self.price else None

    @property
    def state(self) -> str:
        """``warm``, ``cold`` or ``loading`` of the node that would run it, or an empty text."""
        return self.quote.nodes[0].state.value if self.quote is not None and self.quote.nodes else ""

    def ask(self, detail: ListingDetail, values: Mapping[str, Any], pictures: Mapping[str, Sequence[Picture]]) -> None:
        """The form changed; a price follows."""
        sizes = {name: [(each.width, each.height) for each in chosen] for name, chosen in pictures.items()}
        another = self._wanted is None or self._wanted[0] is not detail
        self._wanted = (detail, dict(values), sizes)
        if another:
            self._forget()
        self._debounce.start(0 if another else _DEBOUNCE_MS)

    def watch(self, on: bool) -> None:
        """Somebody looks at the price, or nobody does: then it is not asked for again until somebody does."""
        self._watched = on
        if on and self._overdue:
            self.again()

    def again(self) -> None:
        """Ask again for the same: time has passed, or the connection is back."""
        self._overdue = False
        if self._wanted is not None:
            self.measures = {}
            self._debounce.start()

    def _grew_stale(self) -> None:
        self._overdue = True
        if self._watched:
            self.again()

    def _forget(self) -> None:
        # An answer that is still on its way is about another listing.
        self._cancel()
        self.price, self.quote, self.failure, self.measures = None, None, None, {}
        self.phase = Phase.LOADING
        self.changed.emit()

    def _ask(self) -> None:
        if self._wanted is None:
            return
        detail, values, sizes = self._wanted
        measures = measure_request(detail, values, sizes)
        if measures is None:
            self._cancel()
            self.price, self.quote, self.failure, self.measures = None, None, None, {}
            self.phase = Phase.IDLE
            self.changed.emit()
            return
        fresh = self.quote is not None and self.quote.expires_at > time.time() + 20
        if measures == self.measures and self.phase is Phase.READY and fresh:
            return
        self._cancel()
        self.measures = measures
        self.price = sum(detail.offer.breakdown(measures).values())
        if self.phase is not Phase.READY:
            self.phase = Phase.LOADING
        self.changed.emit()
        listing, version = detail.listing.card.listing, detail.listing.card.version

        async def work(network: Network) -> Quote:
            from artrator.messages.registry import QuoteRequest

            digest = hashlib.sha256(secrets.token_bytes(32)).hexdigest()
            return await network.registry.quote(
                QuoteRequest(listing=listing, version=version, measures=measures, request=digest)
            )

        self._call = self._session.call(work, self._answered, self._refused)

    def _answered(self, quote: Quote) -> None:
        self._call = None
        if self.price is not None and quote.cap > self.price:
            self._refused(
                Failure(
                    "price_above_cap",
                    "The registry asks for more than the creator's signed offer.",
                    "Tell its operator.",
                )
            )
            return
        self.quote = quote
        self.price = quote.worth or quote.cap
        self.failure = None
        self.phase = Phase.READY
        self._stale.start()
        self.changed.emit()

    def _refused(self, failure: Failure) -> None:
        self._call = None
        self.quote = None
        self.failure = failure
        self.phase = Phase.FAILED
        self._stale.start()
        self.changed.emit()

    def _cancel(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None


def measure_request(
    detail: ListingDetail, values: Mapping[str, Any], sizes: Mapping[str, Sequence[tuple[int, int]]]
) -> dict[str, int] | None:
    """The cost units of a form, or None while a picture is missing that they depend on."""
    from artrator.errors import ArtratorError
    from artrator.inputs import measure

    for unit in detail.manifest.cost.units:
        for factor in unit.factors:
            name = factor.partition(".")[0]
            if "." in factor and not sizes.get(name) and detail.manifest.inputs[name].required:
                return None
    try:
        return dict(measure(detail.manifest, dict(values), sizes))
    except (ArtratorError, KeyError, TypeError, ValueError):  # a value that is not there yet, such as an empty number
        return None
