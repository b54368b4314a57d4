"""The ``artrator`` command.

Each subcommand lives in a module of its own and is imported when it is used: ``artrator search`` loads no Qt and no
web server. ``registry``, ``node`` and ``desktop`` come from their own distributions and are found by name.
"""

from artrator.cli.main import main

__all__ = ["main"]
