"""What a listing is called in the language of the interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artrator.manifest import pick
from artrator_desktop.i18n import language

if TYPE_CHECKING:
    from artrator_desktop.state import AppState


def title_of(app: AppState, listing: str, otherwise: str) -> str:
    """The title of a listing that was seen since the start; ``otherwise`` is what it was called when it was used."""
    card = app.catalogue.known.get(listing)
    return pick(card.title, language()) if card is not None else otherwise
