"""Plugins: found by metadata, installed into environments of their own, loaded in workers only."""

from artrator.plugins.discovery import discover, find_backend, find_plugin
from artrator.plugins.info import PluginInfo, Wants

__all__ = ["PluginInfo", "Wants", "discover", "find_backend", "find_plugin"]
