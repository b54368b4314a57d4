"""The ticket gate: who may run what here, decided offline.

In this order, so that the cheap checks protect the dear ones:

1. the ticket is signed by a key of the pinned registry, for this node, for this job;
2. the request carries the buyer's proof of possession;
3. the request is the one that was paid for (its salted digest);
4. the times allow it, the package is served, the offer is one of its creator's;
5. with the files at hand: it measures no more than was paid for (``measured``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from artrator.canonical import request_digest, unb64
from artrator.documents import Ticket, proof, ticket_digest
from artrator.documents import ticket as tickets
from artrator.errors import ArtratorError, Code
from artrator.inputs import image_size, measure
from artrator.inputs.images import check_size, check_total
from artrator.keys import PublicKey
from artrator.manifest import Manifest
from artrator.messages.node import JobRequest
from artrator_node.catalogue import Catalogue, ServedPackage
from artrator_node.clock import Clock
from artrator_node.connections.crowd import proven
from artrator_node.registry.keyring import Keyring

#: What a message may be under way; the clock itself is the registry's (see ``clock``).
LEEWAY_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Admission:
    """A ticket that is genuine, held by the right buyer, and for this node and job."""

    ticket: Ticket
    ticket_digest: str
    #: Whether the request that came with it is the one that was paid for.
    untampered: bool


class Gate:
    """The checks, over the node's keyring and catalogue."""

    def __init__(self, node: str, keyring: Keyring, catalogue: Catalogue, clock: Clock) -> None:
        self._node = node
        self._keyring = keyring
        self._catalogue = catalogue
        self._clock = clock

    async def identify(self, job: str, path: str, proof_header: str | None, request: JobRequest) -> Admission:
        """Steps 1 to 3. A tampered request is told by ``untampered``: what it means depends on what is known.

        Raises:
            ArtratorError: ``ticket_invalid``, ``ticket_wrong_node``, ``proof_invalid``.
        """
        ticket = await self.read(request.ticket)
        if ticket.iss != self._keyring.registry_id:
            raise ArtratorError(Code.TICKET_INVALID, "The ticket comes from another registry.")
        if ticket.aud != self._node:
            raise ArtratorError(Code.TICKET_WRONG_NODE, "The ticket is for another node.", node=ticket.aud)
        if ticket.kind != "run":
            raise ArtratorError(Code.TICKET_INVALID, "The ticket is for fetching the package, not for running it.")
        if ticket.jti != job:
            raise ArtratorError(Code.TICKET_INVALID, "The ticket is for another job.")
        self.prove(ticket.cnf, proof_header, method="PUT", path=path, body=ticket.request)
        body = request.body.model_dump(mode="json")
        untampered = request_digest(_salt(request), body) == ticket.request
        await self._catalogue.learn(ticket.package, ticket.offer)
        return Admission(ticket, ticket_digest(request.ticket), untampered)

    def admit(self, admission: Admission, request: JobRequest) -> ServedPackage:
        """Step 4, for a job that is not known yet.

        Raises:
            ArtratorError: ``request_tampered``, ``ticket_expired``, ``listing_unknown``, ``offer_invalid``.
        """
        ticket = admission.ticket
        if not admission.untampered or request.body.package != ticket.package:
            raise ArtratorError(Code.REQUEST_TAMPERED, "The request is not the one that the ticket was bought for.")
        now = self._clock.now()
        if now > min(ticket.start_by, ticket.finish_by) + LEEWAY_SECONDS:
            raise ArtratorError(
                Code.TICKET_EXPIRED,
                f"The ticket should have been used {round(now - min(ticket.start_by, ticket.finish_by))} seconds ago.",
            )
        served = self._catalogue.get(ticket.package)
        if ticket.offer not in served.offers:
            raise ArtratorError(Code.OFFER_INVALID, "The ticket was sold under an offer that this node does not know.")
        return served

    def prove(self, cnf: str, header: str | None, *, method: str, path: str, body: str = "") -> None:
        """Raise ``proof_invalid`` unless the buyer signed this request."""
        if header is None:
            raise ArtratorError(Code.PROOF_INVALID, f"The request carries no {proof.HEADER} header.")
        proof.check(
            header, self.public_key(cnf), method=method, path=path, node=self._node, body=body, now=self._clock.now()
        )
        proven(cnf)

    @staticmethod
    def public_key(encoded: str) -> PublicKey:
        """A buyer's key as a ticket names it."""
        try:
            return PublicKey.decode(encoded)
        except ValueError as error:
            raise ArtratorError(Code.TICKET_INVALID, "The ticket names no key of the buyer.") from error

    async def read(self, text: str) -> Ticket:
        """A ticket that the registry signed; raises ``ticket_invalid``."""
        try:
            return tickets.read(text, self._keyring.keys())
        except ArtratorError:
            # The registry may have a new key since the last heartbeat.
            if not await self._keyring.refresh_for_ticket():
                raise
            return tickets.read(text, self._keyring.keys())


def measured(
    manifest: Manifest, inputs: Mapping[str, Any], images: Mapping[str, Iterable[bytes]], paid: Mapping[str, int]
) -> Mapping[str, int]:
    """Step 5: the measures of a complete request, from the files themselves.

    Raises:
        ArtratorError: ``request_tampered`` if any of them is more than was paid for; ``image_corrupt``.
    """
    sizes = {name: [image_size(data) for data in files] for name, files in images.items()}
    for name, found in sizes.items():
        for size in found:
            check_size(size, manifest.inputs[name])
        check_total(found, manifest.inputs[name])
    measures = measure(manifest, inputs, sizes)
    for unit, amount in measures.items():
        if amount > paid.get(unit, 0):
            raise ArtratorError(
                Code.REQUEST_TAMPERED,
                f"The request measures {amount:,} {unit}, but {paid.get(unit, 0):,} were paid for.",
                unit=unit,
            )
    return measures


def _salt(request: JobRequest) -> bytes:
    salt = unb64(request.salt)
    if len(salt) != 32:
        raise ArtratorError(Code.REQUEST_INVALID, "The salt has 32 bytes.")
    return salt
