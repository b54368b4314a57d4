"""The ``artrator`` command.

Each subcommand lives in a module of its own and is imported when it is used: ``artrator search`` loads no Qt and no
web server. ``registry``, ``node`` and ``desktop`` come from their own distributions and are found by name.
"""

try:
    from artrator.cli.main import main
except KeyboardInterrupt:  # Ctrl+C that soon ends as quietly as it does later
    raise SystemExit(130) from None

__all__ = ["main"]
