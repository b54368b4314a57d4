"""The catalogue: search results and the one listing that is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from artrator_desktop.state.detail import ListingDetail, fetch_detail
from artrator_desktop.state.engine import Call
from artrator_desktop.state.phase import Failure, Phase
from artrator_desktop.state.session import Session
from artrator_desktop.state.terms import Terms, fetch_terms

if TYPE_CHECKING:
    from artrator.messages.registry import ListingCard, ListingPage
    from artrator_desktop.state.network import Network


class Catalogue(QObject):
    """Searches (the latest wins) and opens listings."""

    changed = Signal()
    detail_changed = Signal()
    #: What a usual run costs, and how it went for others, is known of the open listing.
    terms_changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.phase = Phase.IDLE
        self.failure: Failure | None = None
        self._cards: list[ListingCard] = []
        #: Every card that was seen since the start, by listing: other pages name and picture listings by it.
        self.known: dict[str, ListingCard] = {}
        self.total = 0
        self.tasks: Mapping[str, int] = {}
        self.query = ""
        self.task = ""
        self.sort = "relevant"
        self.suggestion: tuple[str, int] | None = None
        self.detail: ListingDetail | None = None
        self.detail_phase = Phase.IDLE
        self.detail_failure: Failure | None = None
        self.detail_ref = ""
        self.terms: Terms | None = None
        self._next: str | None = None
        self._call: Call[Any] | None = None
        self._more: Call[Any] | None = None
        self._opening: Call[Any] | None = None
        session.online.connect(self._online)

    @property
    def cards(self) -> list[ListingCard]:
        """What was found, as far as it was asked for."""
        return self._cards

    @cards.setter
    def cards(self, cards: list[ListingCard]) -> None:
        self._cards = cards
        self.known |= {card.listing: card for card in cards}

    @property
    def nodes_online(self) -> int:
        """How many nodes serve this registry now."""
        return self._session.info.nodes_online if self._session.info is not None else 0

    @property
    def more(self) -> bool:
        """Whether ``load_more`` would bring something."""
        return self._next is not None

    def search(self, query: str = "", task: str = "", sort: str = "") -> None:
        """Search anew; what an older search still brings is dropped."""
        self.query, self.task, self.sort = query, task, sort or self.sort
        self._cancel()
        self.phase = Phase.LOADING
        self.failure = None
        self.suggestion = None
        self.changed.emit()
        wanted_sort = self.sort

        async def work(network: Network) -> tuple[ListingPage, tuple[str, int] | None]:
            page = await network.registry.search(query, task=task or None, sort=wanted_sort)
            return page, await _suggest(network, query) if query and not page.items else None

        self._call = self._session.call(work, self._found, self._failed)

    def refresh(self) -> None:
        """Search again for the same."""
        self.search(self.query, self.task, self.sort)

    def load_more(self) -> None:
        """Bring the next page, if there is one and it is not on its way."""
        if self._next is None or self._more is not None:
            return
        query, task, sort, cursor = self.query, self.task, self.sort, self._next

        async def work(network: Network) -> ListingPage:
            return await network.registry.search(query, task=task or None, sort=sort, cursor=cursor)

        def done(page: ListingPage) -> None:
            self._more = None
            self.cards = [*self.cards, *page.items]
            self._next = page.next
            self.changed.emit()

        def failed(_failure: Failure) -> None:
            self._more = None

        self._more = self._session.call(work, done, failed)

    def open(self, listing: str, version: str | None = None) -> None:
        """Open a listing, ``handle/name``; ``detail`` follows."""
        if self._opening is not None:
            self._opening.cancel()
        if self.detail_ref != listing:
            self.detail = None
            self.terms = None
        self.detail_ref = listing
        self.detail_phase = Phase.LOADING
        self.detail_failure = None
        self.detail_changed.emit()

        async def work(network: Network) -> ListingDetail:
            return await fetch_detail(network, listing, version)

        def done(detail: ListingDetail) -> None:
            self._opening = None
            self.detail = detail
            self.known[detail.listing.card.listing] = detail.listing.card
            self.detail_phase = Phase.READY
            self.detail_changed.emit()
            self.look_at_terms()

        def failed(failure: Failure) -> None:
            self._opening = None
            self.detail_failure = failure
            self.detail_phase = Phase.FAILED
            self.detail_changed.emit()

        self._opening = self._session.call(work, done, failed)

    def look_at_terms(self) -> None:
        """Ask what a usual run of the open listing costs this account; ``terms_changed`` follows."""
        detail = self.detail
        if detail is None:
            return

        async def work(network: Network) -> Terms:
            return await fetch_terms(network, detail)

        def done(terms: Terms) -> None:
            if self.detail is detail:
                self.terms = terms
                self.terms_changed.emit()

        self._session.call(work, done)

    def _found(self, result: tuple[ListingPage, tuple[str, int] | None]) -> None:
        page, self.suggestion = result
        self._call = None
        self.cards = list(page.items)
        self.total = page.total
        if not self.task or page.tasks:
            self.tasks = page.tasks
        self._next = page.next
        self.phase = Phase.READY if self.cards else Phase.EMPTY
        self.changed.emit()

    def _failed(self, failure: Failure) -> None:
        self._call = None
        self.failure = failure
        # What was found before is still true enough to be looked at.
        self.phase = Phase.FAILED
        self.changed.emit()

    def _cancel(self) -> None:
        for call in (self._call, self._more):
            if call is not None:
                call.cancel()
        self._call = self._more = None

    def _online(self) -> None:
        self.refresh()
        if self.detail_ref and self.detail_phase is Phase.FAILED:
            self.open(self.detail_ref)


async def _suggest(network: Network, query: str) -> tuple[str, int] | None:
    """A shorter query that does find something: single words, longest first."""
    words = sorted(set(query.split()), key=len, reverse=True)
    for word in words[:3] if len(words) > 1 else [query[: len(query) // 2]] if len(query) >= 6 else []:
        page = await network.registry.search(word, limit=1)
        if page.total:
            return word, page.total
    return None
