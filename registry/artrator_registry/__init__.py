"""The Artrator registry: accounts, listings, orders and money; never a prompt or a picture."""

from artrator_registry.app import create_app
from artrator_registry.settings import Settings

__all__ = ["Settings", "create_app"]
