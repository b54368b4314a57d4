"""Fetching of bought packages: ``door`` decides who may, ``shelf`` reads what was signed, ``purchases`` writes it down.

``ranges`` is arithmetic of bytes.
"""

from artrator_node.fetching.door import Access, Door
from artrator_node.fetching.purchases import Purchases
from artrator_node.fetching.shelf import Item, Shelf

__all__ = ["Access", "Door", "Item", "Purchases", "Shelf"]
