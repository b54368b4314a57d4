"""Publishing: verify a package, ask its backend, sign its offer, serve it, tell the registry."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from artrator.clients.registry import RegistryClient
from artrator.documents import Offer, Royalty, UnitPrice
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.manifest import Manifest
from artrator.messages.registry import Listing, Publication, SampleUpload
from artrator.money import parse_credits
from artrator.package.problems import Problem
from artrator.package.report import MAX_SAMPLE_BYTES
from artrator.package.tree import open_plain
from artrator.worker.claims import SignedContent, verified_content
from artrator.worker.trial import backend_warnings
from artrator_node import catalogue
from artrator_node.config import Paths


@dataclass(frozen=True)
class Published:
    """A package that is on offer.

    Attributes:
        warnings: What its backend would rather have otherwise, or that nobody here could ask it.
    """

    listing: Listing
    digest: str
    folder: Path
    warnings: Sequence[Problem]


def parse_price(text: str) -> tuple[str, UnitPrice]:
    """Read ``unit=credits`` or ``unit=credits/per``, such as ``step=0.01`` or ``pixel=8/1000000``.

    Raises:
        ArtratorError: ``request_invalid``.
    """
    unit, equals, price = text.partition("=")
    amount, slash, per = price.partition("/")
    try:
        if not (unit and equals) or (slash and int(per) < 1):
            raise ValueError("malformed")
        return unit.strip(), UnitPrice(amount=parse_credits(amount), per=int(per) if slash else 1)
    except ValueError as error:
        raise ArtratorError(
            Code.REQUEST_INVALID,
            f"{text!r} is not a price.",
            cure="Write it as unit=credits or unit=credits/per, such as step=0.01 or pixel=8/1000000.",
        ) from error


def parse_royalty(text: str) -> Royalty:
    """Read ``handle/name=percent``, such as ``atelier/emoji=5`` or ``atelier/emoji=2.5``.

    Raises:
        ArtratorError: ``request_invalid``.
    """
    listing, _, percent = text.partition("=")
    try:
        points = Decimal(percent.strip().removesuffix("%")) * 100
        if points != int(points):
            raise ValueError("finer than a hundredth of a percent")
        return Royalty(listing=listing.strip(), basis_points=int(points))
    except (ArithmeticError, ValueError) as error:
        raise ArtratorError(
            Code.REQUEST_INVALID,
            f"{text!r} is not a royalty.",
            cure="Write it as handle/name=percent, such as atelier/emoji=5 or atelier/emoji=2.5.",
        ) from error


@dataclass(frozen=True)
class Terms:
    """What is asked for a package, in micro-credits; see ``documents.Offer``."""

    base: int = 0
    units: Mapping[str, UnitPrice] = field(default_factory=dict)
    free_runs: int = 0
    royalties: Sequence[Royalty] = ()
    licence: int | None = None


def shares(terms: Terms, fee: int) -> str:
    """Who gets what of every charge, in words; ``fee`` is the registry's share in basis points."""
    promised = sum(royalty.basis_points for royalty in terms.royalties)
    parts = [f"{(10_000 - fee - promised) / 100:g} % you", f"{fee / 100:g} % the registry"]
    parts += [f"{royalty.basis_points / 100:g} % {royalty.listing}" for royalty in terms.royalties]
    return ", ".join(parts)


def make_offer(manifest: Manifest, digest: str, creator: PrivateKey, terms: Terms) -> Offer:
    """The offer, if every price is on a cost unit of the package.

    Raises:
        ArtratorError: ``offer_invalid``.
    """
    known = [unit.name for unit in manifest.cost.units]
    for unit in terms.units:
        if unit not in known:
            raise ArtratorError(
                Code.OFFER_INVALID,
                f"{manifest.name} has no cost unit {unit!r}.",
                cure=f"Put prices on: {', '.join(known)}; or use --base for a price of every run.",
            )
    return Offer(
        creator=creator.public.encode(),
        package=digest,
        name=manifest.name,
        version=manifest.version,
        base=terms.base,
        units=terms.units,
        free_runs=terms.free_runs,
        royalties=terms.royalties,
        licence=terms.licence,
        issued_at=int(time.time()),
    )


async def publish(paths: Paths, folder: Path, creator: PrivateKey, client: RegistryClient, terms: Terms) -> Published:
    """Publish a signed package and serve it from its folder.

    Raises:
        ArtratorError: What is wrong with the package, the price or the registry.
    """
    verified = verified_content(folder, creator.public)
    manifest = verified.manifest
    offer = make_offer(manifest, verified.digest, creator, terms).sign(creator)
    samples = _samples(folder, manifest)
    warnings = await _asked(verified)
    account = await client.account()
    listing = f"{account.handle}/{manifest.name}"
    # Served first: from the moment the listing can be bought, the node must take its tickets.
    catalogue.add(
        paths.served, package=folder, signer=creator.public, digest=verified.digest, listing=listing, offer=offer
    )
    published = await client.publish(
        listing,
        Publication(
            manifest=manifest.text,
            signature=json.loads((folder / "model.sig").read_bytes()),
            offer=offer,
            samples=samples,
        ),
    )
    return Published(published, verified.digest, folder, warnings)


async def _asked(package: SignedContent) -> Sequence[Problem]:
    """What the backend says of the package: it may have been signed where nobody asked, or by another version."""
    try:
        return await backend_warnings(package)
    except ArtratorError as error:
        name, backend = package.manifest.name, package.manifest.backend
        raise ArtratorError(
            error.code,
            f"{name} was not published, because the backend {backend} refuses it: {error.message}",
            cure=error.cure,
            **error.details,
        ) from error


def _samples(folder: Path, manifest: Manifest) -> Sequence[SampleUpload]:
    """The sample pictures, exactly as they were signed."""
    samples = []
    for sample in manifest.samples:
        with open_plain(folder / sample.file, sample.file) as file:
            data = file.read(MAX_SAMPLE_BYTES + 1)
        if len(data) > MAX_SAMPLE_BYTES:
            raise ArtratorError(
                Code.PACKAGE_INVALID,
                f"The sample {sample.file} has more bytes than a registry takes, which are {MAX_SAMPLE_BYTES:,}.",
                cure="Save it smaller and sign the package again.",
            )
        samples.append(SampleUpload(file=sample.file, data=base64.b64encode(data).decode()))
    return samples
