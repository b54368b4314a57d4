"""What a publication must prove before a row is written. No database here: this runs beside the event loop."""

from __future__ import annotations

from collections.abc import Mapping

from artrator.canonical import sha256
from artrator.documents import Offer, document_digest
from artrator.errors import ArtratorError, Code
from artrator.inputs import measure
from artrator.keys import PublicKey
from artrator.manifest import InputSpec, InputType, Manifest
from artrator.messages import registry as m
from artrator.money import MAX_AMOUNT
from artrator.package import SignedFiles, read_manifest, verify_signature
from artrator_registry.listings import samples
from artrator_registry.listings.models import CheckedPublication, CheckedSample
from artrator_registry.times import is_sane

#: A picture of this size stands for "some picture" where a price for the defaults is shown.
_TYPICAL_SIDE = 512


def check(name: str, creator: str, request: m.Publication) -> CheckedPublication:
    """Check a publication under ``name`` by the account with the public key ``creator``.

    Raises:
        ArtratorError: ``manifest_invalid package_invalid package_changed offer_invalid image_corrupt
            image_too_large request_invalid``.
    """
    key = PublicKey.decode(creator)
    manifest = read_manifest(request.manifest)
    if manifest.name != name:
        raise ArtratorError(
            Code.REQUEST_INVALID, f"The manifest's name is {manifest.name}, the address says {name}.", field="manifest"
        )
    signed = verify_signature(request.signature, key)
    if signed.files.get("artrator.toml") != sha256(request.manifest.encode()):
        raise ArtratorError(Code.PACKAGE_CHANGED, "The signature does not cover this artrator.toml.")
    offer = _offer(request, creator, key, manifest, signed)
    return CheckedPublication(
        manifest=manifest,
        package=signed.digest,
        signature=request.signature,
        offer=offer,
        offer_document=request.offer,
        offer_digest=document_digest(request.offer),
        price=min(MAX_AMOUNT, default_price(manifest, offer)),
        samples=_samples(request, manifest, signed),
    )


def default_price(manifest: Manifest, offer: Offer) -> int:
    """Micro-credits of a run with the manifest's defaults; pictures that have no default are of a typical size."""
    values = {name: _default(spec) for name, spec in manifest.inputs.items()}
    pictures = (InputType.IMAGE, InputType.MASK, InputType.IMAGES)
    sizes = {name: [_size(spec)] for name, spec in manifest.inputs.items() if spec.type in pictures}
    return sum(offer.breakdown(measure(manifest, values, sizes)).values())


def _offer(request: m.Publication, creator: str, key: PublicKey, manifest: Manifest, signed: SignedFiles) -> Offer:
    try:
        offer = Offer.verify(request.offer, key)
    except ArtratorError as error:
        raise ArtratorError(Code.OFFER_INVALID, error.message) from error
    problem = None
    if offer.creator != creator:
        problem = "The offer names another creator."
    elif (offer.package, offer.name, offer.version) != (signed.digest, manifest.name, manifest.version):
        problem = "The offer is for another package than the one that is published with it."
    elif unknown := sorted(set(offer.units) - {unit.name for unit in manifest.cost.units}):
        problem = f"The offer has a price for {unknown[0]!r}, which is no cost unit of the package."
    elif not is_sane(offer.issued_at):
        problem = "The offer's time makes no sense."
    if problem:
        raise ArtratorError(Code.OFFER_INVALID, problem)
    return offer


def _samples(request: m.Publication, manifest: Manifest, signed: SignedFiles) -> list[CheckedSample]:
    sent = {upload.file: upload for upload in request.samples}
    if len(sent) != len(request.samples):
        raise ArtratorError(Code.REQUEST_INVALID, "A sample was sent twice.", field="samples")
    listed = [sample.file for sample in manifest.samples]
    if unknown := sorted(set(sent) - set(listed)):
        raise ArtratorError(Code.REQUEST_INVALID, f"{unknown[0]} is no sample of the manifest.", field="samples")
    checked = []
    for file in dict.fromkeys(listed):
        if file in sent:
            sample = samples.check(file, sent[file].data)
            if signed.files.get(file) != sample.blob.partition(".")[0]:
                raise ArtratorError(Code.PACKAGE_CHANGED, f"The signature does not cover this {file}.")
            checked.append(sample)
    return checked


def _default(spec: InputSpec) -> str | int | float | bool:
    if spec.default is not None:
        return spec.default
    if spec.type is InputType.INTEGER:
        return int(spec.minimum if spec.minimum is not None else 1)
    return False if spec.type is InputType.BOOLEAN else ""


def _size(spec: InputSpec) -> tuple[int, int]:
    side = max(spec.min_side or 1, min(_TYPICAL_SIDE, spec.max_side or _TYPICAL_SIDE))
    return side, side


def card_facts(manifest: Manifest) -> Mapping[str, object]:
    """What a search result shows of a manifest, so that nobody has to read the manifest for it."""
    return {
        "title": dict(manifest.title),
        "summary": dict(manifest.summary),
        "task": manifest.task,
        "license": manifest.license,
        "commercial": manifest.rights.commercial,
        "tags": list(manifest.tags),
    }
