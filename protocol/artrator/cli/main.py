"""The root of the command line: lazy subcommands, and one way to end on an error."""

from __future__ import annotations

import errno
import importlib
import importlib.util
import io
import json
import os
import sys
from typing import Any, Final

import click

# onnxruntime phones home unless it is told not to before it is imported; every process below inherits this.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

#: Name -> where the command is, and what help says of it without importing it.
_COMMANDS: Final = {
    "account": ("artrator.cli.account:account", "Choose a registry and see who you are there."),
    "balance": ("artrator.cli.account:balance", "Show what you can spend and what is on hold."),
    "demo": ("artrator.cli.demo:demo", "Start a registry, a node and the desktop on this machine."),
    "desktop": ("artrator_desktop.cli:desktop", "Open the desktop app."),
    "dispute": ("artrator.cli.disputes:dispute", "Say that a delivery is not what was bought, or answer it."),
    "earnings": ("artrator.cli.earnings:earnings", "Show what you earned, and what of it you can have."),
    "generate": ("artrator.cli.generate:generate", "Buy one run of a model and write what it makes."),
    "licence": ("artrator.cli.licences:licence", "Buy a model to keep, and fetch it again."),
    "node": ("artrator_node.cli:node", "Serve your own models from this machine."),
    "orders": ("artrator.cli.orders:orders", "See your orders, and take up one that was interrupted."),
    "pass": ("artrator.cli.passes:a_pass", "Buy a pass, and have it renew itself or not."),
    "passes": ("artrator.cli.passes:passes", "Show your passes and what is left of them."),
    "plan": ("artrator.cli.plans:plan", "Sell passes: offer a plan, withdraw it, see what is sold."),
    "package": ("artrator.cli.package:package", "Make, check, sign and verify packages."),
    "payout": ("artrator.cli.earnings:payout", "Have your earnings paid out."),
    "plugins": ("artrator.cli.plugins:plugins", "List, install and uninstall backends."),
    "redeem": ("artrator.cli.account:redeem", "Redeem a voucher."),
    "registry": ("artrator_registry.cli:registry", "Run a registry: accounts, listings, money."),
    "run": ("artrator.cli.run:run", "Run a model on this machine that you own or made."),
    "search": ("artrator.cli.search:search", "Find models."),
    "seller": ("artrator.cli.earnings:seller", "Say who sells, as tax law asks."),
    "show": ("artrator.cli.search:show", "Show a listing: inputs, price, licence, signature."),
    "statement": ("artrator.cli.account:statement", "Show what came and what went."),
    "topup": ("artrator.cli.topup:topup", "Buy credits."),
    "topups": ("artrator.cli.topup:topups", "List the credits that you bought."),
}

#: Exit codes, so that scripts can tell what went wrong without reading. 2 is click's: the command itself was wrong.
EXIT_ERROR: Final = 1
EXIT_MONEY: Final = 3
EXIT_UNREACHABLE: Final = 4
EXIT_CANCELLED: Final = 130


class LazyGroup(click.Group):
    """A group whose subcommands are imported when they are asked for, and whose errors end in one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, whether installed or not: what is missing says how to get it."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one subcommand."""
        if cmd_name not in _COMMANDS:
            return None
        target, summary = _COMMANDS[cmd_name]
        module, _, attribute = target.partition(":")
        distribution = module.partition(".")[0]
        if importlib.util.find_spec(distribution) is None:
            extra = distribution.removeprefix("artrator_")
            message = f"artrator {cmd_name} is not installed here. Install it with: pip install 'artrator[{extra}]'"
            return click.Command(cmd_name, callback=_say(message), help=f"{summary} (not installed)")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{target} is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line for each subcommand, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in sorted(_COMMANDS.items())])

    def invoke(self, ctx: click.Context) -> Any:
        """Run, and turn an ArtratorError into its sentence, its cure and an exit code."""
        from artrator.errors import ArtratorError, Code

        _write_what_can_be_written()
        try:
            return super().invoke(ctx)
        except ArtratorError as error:
            problem: ArtratorError = error
        except (KeyboardInterrupt, click.Abort):
            click.echo("\nStopped.", err=True)
            return ctx.exit(EXIT_CANCELLED)
        except UnicodeEncodeError as error:  # what was typed in another encoding than the terminal says it has
            problem = ArtratorError(
                Code.REQUEST_INVALID,
                f"What was typed is no text in this terminal's encoding, {error.encoding}.",
                cure="Use a locale with UTF-8, such as LANG=C.UTF-8.",
            )
        except ValueError as error:
            problem = _wrong_value(error)
        except OSError as error:
            if error.filename is None and error.errno != errno.ENOSPC:  # no file's fault, such as a reader that left
                raise
            problem = _file_trouble(error)
        show_error(problem)
        return ctx.exit(exit_code(problem))


def _write_what_can_be_written() -> None:
    """Into a file or pipe of another encoding than UTF-8 go question marks for the rest, and no failure."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")


def _say(message: str) -> Any:
    def callback() -> None:
        raise click.UsageError(message)

    return callback


def _wrong_value(error: ValueError) -> Any:
    """A value that no message may carry; answers are checked where they come in, so it was given to this command."""
    from artrator._pydantic import ValidationError
    from artrator.errors import ArtratorError, Code

    if not isinstance(error, ValidationError):
        raise error
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    problem = first["msg"]
    if first["type"] == "string_pattern_mismatch" and first["ctx"]["pattern"].startswith("^[a-z0-9"):
        problem = "write a short word of small letters and digits, with dashes between them, such as my-name"
    return ArtratorError(Code.REQUEST_INVALID, f"{field or 'A value'} is wrong: {problem}.", field=field)


def _file_trouble(error: OSError) -> Any:
    """A file or folder that this machine refuses, as a person can understand it."""
    from artrator.errors import CATALOGUE, ArtratorError, Code

    what = f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
    if error.errno == errno.ENOSPC:
        return ArtratorError(Code.DISK_FULL, what, cure=CATALOGUE[Code.DISK_FULL].cure)
    return ArtratorError(Code.REQUEST_INVALID, what, cure="Check that it is there and that you may read and write it.")


def exit_code(error: Exception) -> int:
    """The exit code of an error."""
    from artrator.errors import ArtratorError, Code

    match error.code if isinstance(error, ArtratorError) else None:
        case (
            Code.ALLOWANCE_USED
            | Code.CREDITS_INSUFFICIENT
            | Code.DEBT_UNPAID
            | Code.EARNINGS_INSUFFICIENT
            | Code.PRICE_ABOVE_CAP
            | Code.SPENDING_LIMIT
        ):
            return EXIT_MONEY
        case Code.REGISTRY_UNREACHABLE | Code.NODE_UNREACHABLE | Code.NO_NODE | Code.NODE_BUSY:
            return EXIT_UNREACHABLE
        case Code.JOB_CANCELLED:
            return EXIT_CANCELLED
        case _:
            return EXIT_ERROR


def show_error(error: Any) -> None:
    """An ArtratorError on standard error: for a person, or as JSON where the command was asked for JSON."""
    if "--json" in sys.argv:
        click.echo(json.dumps(error.to_json(), ensure_ascii=False), err=True)
        return
    click.secho(f"{error.message}", err=True, fg="red")
    if error.cure:
        click.echo(f"{error.cure}  [{error.code.value}]", err=True)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="artrator", message="artrator %(version)s")
def main() -> None:
    """Artrator: a federation for generative models.

    Creators serve signed models from their own machine; buyers pay per picture and never for one that did not arrive.
    """
