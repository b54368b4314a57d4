"""Publishing, versions, offers, samples."""

from __future__ import annotations

import io
import time
from typing import Any

import PIL.Image
import pytest
from registry_world import MICRO, World, make_package

from artrator.documents import Offer, UnitPrice
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages import registry as m

pytestmark = pytest.mark.anyio


def picture(width: int = 64, height: int = 64, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    PIL.Image.effect_noise((width, height), 50).convert("RGB").save(out, kind)
    return out.getvalue()


async def refuse(code: Code, work: Any) -> ArtratorError:
    with pytest.raises(ArtratorError) as raised:
        await work
    assert raised.value.code is code, raised.value
    return raised.value


async def test_what_was_published_can_be_read_by_anyone(world: World) -> None:
    creator = await world.person("atelier")
    made = make_package(creator.key, samples={"samples/cat.png": picture()})
    published = await creator.publish("atelier/painter", made.publication)
    stranger = await world.person("mina")
    listing = await stranger.listing("atelier/painter")
    assert listing == published
    assert listing.manifest == made.publication.manifest
    assert listing.signature == made.publication.signature
    assert listing.creator_key == creator.key.public.encode()
    assert Offer.verify(listing.offer, creator.key.public).package == made.package
    card = listing.card
    assert (card.title["ko"], card.price, card.state) == ("유화그림", 3 * MICRO, m.NodeState.OFFLINE)
    assert await stranger.sample(card.samples[0]) == picture_of(made.publication)
    async with world.http() as http:
        answer = await http.get(card.samples[0])
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]


def picture_of(publication: m.Publication) -> bytes:
    import base64

    return base64.b64decode(publication.samples[0].data)


async def test_publishing_again_is_harmless_and_other_content_is_a_conflict(world: World) -> None:
    creator = await world.person("atelier")
    made = make_package(creator.key)
    first = await creator.publish("atelier/painter", made.publication)
    assert await creator.publish("atelier/painter", made.publication) == first
    other = make_package(creator.key, weights=b"others")
    await refuse(Code.CONFLICT, creator.publish("atelier/painter", other.publication))


async def test_the_highest_final_version_is_shown_and_old_ones_stay(world: World) -> None:
    creator = await world.person("atelier")
    for version in ("1.10", "1.9", "2.0rc1"):
        await creator.publish("atelier/painter", make_package(creator.key, version=version).publication)
    shown = await creator.listing("atelier/painter")
    assert shown.card.version == "1.10"
    assert [v.version for v in shown.versions] == ["2.0rc1", "1.10", "1.9"]
    assert (await creator.listing("atelier/painter", "1.9")).card.version == "1.9"
    await refuse(Code.LISTING_UNKNOWN, creator.listing("atelier/painter", "3"))


async def test_a_new_offer_changes_the_price_and_an_old_one_cannot_come_back(world: World) -> None:
    creator = await world.person("atelier")
    now = int(time.time())
    old = make_package(creator.key, issued_at=now - 10)
    new = make_package(creator.key, base=5 * MICRO, issued_at=now)
    await creator.publish("atelier/painter", old.publication)
    assert (await creator.publish("atelier/painter", new.publication)).card.price == 7 * MICRO
    await creator.publish("atelier/painter", old.publication)  # a repeat of what was published changes nothing
    assert (await creator.listing("atelier/painter")).card.price == 7 * MICRO
    older = make_package(creator.key, base=1, issued_at=now - 20)
    await refuse(Code.OFFER_INVALID, creator.publish("atelier/painter", older.publication))


async def test_nobody_publishes_in_anothers_name(world: World) -> None:
    creator, eve = await world.person("atelier"), await world.person("eve")
    made = make_package(creator.key)
    await refuse(Code.FORBIDDEN, eve.publish("atelier/painter", made.publication))
    await refuse(Code.PACKAGE_CHANGED, eve.publish("eve/painter", made.publication))


def _changed(made: Any, **changes: Any) -> m.Publication:
    publication: m.Publication = made.publication
    return publication.model_copy(update=changes)


def _offer(key: PrivateKey, made: Any, **changes: Any) -> dict[str, Any]:
    values = Offer.peek(made.publication.offer).model_dump() | changes
    return Offer(**values).sign(key)


async def test_every_flaw_of_a_publication_has_its_code(world: World) -> None:
    creator = await world.person("atelier")
    key, stranger = creator.key, PrivateKey.generate()
    made = make_package(key, samples={"samples/cat.png": picture()})
    upload = made.publication.samples[0]
    huge = make_package(key, samples={"samples/cat.png": picture(2049, 1)})
    heavy = make_package(key, samples={"samples/cat.png": picture(900, 900)})
    text = make_package(key, samples={"samples/cat.png": b"<svg/>"})
    flaws: list[tuple[Code, m.Publication]] = [
        (Code.MANIFEST_INVALID, _changed(made, manifest="name = ")),
        (Code.REQUEST_INVALID, make_package(key, name="another").publication),
        (Code.PACKAGE_CHANGED, _changed(made, manifest=made.publication.manifest + "\n")),
        (Code.PACKAGE_CHANGED, _changed(made, signature=make_package(stranger).publication.signature)),
        (Code.PACKAGE_INVALID, _changed(made, signature={})),
        (Code.OFFER_INVALID, _changed(made, offer={})),
        (Code.OFFER_INVALID, _changed(made, offer=_offer(stranger, made))),
        (Code.OFFER_INVALID, _changed(made, offer=_offer(key, made, package="sha256:" + "0" * 64))),
        (Code.OFFER_INVALID, _changed(made, offer=_offer(key, made, version="9"))),
        (Code.OFFER_INVALID, _changed(made, offer=_offer(key, made, creator=stranger.public.encode()))),
        (Code.OFFER_INVALID, _changed(made, offer=_offer(key, made, units={"pixel": UnitPrice(amount=1)}))),
        (Code.OFFER_INVALID, _changed(made, offer=_offer(key, made, issued_at=10**30))),
        (Code.REQUEST_INVALID, _changed(made, samples=[upload, upload])),
        (Code.REQUEST_INVALID, _changed(made, samples=[upload.model_copy(update={"file": "samples/dog.png"})])),
        (Code.IMAGE_CORRUPT, _changed(made, samples=[upload.model_copy(update={"data": "!"})])),
        (Code.IMAGE_CORRUPT, text.publication),
        (Code.IMAGE_TOO_LARGE, huge.publication),
        (Code.IMAGE_TOO_LARGE, heavy.publication),
    ]
    for code, publication in flaws:
        await refuse(code, creator.publish("atelier/painter", publication))
    other = _changed(made, samples=[upload.model_copy(update={"data": huge.publication.samples[0].data})])
    await refuse(Code.IMAGE_TOO_LARGE, creator.publish("atelier/painter", other))
    small = make_package(key, samples={"samples/cat.png": picture(32, 32)}).publication.samples[0]
    await refuse(Code.PACKAGE_CHANGED, creator.publish("atelier/painter", _changed(made, samples=[small])))
    await refuse(Code.LISTING_UNKNOWN, creator.listing("atelier/painter"))


@pytest.mark.parametrize("path", ["x.png", "..%2Fregistry.db", "0" * 64 + ".svg", "0" * 64 + ".png"])
async def test_only_samples_come_out_of_the_sample_folder(world: World, path: str) -> None:
    async with world.http() as http:
        answer = await http.get(f"/v1/samples/{path}")
    assert answer.json()["error"]["code"] == "not_found"
