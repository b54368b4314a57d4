"""``artrator registry disputes | dispute | resolve``: deliveries that are not what was bought."""

from __future__ import annotations

import json
from pathlib import Path

import click

from artrator.documents import Acknowledgement, Receipt
from artrator.errors import ArtratorError, Code
from artrator.money import format_credits
from artrator_registry.admin import Refused, data_option, read, write
from artrator_registry.cells import moment


@click.command()
@data_option
def disputes(data: Path) -> None:
    """List disputes that wait for the creator or for you.

    Their money is set aside until they are decided.
    """
    from artrator_registry.disputes.service import undecided

    rows = read(data, undecided)
    if not rows:
        click.echo("No dispute waits to be decided.")
    for row in rows:
        click.echo(
            f"{row['order_id']}  {moment(row['opened_at'])}  {row['state']:<8} {row['listing']}"
            f"  {format_credits(row['amount'])} credits  {row['buyer_handle']}: {row['reason']}  {_line(row['text'])}"
        )


@click.group()
def dispute() -> None:
    """Look into a dispute."""


@dispute.command("show")
@data_option
@click.argument("order")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def show(data: Path, order: str, as_json: bool) -> None:
    """Show what both sides say about ORDER, and what they signed."""
    from artrator_registry.disputes.service import shown

    found = read(data, lambda t: shown(t, order))
    if as_json:
        click.echo(json.dumps(found.model_dump(mode="json"), ensure_ascii=False, indent=2))
        return
    click.echo(f"{found.listing}: {format_credits(found.amount)} credits, {found.state.value}")
    click.echo(f"{moment(found.opened_at)} {found.buyer}: {found.reason.value}\n{_block(found.text)}")
    if found.evidence is not None:
        proof = "proves this request" if found.evidence_fits else "is NOT what the ticket names: it proves nothing"
        click.echo(f"the salt {proof}\n{_block(found.evidence.request)}")
    if found.receipt is not None:
        receipt = Receipt.peek(found.receipt)
        outputs = "1 output" if len(receipt.outputs) == 1 else f"{len(receipt.outputs)} outputs"
        click.echo(f"the node's receipt: {receipt.outcome}, {outputs}, {receipt.runtime}")
        for output in receipt.outputs:
            click.echo(f"    {output.name}  {output.media_type}  {output.size} bytes  sha256:{output.sha256}")
    if found.acknowledgement is not None:
        said = Acknowledgement.peek(found.acknowledgement)
        click.echo(f"the buyer's acknowledgement: {said.verdict} {_line(said.reason)}".rstrip())
    if found.answered_at is not None:
        click.echo(f"{moment(found.answered_at)} {found.creator}:\n{_block(found.answer or '')}")
    if found.decided_at is not None:
        why = f": {_line(found.note)}" if found.note else ""
        click.echo(f"{moment(found.decided_at)} decided for the {found.decided_for}{why}")


@dispute.command("seal")
@data_option
@click.argument("order")
@click.option(
    "--package",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="The folder of the package that was sold.",
)
def seal(data: Path, order: str, package: Path) -> None:
    """Tell whether a node sent the package that it sold.

    Compares what its receipt for ORDER binds it to with the PACKAGE that was sold: any copy that its creator signed,
    sealed with the key that the node deposited.
    """
    from artrator.keys import PublicKey
    from artrator.package import verify
    from artrator.sealing import root_of
    from artrator_registry.purchases.service import evidence

    row, signed = read(data, lambda t: evidence(t, order))
    verified = verify(package, PublicKey.decode(row["creator_key"]))
    if verified.digest != row["package"]:
        raise Refused(
            ArtratorError(
                Code.PACKAGE_CHANGED,
                f"This is another package; {row['package']} was sold.",
                cure="Name a copy of the package that was sold.",
            )
        )
    files = {file.sha256: (package / name, file.size) for name, file in verified.files.items()}
    if root_of(files, row["sealed_key"]) == signed.root:
        click.echo("the node sent this package: what it signed is the package, sealed with the key that was handed out")
    else:
        click.echo("the node sent something else: what it signed is not this package under the key that was handed out")


@click.command()
@data_option
@click.argument("order")
@click.option("--to", "winner", type=click.Choice(["buyer", "creator"]), required=True, help="Who gets the money.")
@click.option("--note", default="", help="Why; both sides see it.")
def resolve(data: Path, order: str, winner: str, note: str) -> None:
    """Decide a dispute. It cannot be undone."""
    from artrator_registry.disputes.service import resolve as decide

    row = write(data, lambda t: decide(t, order, winner, note))
    click.echo(
        f"{order} is {row['state']}; {format_credits(row['charged'])} credits were charged,"
        f" {format_credits(row['refunded'])} went back"
    )


def _line(text: str) -> str:
    """What somebody wrote, as one line that cannot move the cursor of a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:200]


def _block(text: str) -> str:
    """What somebody wrote, indented, line by line."""
    return "\n".join(f"    {_line(line)}" for line in text.splitlines()) if text else "    (no words)"
