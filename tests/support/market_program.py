"""The registry process of the proofs: the plain command with a rail whose provider is a folder of files.

A provider does not die with the registry, so what it knows is kept outside: whoever writes a payment there has paid.
``MARKET_PROVIDER`` names the folder; ``MARKET_SHIFT`` a file that says by how many seconds this process's clock stands
beside the real one, read once at its start: that is how weeks pass between two starts.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toy_rail import Provider, ToyRail

from artrator.rail import NewTopUp, OpenedTopUp, Payment, PaymentState, PayoutAnswer, PayoutOrder

#: What a process of its own is told to run.
PROGRAM = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\nfrom market_program import serve\nserve()\n"


class FileProvider(Provider):
    """What a provider knows, in files that any process may write."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def say(self, payment: Payment) -> str:
        """The provider's word on a payment from now on; answers its reference."""
        words = {"state": payment.state.value, "topup": payment.topup, "payment": payment.payment,
                 "charge": payment.charge, "currency": payment.currency, "taken_back": payment.taken_back}  # fmt: skip
        reference = f"ref-{payment.topup}"
        scratch = self.folder / f".{reference}.{os.getpid()}"
        scratch.write_text(json.dumps(words))
        scratch.replace(self.folder / reference)
        return reference

    def find(self, reference: str) -> Payment | None:
        path = self.folder / reference
        if not path.exists():
            return None
        words: dict[str, Any] = json.loads(path.read_text())
        return Payment(**words | {"state": PaymentState(words["state"])})


class FileRail(ToyRail):
    """A toy rail whose provider outlives the registry; open top-ups are asked about every second."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.files = FileProvider(folder)
        self.terms = type(self.terms)(**{**self.terms.__dict__, "poll_seconds": 1.0})

    async def make_topup(self, new: NewTopUp) -> OpenedTopUp:
        if self.files.find(f"ref-{new.id}") is None:
            self.files.say(Payment(PaymentState.OPEN, topup=new.id))
        return OpenedTopUp(reference=f"ref-{new.id}", page=f"https://toy.example/{new.id}")

    async def look(self, reference: str) -> Payment | None:
        return self.files.find(reference)

    async def payout(self, order: PayoutOrder) -> PayoutAnswer:
        """Sent once for each id, as providers promise; the file is the money that left."""
        scratch = self.files.folder / f".out-{order.id}.{os.getpid()}"
        scratch.write_text(str(order.charge))
        # At once and whole, or not at all: a provider is not killed with the registry.
        with contextlib.suppress(FileExistsError):
            os.link(scratch, self.files.folder / f"out-{order.id}")
        return PayoutAnswer("sent", f"out-{order.id}")

    async def payout_state(self, order: PayoutOrder, reference: str) -> PayoutAnswer:
        if not (self.files.folder / f"out-{order.id}").exists():
            return await self.payout(order)
        return PayoutAnswer("paid", f"out-{order.id}")


def environment(folder: Path) -> Mapping[str, str]:
    """For a process that serves with what this folder holds."""
    return {"MARKET_PROVIDER": str(folder / "provider"), "MARKET_SHIFT": str(folder / "shift")}


def serve() -> None:
    """The command, with the rail and the shifted clock."""
    shift = Path(os.environ["MARKET_SHIFT"])
    ahead = float(shift.read_text()) if shift.exists() else 0.0
    real = time.time
    time.time = lambda: real() + ahead
    from artrator_registry import app
    from artrator_registry.cli import registry

    plain = app.load_rails
    rail = FileRail(Path(os.environ["MARKET_PROVIDER"]))
    app.load_rails = lambda names, file: {**plain(names, file), "toy": rail}
    registry()
