"""Orders that have not reached their end, on disk: written before anything leaves this machine.

A crash or a power cut can then neither lose an order nor buy it twice: whoever starts next takes each one up again.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from artrator.canonical import b64, canonical_json, unb64
from artrator.inputs import Counted
from artrator.messages.disputes import Evidence
from artrator.messages.node import JobBody
from artrator.messages.registry import NodeCandidate
from artrator.profile import write_atomically

_log: Final = logging.getLogger(__name__)

#: As long as any registry's window for disputes may well be open.
_PROOF_SECONDS: Final = 60 * 86_400


@dataclass(frozen=True)
class PendingOrder:
    """All that is needed to take an order up again.

    Attributes:
        salt: 32 bytes; only the node ever sees it.
        files: The request's files by hex SHA-256.
        counted: How many pictures were ordered, and what fewer measure: a plain ``Counted``.
        promised: The type of each output by its name, see ``promised``.
    """

    order: str
    registry: str
    listing: str
    creator_key: str
    quote: str
    max_price: int
    package: str
    request: str
    measures: Mapping[str, int]
    body: Mapping[str, Any]
    salt: bytes
    node: Mapping[str, Any]
    files: Mapping[str, bytes]
    created_at: float
    counted: Mapping[str, Any] | None = None
    promised: Mapping[str, str] | None = None

    @property
    def job_body(self) -> JobBody:
        """The request as the node gets it."""
        return JobBody.model_validate(self.body)

    @property
    def count(self) -> Counted | None:
        """How many pictures were ordered, if they are counted."""
        return None if self.counted is None else Counted(**self.counted)

    @property
    def candidate(self) -> NodeCandidate:
        """The node that was chosen."""
        return NodeCandidate.model_validate(self.node)


class OrderStore(Protocol):
    """Where pending orders are kept."""

    def save(self, order: PendingOrder) -> None:
        """Keep it durably before it is sent."""
        ...

    def forget(self, order: str) -> None:
        """It has reached its end."""
        ...

    def pending(self) -> Sequence[PendingOrder]:
        """Those that have not."""
        ...


class OrderFolder:
    """Pending orders as folders: ``<id>/order.json`` and a file for each input file. Implements ``OrderStore``.

    What was asked for stays beside it, in ``proofs/<id>.json``, for as long as it may be needed in a dispute.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._proofs = folder.with_name("proofs")

    def save(self, order: PendingOrder) -> None:
        """Write the files first and ``order.json`` last: a folder without it was never sent."""
        folder = self._folder / order.order
        for name, data in order.files.items():
            write_atomically(folder / name, data)
        plain = asdict(order) | {"salt": b64(order.salt), "files": sorted(order.files)}
        write_atomically(folder / "order.json", json.dumps(plain).encode())

    def forget(self, order: str) -> None:
        """Remove ``order.json`` first, so that half a removal is not half an order. Its evidence stays a while."""
        folder = self._folder / str(uuid.UUID(order))
        self._keep_evidence(folder)
        (folder / "order.json").unlink(missing_ok=True)
        if folder.is_dir():
            for file in folder.iterdir():
                file.unlink(missing_ok=True)
            folder.rmdir()

    def evidence(self, order: str) -> Evidence | None:
        """What proves what was asked for, if a delivery is disputed; None if it is not known here any more."""
        try:
            return Evidence.model_validate_json((self._proofs / f"{uuid.UUID(order)}.json").read_bytes())
        except (OSError, ValueError):
            return None

    def _keep_evidence(self, folder: Path) -> None:
        try:
            plain = json.loads((folder / "order.json").read_bytes())
            proof = Evidence(salt=unb64(plain["salt"]).hex(), request=canonical_json(plain["body"]).decode())
        except (OSError, ValueError):  # nothing was ever sent, or it is more than a dispute may show
            return
        write_atomically(self._proofs / f"{folder.name}.json", proof.model_dump_json().encode())
        for old in self._proofs.glob("*.json"):
            with contextlib.suppress(OSError):
                if old.stat().st_mtime < time.time() - _PROOF_SECONDS:
                    old.unlink()

    def pending(self) -> Sequence[PendingOrder]:
        """Every whole order, oldest first. One that is damaged is named in the log, and hides no other."""
        found = []
        for path in sorted(self._folder.glob("*/order.json")):
            try:
                found.append(_read(path))
            except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                _log.warning("%s cannot be read: not taken up, and its hold comes back by itself. %s", path, error)
        return sorted(found, key=lambda order: order.created_at)


def _read(path: Path) -> PendingOrder:
    plain = json.loads(path.read_text(encoding="utf-8"))
    plain["salt"] = unb64(plain["salt"])
    plain["files"] = {name: (path.parent / name).read_bytes() for name in plain["files"]}
    return PendingOrder(**plain)


class NullOrderStore:
    """Keeps nothing; for programs that would rather lose an unfinished order than touch the disk."""

    def save(self, order: PendingOrder) -> None:
        """Do nothing."""

    def forget(self, order: str) -> None:
        """Do nothing."""

    def pending(self) -> Sequence[PendingOrder]:
        """Nothing."""
        return ()
