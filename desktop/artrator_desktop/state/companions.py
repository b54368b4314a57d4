"""Other listings that matter to a picture: those that can take it further, and the one that made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from artrator_desktop.state.detail import ListingDetail, fetch_detail
from artrator_desktop.state.session import Session

if TYPE_CHECKING:
    from artrator.manifest import InputSpec
    from artrator.messages.registry import ListingCard
    from artrator_desktop.state.network import Network


class Companions(QObject):
    """``cards`` are listings that take a picture, for "send to"; ``inputs_of`` names the settings of older pictures."""

    changed = Signal()
    #: The inputs of a listing are known now.
    known = Signal(str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.cards: list[ListingCard] = []
        self._inputs: dict[str, Mapping[str, InputSpec]] = {}
        session.online.connect(self.refresh)

    def refresh(self) -> None:
        """Look for listings that take a picture."""

        async def work(network: Network) -> list[ListingCard]:
            page = await network.registry.search(sort="popular", limit=48)
            return [card for card in page.items if card.task != "text-to-image"]

        def done(cards: list[ListingCard]) -> None:
            self.cards = cards
            self.changed.emit()

        self._session.call(work, done)

    def inputs_of(self, listing: str) -> Mapping[str, InputSpec]:
        """The inputs of a listing. What is not known yet is asked for once; ``known`` follows."""
        if listing not in self._inputs:
            self._inputs[listing] = {}
            self._session.call(
                lambda network: fetch_detail(network, listing),
                lambda detail: self.learn(listing, detail),
                lambda _failure: self._inputs.pop(listing, None),
            )
        return self._inputs[listing]

    def learn(self, listing: str, detail: ListingDetail) -> None:
        """Remember the inputs of a listing that was opened."""
        self._inputs[listing] = detail.manifest.inputs
        self.known.emit(listing)
