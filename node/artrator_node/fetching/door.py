"""Who may fetch a package: whoever shows the ticket of a purchase or a licence, and holds the key that it names.

Decided offline, like jobs. A ticket that was accepted once is known by its digest from then on, because the key that
signed it may end while gigabytes are still under way.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from artrator.canonical import sha256, unb64
from artrator.documents import Licence, Ticket, ticket_digest
from artrator.errors import ArtratorError, Code
from artrator.messages.node import JobState
from artrator_node.catalogue import Catalogue, ServedPackage
from artrator_node.clock import Clock
from artrator_node.fetching.purchases import Purchases
from artrator_node.gate import LEEWAY_SECONDS, Gate
from artrator_node.journal import JobRecord
from artrator_node.registry.keyring import Keyring
from artrator_node.registry.revocations import Revocations

#: A ticket has a kilobyte and a licence two; more is none of them.
_LONGEST: Final = 8_192


@dataclass(frozen=True)
class Access:
    """Somebody who may fetch.

    Attributes:
        buyer: The buyer's key, encoded.
        purchase: What their ticket stands for; None for a licence, whose purchase has ended long ago.
        verification: The ticket of somebody who only looks.
    """

    served: ServedPackage
    buyer: str
    purchase: JobRecord | None
    verification: Ticket | None = None

    @property
    def until(self) -> float | None:
        """When what is being sent has to end; None if it may go on."""
        if self.verification is not None:
            return self.verification.finish_by
        return self.purchase.finish_by if self.purchase is not None and not self.purchase.ended else None

    @property
    def key(self) -> bytes | None:
        """What files are sealed with for them; None for those who get them as they are."""
        sealing = None if self.purchase is None else self.purchase.sealing_key
        return None if sealing is None else bytes.fromhex(sealing)


@dataclass(frozen=True)
class Shown:
    """What a request brings along."""

    method: str
    path: str
    ticket: str | None
    licence: str | None
    proof: str | None


class Door:
    """The checks of those who fetch, over the gate's."""

    def __init__(
        self,
        node: str,
        gate: Gate,
        keyring: Keyring,
        revocations: Revocations,
        catalogue: Catalogue,
        purchases: Purchases,
        clock: Clock,
    ) -> None:
        self._node = node
        self._gate = gate
        self._keyring = keyring
        self._revocations = revocations
        self._catalogue = catalogue
        self._purchases = purchases
        self._clock = clock

    async def open(self, package: str, shown: Shown) -> Access:
        """Let somebody at a package's files.

        Raises:
            ArtratorError: ``licence_missing``, ``licence_invalid``, ``licence_revoked``; ``ticket_invalid``,
                ``ticket_wrong_node``, ``ticket_expired``, ``offer_invalid``, ``order_closed``; ``proof_invalid``;
                ``listing_unknown``.
        """
        if max(len(shown.ticket or ""), len(shown.licence or "")) > _LONGEST:
            raise ArtratorError(Code.LICENCE_INVALID, "This is neither a ticket nor a licence.")
        if shown.licence is not None:
            return self._by_licence(package, shown, shown.licence)
        if shown.ticket is not None:
            return await self._by_ticket(package, shown, shown.ticket)
        raise ArtratorError(Code.LICENCE_MISSING, "Only who bought a package can fetch it.")

    def _by_licence(self, package: str, shown: Shown, text: str) -> Access:
        try:
            licence = Licence.verify(json.loads(unb64(text)), self._keyring.root)
        except (ArtratorError, ValueError, RecursionError) as error:
            raise ArtratorError(
                Code.LICENCE_INVALID, "The licence is damaged or was not signed by this node's registry."
            ) from error
        self._prove(licence.buyer, shown, text)
        if licence.registry != self._keyring.registry_id or licence.package != package:
            raise ArtratorError(Code.LICENCE_INVALID, "The licence is for another package.")
        if licence.order in self._revocations:
            raise ArtratorError(Code.LICENCE_REVOKED, "This licence was taken back when its price was.")
        return Access(self._catalogue.get(package), licence.buyer, None)

    async def _by_ticket(self, package: str, shown: Shown, text: str) -> Access:
        digest = ticket_digest(text)
        known = await self._purchases.known(digest)
        if known is None:
            ticket = await self._gate.read(text)
            self._prove(ticket.cnf, shown, text)
            if ticket.kind == "verify":
                return self._by_verification(package, ticket)
            await self._catalogue.learn(package, ticket.offer)
            served = self._fits(ticket, package)
            known = await self._purchases.accept(ticket, digest)
        else:
            self._prove(known.cnf, shown, text)
            if known.package != package:
                raise ArtratorError(Code.TICKET_INVALID, "The ticket is for another package.")
            served = self._catalogue.get(package)
        if known.sealing_key is None:
            raise ArtratorError(Code.TICKET_INVALID, "The ticket was shown to an older node, which sealed nothing.")
        if known.state in (JobState.FAILED, JobState.CANCELLED):
            raise ArtratorError(Code.ORDER_CLOSED, "The purchase has ended and nothing was paid for it.")
        if self._clock.now() > (known.finish_by if not known.ended else known.capture_by) + LEEWAY_SECONDS:
            raise ArtratorError(
                Code.TICKET_EXPIRED, "The time in which this purchase could be fetched by its ticket is over."
            )
        return Access(served, known.cnf, known)

    def _by_verification(self, package: str, ticket: Ticket) -> Access:
        """Somebody may look: nothing is sold, so no offer need fit, and nothing is to be claimed."""
        if ticket.iss != self._keyring.registry_id or ticket.package != package:
            raise ArtratorError(Code.TICKET_INVALID, "The ticket does not let its holder look at this package.")
        if ticket.aud != self._node:
            raise ArtratorError(Code.TICKET_WRONG_NODE, "The ticket is for another node.", node=ticket.aud)
        if ticket.jti in self._revocations:
            raise ArtratorError(Code.TICKET_INVALID, "The ticket was taken back.")
        if self._clock.now() > ticket.finish_by + LEEWAY_SECONDS:
            raise ArtratorError(Code.TICKET_EXPIRED, "The time of this ticket is over; ask for another one.")
        return Access(self._catalogue.get(package), ticket.cnf, None, verification=ticket)

    def _fits(self, ticket: Ticket, package: str) -> ServedPackage:
        if ticket.iss != self._keyring.registry_id:
            raise ArtratorError(Code.TICKET_INVALID, "The ticket comes from another registry.")
        if ticket.aud != self._node:
            raise ArtratorError(Code.TICKET_WRONG_NODE, "The ticket is for another node.", node=ticket.aud)
        if ticket.kind != "purchase" or ticket.package != package:
            raise ArtratorError(Code.TICKET_INVALID, "The ticket does not let its holder fetch this package.")
        if self._clock.now() > ticket.finish_by + LEEWAY_SECONDS:
            raise ArtratorError(Code.TICKET_EXPIRED, "The ticket should have been used before.")
        served = self._catalogue.get(package)
        if ticket.offer not in served.offers:
            raise ArtratorError(Code.OFFER_INVALID, "The ticket was sold under an offer that this node does not know.")
        return served

    def _prove(self, buyer: str, shown: Shown, text: str) -> None:
        """The proof names what is shown with it, so that it opens nothing else."""
        self._gate.prove(buyer, shown.proof, method=shown.method, path=shown.path, body=sha256(text.encode()))
