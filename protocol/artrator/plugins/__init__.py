"""Plugins: found by metadata, installed into environments of their own, loaded in workers only."""

from artrator.plugins.discovery import discover, find_backend, find_plugin
from artrator.plugins.info import PluginInfo, Wants
from artrator.plugins.install import Plan, install, uninstall

__all__ = ["Plan", "PluginInfo", "Wants", "discover", "find_backend", "find_plugin", "install", "uninstall"]
