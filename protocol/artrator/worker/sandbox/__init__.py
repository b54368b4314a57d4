"""Confine this process, with the standard library alone.

``bootstrap.py`` loads this folder by path, before ``artrator`` and numpy, so nothing here may import either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def confine(settings: Mapping[str, Any]) -> list[str]:
    """Take from this process whatever the parent did not grant; there is no way back.

    Args:
        settings: What ``artrator.worker.policy`` wrote.

    Returns:
        What this platform could not confine, one sentence each.
    """
    from .limits import limit_resources

    return limit_resources(settings)
