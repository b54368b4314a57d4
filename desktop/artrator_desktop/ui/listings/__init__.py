"""The grid of listings: its model, how a card is painted, and the view."""

from artrator_desktop.ui.listings.grid import ListingGrid
from artrator_desktop.ui.listings.model import ListingModel

__all__ = ["ListingGrid", "ListingModel"]
